"""Restore on a disk with latency, and on one that hangs: a process that waits for it cannot be
killed, as with a dead NFS server."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.tool.command import hook_command
from tests.slowfs.mount import SlowFs
from tests.unit.hook.world import RESTORE, World, detail, states, wait_until

Mount = Callable[..., SlowFs]
pytestmark = pytest.mark.slow


#: No answer to anything that the kernel has to ask for.
HANG = [f"{request} HANG" for request in ("getattr", "open", "readdir", "statfs")]


def slow_world(fs: SlowFs, home: Path) -> World:
    """Laid out on the fast side, restored from the slow one."""
    home.mkdir()
    return World(fs.path, home)


def test_a_hundred_environments_are_back_at_once(mount_slowfs: Mount, tmp_path: Path) -> None:
    fs = mount_slowfs(rtt_us=4000)
    fast = World(fs.source, tmp_path)
    fast.install_tool()
    for number in range(100):
        fast.environment(f"env-{number}")
    # What was laid out on the fast side names the fast side.
    for spec in fs.source.rglob("kernel.json"):
        spec.write_text(spec.read_text().replace(str(fs.source), str(fs.path)))
    world = slow_world(fs, tmp_path / "home")

    report = world.run()

    assert report["ok"], report
    assert len(os.listdir(world.home / ".local/share/jupyter/kernels")) == 100
    # One request after the other would take longer: there are about 1,200.
    assert report["seconds"] < 4.8


def test_restore_gives_up_on_a_disk_that_hangs(mount_slowfs: Mount, tmp_path: Path) -> None:
    fs = mount_slowfs()
    world = slow_world(fs, tmp_path / "home")
    fs.fail(*HANG)
    began = time.monotonic()

    report = world.run("--deadline", "1", "--linger", "0")

    assert time.monotonic() - began < 8
    assert "the disk does not answer" in detail(report, "disk")
    assert states(world.saved_report())["disk"] == "failed"


def test_the_command_gives_up_on_a_disk_that_hangs(mount_slowfs: Mount, tmp_path: Path) -> None:
    fs = mount_slowfs()
    shutil.copy(RESTORE, fs.source / "restore.py")
    world = slow_world(fs, tmp_path / "home")
    script = hook_command(
        Disk(fs.path, "me", world.home),
        template=RESTORE.with_name("command.sh").read_text(),
        restore=fs.path / "restore.py",
        sha256=hashlib.sha256(RESTORE.read_bytes()).hexdigest(),
        tool=fs.path / "tool",
        manifest="0" * 64,
        seconds=2,
    )
    fs.fail(*HANG)
    began = time.monotonic()

    done = subprocess.run(["/bin/sh", "-c", script], env={}, capture_output=True, timeout=40)

    assert time.monotonic() - began < 12
    assert (done.returncode, b"does not answer" in done.stdout) == (0, True)
    assert states(world.saved_report()) == {"disk": "failed"}
    fs.unmount()
    # The disk is gone for good: what was left in the background ends.
    assert wait_until(lambda: not _left(str(fs.path)), 20), _left(str(fs.path))


def _left(path: str) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    return [line for line in listing.splitlines() if path in line and "slowfs.c" not in line]
