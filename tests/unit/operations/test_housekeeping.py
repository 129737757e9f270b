"""Housekeeping: the dead's unfinished work and an old bin go away by themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.removal import remove
from modelarts_nb.operations import housekeeping
from modelarts_nb.operations.housekeeping import tidy, watch_pins
from modelarts_nb.operations.run import run
from modelarts_nb.ssh.keeping import shelf
from modelarts_nb.ssh.places import Places
from tests.unit.operations.conftest import make_prefix

_DIE_AT_WORK = """
import os
from modelarts_nb.disk.persistent import open_disk
from modelarts_nb.disk.staging import staged
with staged(open_disk(), "clone mine") as stage:
    (stage.path / "content").mkdir()
    os.kill(os.getpid(), 9)
"""


def die_at_work() -> None:
    subprocess.run([sys.executable, "-c", _DIE_AT_WORK])


def wait_until_empty(folder: Path, seconds: float = 90) -> bool:
    end = time.monotonic() + seconds
    while list(folder.iterdir()):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_work_of_a_killed_process_is_swept_after_the_next_operation(
    disk: Disk, tmp_path: Path
) -> None:
    die_at_work()
    assert list(disk.staging.iterdir())

    run("env.clone", {"source": str(make_prefix(tmp_path / "image")), "name": "mine"})

    assert wait_until_empty(disk.staging)


def test_the_tool_that_runs_it_is_known_to_be_in_use(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = disk.tool / "1.0"
    tool.mkdir(parents=True)
    os.utime(tool, (0, 0))
    monkeypatch.setattr(sys, "prefix", str(tool))

    tidy(disk)

    assert tool.stat().st_mtime > 0


def test_the_bin_keeps_what_is_young(disk: Disk, tmp_path: Path) -> None:
    make_prefix(disk.envs / "mine")
    removed = remove("mine", disk=disk)

    tidy(disk)

    assert (disk.bin / removed.entry).is_dir()


def test_the_bin_lets_go_of_what_is_old(disk: Disk, tmp_path: Path) -> None:
    make_prefix(disk.envs / "mine")
    removed = remove("mine", disk=disk)
    old = disk.bin / removed.entry.replace(removed.entry[:8], "20200101", 1)
    (disk.bin / removed.entry).rename(old)

    tidy(disk)

    assert not old.exists()


def test_a_disk_that_is_not_there_is_no_trouble(disk: Disk) -> None:
    disk.root.rmdir()

    tidy()


def test_a_host_key_that_openssh_pins_is_on_the_disk_soon(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given housekeeping that looks often
    monkeypatch.setattr(housekeeping, "_GLANCE_SECONDS", 0.01)
    places, kept, enough = Places(disk.home), shelf(disk) / "known_hosts", threading.Event()
    watch = threading.Thread(target=watch_pins, args=(60, enough))
    watch.start()
    # when
    places.make()
    try:
        for pins in (b"one ssh-ed25519 A\n", b"one ssh-ed25519 A\ntwo ssh-ed25519 B\n"):
            places.known_hosts.write_bytes(pins)
            # then
            end = time.monotonic() + 30
            while not kept.exists() or kept.read_bytes() != pins:
                assert time.monotonic() < end
                time.sleep(0.01)
    finally:
        enough.set()
        watch.join()
