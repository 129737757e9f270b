"""Which process is known to be dead."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator

import pytest

from modelarts_nb.disk.process import Process, this_process


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def _as_seen(pid: int) -> Process:
    from modelarts_nb.disk import process

    return dataclasses.replace(this_process(), pid=pid, started=process._state_and_start(pid)[1])


def test_this_process_is_alive() -> None:
    assert this_process().fate() == "alive"


def test_a_running_child_is_alive(child: subprocess.Popen[bytes]) -> None:
    assert _as_seen(child.pid).fate() == "alive"


def test_a_reaped_child_is_dead(child: subprocess.Popen[bytes]) -> None:
    seen = _as_seen(child.pid)
    child.kill()
    child.wait()
    assert seen.fate() == "dead"


def test_a_zombie_is_dead(child: subprocess.Popen[bytes]) -> None:
    import os

    seen = _as_seen(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert seen.fate() == "dead"


def test_a_pid_that_was_given_again_is_another_process() -> None:
    assert dataclasses.replace(this_process(), started="1").fate() == "dead"


@pytest.mark.parametrize("field", ["host", "boot", "pid_namespace"])
def test_of_another_container_nothing_is_known(field: str) -> None:
    elsewhere = dataclasses.replace(this_process(), pid=2**22, **{field: "another"})
    assert elsewhere.fate() == "unknown"


@pytest.mark.parametrize("value", [{}, {"pid": "1"}, {"pid": None, "host": 3}, {"pid": -1}])
def test_of_a_damaged_record_nothing_is_known(value: dict[str, object]) -> None:
    assert Process.from_dict(value).fate() == "unknown"


def test_round_trip() -> None:
    assert Process.from_dict(this_process().to_dict()) == this_process()
