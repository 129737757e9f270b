"""Locks across containers."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.heartbeat import Heartbeat, Timing
from modelarts_nb.disk.locks import create_exclusively, lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import Busy, Cancelled, DiskFailure, UsageError
from modelarts_nb.progress import Silent

FAST = Timing(beat=0.05, give_up=20, stale=0.4)


def _held(disk: Disk, name: str, **process: object) -> Path:
    """A lock file as another process left it."""
    disk.locks.mkdir(parents=True, exist_ok=True)
    path = disk.locks / name
    record = json.loads(Heartbeat(path, "alice", "mine").first)
    record["process"].update(process)
    path.write_text(json.dumps(record))
    return path


def test_held_while_the_block_runs(disk: Disk) -> None:
    with lock(disk, "Mine") as held:
        assert os.listdir(disk.locks) == ["mine.json"]
        assert held.beat_ok()
        held.check()
    assert os.listdir(disk.locks) == []


def test_released_after_an_error(disk: Disk) -> None:
    with pytest.raises(ValueError, match="x"), lock(disk, "mine"):
        raise ValueError("x")
    assert os.listdir(disk.locks) == []


def test_the_same_name_in_another_case_is_busy(disk: Disk) -> None:
    with lock(disk, "Mine"):
        with pytest.raises(Busy, match=r"tester on .* is working on 'mine'"), lock(disk, "MINE"):
            pytest.fail("entered")
        assert os.listdir(disk.locks) == ["mine.json"]


def test_another_name_is_free(disk: Disk) -> None:
    with lock(disk, "a"), lock(disk, "a.json"), lock(disk, "a.2"):
        assert len(os.listdir(disk.locks)) == 3


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".x", "a@2", "a\x00", "x" * 201])
def test_a_name_that_cannot_be_a_file_is_refused(disk: Disk, name: str) -> None:
    with pytest.raises(UsageError), lock(disk, name):
        pytest.fail("entered")


def test_a_dead_process_of_this_container_is_followed_at_once(disk: Disk) -> None:
    _held(disk, "mine.json", pid=2**22 + 1)
    with lock(disk, "mine"):
        assert os.listdir(disk.locks) == ["mine@2.json"]
    assert os.listdir(disk.locks) == []


def test_generations_go_on(disk: Disk) -> None:
    _held(disk, "mine.json", pid=2**22 + 1)
    _held(disk, "mine@7.json", pid=2**22 + 1)
    with lock(disk, "mine"):
        assert os.listdir(disk.locks) == ["mine@8.json"]


def test_a_silent_holder_elsewhere_is_followed_after_the_time(disk: Disk) -> None:
    _held(disk, "mine.json", host="another")
    began = time.monotonic()
    with lock(disk, "mine", timing=FAST):
        assert time.monotonic() - began >= FAST.stale
    assert os.listdir(disk.locks) == []


def test_a_torn_lock_file_is_followed_after_the_time(disk: Disk) -> None:
    disk.locks.mkdir(parents=True)
    (disk.locks / "mine.json").write_bytes(b"")
    with lock(disk, "mine", timing=FAST) as held:
        assert held.path.name == "mine@2.json"


def test_a_holder_elsewhere_that_beats_is_busy_soon(disk: Disk) -> None:
    # Given a holder on another notebook who is alive
    path = _held(disk, "mine.json", host="another")
    timer = threading.Timer(0.1, lambda: path.write_text(path.read_text() + " "))
    timer.start()
    # When we want the lock, then it is busy long before the time of silence is over
    began = time.monotonic()
    with pytest.raises(Busy, match="alice on another"), lock(disk, "mine"):
        pytest.fail("entered")
    assert time.monotonic() - began < 10
    timer.join()
    assert path.exists()


def test_watching_can_be_cancelled(disk: Disk) -> None:
    class Cancel(Silent):
        def check(self) -> None:
            raise Cancelled

    _held(disk, "mine.json", host="another")
    with pytest.raises(Cancelled), lock(disk, "mine", progress=Cancel()):
        pytest.fail("entered")
    assert os.listdir(disk.locks) == ["mine.json"]


def test_a_holder_that_releases_while_watched_is_followed(disk: Disk) -> None:
    path = _held(disk, "mine.json", host="another")
    timer = threading.Timer(0.1, path.unlink)
    timer.start()
    with lock(disk, "mine", timing=Timing(beat=0.05, give_up=30, stale=60)):
        assert len(os.listdir(disk.locks)) == 1
    timer.join()


def test_who_was_taken_over_notices_and_leaves_the_new_lock_alone(disk: Disk) -> None:
    with lock(disk, "mine", timing=FAST) as held:
        # When somebody takes over
        new = _held(disk, "mine@2.json", host="another")
        held.path.unlink()
        # Then the old holder knows after a beat
        end = time.monotonic() + 60
        while held.beat_ok() and time.monotonic() < end:
            time.sleep(0.01)
        with pytest.raises(Busy):
            held.check()
    assert os.listdir(disk.locks) == [new.name]


def test_one_at_a_time(disk: Disk) -> None:
    # Given several who want the same lock again and again
    inside, worst, entered = 0, 0, 0
    guard = threading.Lock()

    def want() -> None:
        nonlocal inside, worst, entered
        for _ in range(30):
            try:
                with lock(disk, "mine"):
                    with guard:
                        inside += 1
                        entered += 1
                        worst = max(worst, inside)
                    with guard:
                        inside -= 1
            except Busy:
                continue

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Then never two are inside
    assert worst == 1
    assert entered > 0
    assert os.listdir(disk.locks) == []


def test_a_disk_that_fails_is_a_typed_error(disk: Disk) -> None:
    disk.private.parent.mkdir()
    disk.private.write_text("in the way")
    with pytest.raises(DiskFailure), lock(disk, "mine"):
        pytest.fail("entered")


class TestCreateExclusively:
    def test_first_wins(self, tmp_path: Path) -> None:
        assert create_exclusively(tmp_path / "a", b"1")
        assert not create_exclusively(tmp_path / "a", b"2")
        assert (tmp_path / "a").read_bytes() == b"1"
        assert os.listdir(tmp_path) == ["a"]

    def test_a_lost_reply_is_a_win(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        link = os.link

        def lost(source: Path, target: Path) -> None:
            link(source, target)
            raise FileExistsError(errno.EEXIST, "repeated")

        monkeypatch.setattr(os, "link", lost)
        assert create_exclusively(tmp_path / "a", b"1")

    def test_without_hard_links(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(source: Path, target: Path) -> None:
            raise PermissionError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
        assert create_exclusively(tmp_path / "a", b"1")
        assert not create_exclusively(tmp_path / "a", b"2")
        assert (tmp_path / "a").read_bytes() == b"1"
        assert os.listdir(tmp_path) == ["a"]
