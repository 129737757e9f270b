"""Operations belong to nobody's process: not to the page, the server, or its worker."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from tests.integration.server_process import ServerProcess
from tests.unit.operations.conftest import make_prefix


def clone(source: Path) -> dict[str, Any]:
    params = {"source": str(source), "name": "mine", "kernel": False}
    return {"verb": "env.clone", "params": params}


def freeze(home: Path, id: str) -> int:
    """Stop the operation's process, so that it cannot end before it is looked at."""
    record = home / ".local/state/modelarts_nb/operations" / id / "runner.json"
    pid: int = json.loads(record.read_text())["process"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_an_operation_survives_the_server_and_is_found_by_the_next(
    disk: Disk, tmp_path: Path
) -> None:
    # Given an operation that runs
    source = make_prefix(tmp_path / "image", files=200)
    first = ServerProcess(disk.home, disk.root)
    status, begun = first.ask("POST", "operations", clone(source))
    assert status == 202
    pid = freeze(disk.home, begun["id"])
    # When the server crashes and another one starts
    first.kill()
    second = ServerProcess(disk.home, disk.root)
    try:
        _, found = second.ask("GET", "operations")
        # Then it is there, still running, and ends well
        assert [(o["id"], o["state"]) for o in found["operations"]] == [(begun["id"], "running")]
        os.kill(pid, signal.SIGCONT)
        ended = second.ended(begun["id"])
        assert (ended["state"], ended["error"]) == ("done", None)
        assert (disk.envs / "mine/bin/python").is_file()
    finally:
        second.stop()


def test_a_stopped_server_leaves_its_operation_running(disk: Disk, tmp_path: Path) -> None:
    source = make_prefix(tmp_path / "image", files=200)
    server = ServerProcess(disk.home, disk.root)
    _, begun = server.ask("POST", "operations", clone(source))
    pid = freeze(disk.home, begun["id"])

    server.stop()

    os.kill(pid, signal.SIGCONT)
    end = time.monotonic() + 120
    while not (disk.envs / "mine").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (disk.envs / "mine/bin/python").is_file()


def test_a_server_ends_in_peace_while_an_operation_is_watched(disk: Disk, tmp_path: Path) -> None:
    source = make_prefix(tmp_path / "image", files=200)
    server = ServerProcess(disk.home, disk.root)
    _, begun = server.ask("POST", "operations", clone(source))
    pid = freeze(disk.home, begun["id"])
    time.sleep(1)

    server.stop()

    os.kill(pid, signal.SIGKILL)
    log = server.log.read_text()
    assert "never awaited" not in log
    assert "Traceback" not in log
    assert "destroyed but it is pending" not in log


def test_cancel_leaves_nothing_behind(disk: Disk, tmp_path: Path) -> None:
    source = make_prefix(tmp_path / "image", files=10_000)
    server = ServerProcess(disk.home, disk.root)
    try:
        _, begun = server.ask("POST", "operations", clone(source))
        while not server.ask("GET", f"operations/{begun['id']}")[1]["phase"]:
            time.sleep(0.02)

        assert server.ask("DELETE", f"operations/{begun['id']}") == (204, None)

        assert server.ended(begun["id"])["state"] == "cancelled"
        assert not (disk.envs / "mine").exists()
        assert [n for n in os.listdir(disk.staging) if not n.startswith(".")] == []
    finally:
        server.stop()


def test_a_killed_operation_is_told_as_lost(disk: Disk, tmp_path: Path) -> None:
    source = make_prefix(tmp_path / "image", files=200)
    server = ServerProcess(disk.home, disk.root)
    try:
        _, begun = server.ask("POST", "operations", clone(source))
        os.kill(freeze(disk.home, begun["id"]), signal.SIGKILL)

        operation = server.ended(begun["id"])
    finally:
        server.stop()

    assert operation["state"] == "lost"
    assert operation["error"]["hint"]
