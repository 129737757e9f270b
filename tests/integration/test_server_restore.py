"""A service that runs no hook: the Jupyter server itself brings the kernels back."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from tests.faults.world import make_source
from tests.integration.server_process import ServerProcess


def offered(server: ServerProcess, kernel: str, seconds: float) -> bool:
    """Does Jupyter offer the kernel before so many seconds are over?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _, specs = server.ask("GET", "/api/kernelspecs")
        if kernel in specs["kernelspecs"]:
            return True
        time.sleep(0.2)
    return False


@pytest.fixture(autouse=True)
def kept(disk: Disk, tmp_path: Path) -> None:
    """``mine`` on the disk was a kernel, and the container is new."""
    make_source(tmp_path / "image", folders=1)
    clone(str(tmp_path / "image"), "mine", disk=disk)
    assert list(disk.local_kernels.iterdir())
    shutil.rmtree(disk.home)


def test_kernels_are_back_when_the_server_starts_in_an_empty_home(disk: Disk) -> None:
    server = ServerProcess(disk.home, disk.root)

    try:
        assert offered(server, "ma-mine", 60)
    finally:
        server.stop()


def test_it_can_be_switched_off(disk: Disk) -> None:
    server = ServerProcess(disk.home, disk.root, options=("--ModelArtsNb.restore_at_start=False",))

    try:
        assert not offered(server, "ma-mine", 3)
    finally:
        server.stop()
