"""A disk that hangs must not hang JupyterLab."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.disk.persistent import Disk
from tests.integration.server_process import ServerProcess
from tests.slowfs.mount import SlowFs

QUICK = ("--ModelArtsNb.read_timeout=3",)


@pytest.fixture
def hanging(mount_slowfs: Callable[..., SlowFs]) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """A disk, and how to stop (SIGSTOP) and continue (SIGCONT) what serves it."""
    fs = mount_slowfs()
    found = subprocess.run(["pgrep", "-f", str(fs.path)], capture_output=True, text=True)
    pids = [int(pid) for pid in found.stdout.split()]

    def send(number: int) -> None:
        for pid in pids:
            os.kill(pid, number)

    yield fs.path, send
    send(signal.SIGCONT)


def test_a_worker_that_hangs_is_a_504_and_is_replaced(disk: Disk) -> None:
    server = ServerProcess(disk.home, disk.root, options=QUICK)
    try:
        assert server.ask("GET", "environments")[0] == 200
        os.kill(server.worker_pid(), signal.SIGSTOP)

        status, problem = server.ask("GET", "environments")
        again, _ = server.ask("GET", "environments")
    finally:
        server.stop()

    assert (status, problem["code"]) == (504, "disk_timeout")
    assert problem["message"]
    assert again == 200


def test_a_hanging_disk_is_a_504_while_lab_goes_on(
    home: Path, hanging: tuple[Path, Callable[[int], None]]
) -> None:
    # Given a server whose persistent disk has stopped to answer
    root, send = hanging
    server = ServerProcess(home, root, options=QUICK)
    try:
        assert server.ask("GET", "environments")[0] == 200
        send(signal.SIGSTOP)
        answers: list[tuple[int, Any]] = []
        asking = threading.Thread(target=lambda: answers.append(server.ask("GET", "environments")))
        asking.start()
        # When somebody uses Lab meanwhile
        slowest = 0.0
        while asking.is_alive():
            began = time.monotonic()
            assert server.ask("GET", "/api/status")[0] == 200
            slowest = max(slowest, time.monotonic() - began)
        # Then Lab answers before that, and only our request is told that the disk does not
        assert slowest < 2.5
        assert [(status, answer["code"]) for status, answer in answers] == [(504, "disk_timeout")]
        # And what needs no disk is answered all the while
        assert server.ask("GET", "operations") == (200, {"operations": []})
        # And when the disk is back, so are we
        send(signal.SIGCONT)
        assert server.ask("GET", "environments")[0] == 200
    finally:
        send(signal.SIGCONT)
        server.stop()
