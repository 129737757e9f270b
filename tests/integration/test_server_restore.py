"""A service that runs no hook: the Jupyter server itself brings the kernels back."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
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


def test_kernels_are_back_when_the_server_starts_in_an_empty_home(
    image_env: Path, disk: Disk
) -> None:
    # given
    clone(str(image_env), "mine", disk=disk)
    shutil.rmtree(disk.home)
    # when
    server = ServerProcess(disk.home, disk.root)
    # then
    try:
        assert offered(server, "ma-mine", 60)
    finally:
        server.stop()


def test_it_can_be_switched_off(image_env: Path, disk: Disk) -> None:
    clone(str(image_env), "mine", disk=disk)
    shutil.rmtree(disk.home)

    server = ServerProcess(disk.home, disk.root, options=("--ModelArtsNb.restore_at_start=False",))

    try:
        assert not offered(server, "ma-mine", 3)
    finally:
        server.stop()
