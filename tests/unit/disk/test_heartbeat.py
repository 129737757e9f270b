"""Signs of life in a file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.heartbeat import Heartbeat, Sign, Timing

FAST = Timing(beat=0.02, give_up=10, stale=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sign.json"


def _made(path: Path, timing: Timing = FAST) -> Heartbeat:
    heartbeat = Heartbeat(path, "me", "clone mine", timing)
    path.write_bytes(heartbeat.first)
    return heartbeat


def _changes(path: Path, content: bytes) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.read_bytes() != content:
            return True
        time.sleep(0.005)
    return False


def test_the_content_changes_while_it_beats(path: Path) -> None:
    heartbeat = _made(path)
    heartbeat.start()
    assert _changes(path, heartbeat.first)
    assert heartbeat.ok()
    heartbeat.stop()


def test_the_content_rests_when_stopped(path: Path) -> None:
    heartbeat = _made(path)
    heartbeat.start()
    heartbeat.stop()
    content = path.read_bytes()
    time.sleep(FAST.beat * 4)
    assert path.read_bytes() == content


def test_every_beat_has_the_same_length(path: Path) -> None:
    heartbeat = _made(path)
    heartbeat.beat()
    assert len(path.read_bytes()) == len(heartbeat.first)


def test_a_removed_file_is_lost_for_good(path: Path) -> None:
    heartbeat = _made(path)
    path.unlink()
    heartbeat.beat()
    path.write_bytes(heartbeat.first)
    assert not heartbeat.ok()


def test_somebody_elses_file_is_never_beaten(path: Path) -> None:
    heartbeat = _made(path)
    theirs = Heartbeat(path, "other", "clone mine", FAST).first
    path.write_bytes(theirs)
    heartbeat.beat()
    assert path.read_bytes() == theirs
    assert not heartbeat.ok()


def test_silence_of_the_disk_makes_the_owner_give_up(path: Path) -> None:
    # Given a heartbeat whose file cannot be opened (a link to itself stands for a failing disk)
    heartbeat = _made(path, Timing(beat=0.01, give_up=0.5, stale=1))
    path.unlink()
    path.symlink_to(path)
    heartbeat.start()
    # When give_up passes
    time.sleep(0.6)
    # Then it says so, and recovers with the disk
    assert not heartbeat.ok()
    mended = path.with_name("mended")
    mended.write_bytes(heartbeat.first)
    mended.replace(path)
    assert _changes(path, heartbeat.first)
    assert heartbeat.ok()
    heartbeat.stop()


def test_the_sign_names_the_holder(path: Path) -> None:
    heartbeat = _made(path)
    sign = Sign.parse(path.read_bytes())
    assert (sign.owner, sign.purpose, sign.token) == ("me", "clone mine", heartbeat.token)
    assert sign.process.pid == os.getpid()
    assert sign.who.startswith("me on ")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"process": 3}', b"{"])
def test_a_damaged_sign_has_no_holder(content: bytes) -> None:
    sign = Sign.parse(content)
    assert sign.process.fate() == "unknown"
    assert sign.content == content


def test_a_heartbeat_never_keeps_a_process_alive(path: Path) -> None:
    program = (
        "import sys, pathlib; from modelarts_nb.disk.heartbeat import Heartbeat\n"
        "p = pathlib.Path(sys.argv[1]); h = Heartbeat(p, 'me', 'x'); p.write_bytes(h.first)\n"
        "h.start()"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=60)
    assert done.returncode == 0
