"""Operations in a process of their own: they end by themselves, or are ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import NotFound, UsageError
from modelarts_nb.operations import history
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.cancel import cancel, discard
from modelarts_nb.operations.model import Operation
from modelarts_nb.operations.run import start
from tests.unit.operations.conftest import make_prefix


def wait(id: str, condition: Callable[[Operation], bool], seconds: float = 120) -> Operation:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        operation = history.show(id)
        if condition(operation):
            return operation
        time.sleep(0.05)
    raise AssertionError(f"still {history.show(id)}")


def has_ended(operation: Operation) -> bool:
    return operation.state != "running"


def pid_of(id: str) -> int:
    runner = journals.find(id).runner()
    assert runner is not None
    return runner.process.pid


def freeze(pid: int) -> None:
    """Stop a process and wait until it has stopped: signals are not delivered in order."""
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.001)


def staging(disk: Disk) -> list[str]:
    try:
        return [name for name in os.listdir(disk.staging) if not name.startswith(".")]
    except FileNotFoundError:
        return []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "image")


def begin_clone(source: Path, name: str = "mine") -> Operation:
    return start("env.clone", {"source": str(source), "name": name, "kernel": False})


def test_it_returns_at_once_and_ends_by_itself(disk: Disk, source: Path) -> None:
    operation = begin_clone(source)

    assert operation.state == "running"
    ended = wait(operation.id, has_ended)
    assert (ended.state, ended.error) == ("done", None)
    assert (disk.envs / "mine/bin/python").is_file()


def test_its_process_leads_a_session_of_its_own(disk: Disk, source: Path) -> None:
    operation = begin_clone(source)
    pid = pid_of(operation.id)
    session = os.getsid(pid)
    wait(operation.id, has_ended)

    assert session == pid


def test_bad_parameters_leave_no_journal(disk: Disk) -> None:
    with pytest.raises(UsageError):
        start("env.clone", {"source": "x"})

    assert history.list_operations() == []


def test_an_error_is_recorded_with_code_and_hint(disk: Disk) -> None:
    operation = start("env.clone", {"source": "/nowhere/at/all", "name": "mine"})

    ended = wait(operation.id, has_ended)

    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error["code"] == "not_found"


def test_one_that_is_killed_is_lost_and_leaves_nothing(disk: Disk, source: Path) -> None:
    operation = begin_clone(source)
    os.kill(pid_of(operation.id), signal.SIGKILL)

    ended = wait(operation.id, has_ended)

    assert ended.state == "lost"
    assert not (disk.envs / "mine").exists()


def test_cancel_ends_it_and_leaves_nothing_behind(disk: Disk, tmp_path: Path) -> None:
    big = make_prefix(tmp_path / "big", files=8000)
    operation = begin_clone(big)
    wait(operation.id, lambda o: bool(o.phase))

    began = time.monotonic()
    cancel(operation.id)
    at_once = time.monotonic() - began

    assert at_once < 5
    assert wait(operation.id, has_ended).state == "cancelled"
    assert not (disk.envs / "mine").exists()
    assert staging(disk) == []


def test_one_that_does_not_stop_is_killed(
    disk: Disk, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "GRACE", 0.5)
    operation = begin_clone(source)
    freeze(pid_of(operation.id))

    cancel(operation.id)

    assert wait(operation.id, has_ended).state == "cancelled"
    assert staging(disk) == []


def test_cancelling_an_ended_one_changes_nothing(disk: Disk, source: Path) -> None:
    operation = begin_clone(source)
    ended = wait(operation.id, has_ended)

    assert cancel(operation.id) == ended


def test_discard_cancels_and_then_forgets(disk: Disk, source: Path) -> None:
    operation = begin_clone(source)
    freeze(pid_of(operation.id))

    discard(operation.id)
    os.kill(pid_of(operation.id), signal.SIGCONT)
    wait(operation.id, has_ended)
    discard(operation.id)

    with pytest.raises(NotFound):
        history.show(operation.id)


def test_a_relative_path_means_what_it_meant_to_who_asked(
    disk: Disk, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)

    operation = start("env.clone", {"source": f"./{source.name}", "name": "mine", "kernel": False})

    assert wait(operation.id, has_ended).state == "done"
