"""Running a verb here: its end is recorded, whatever it is."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import (
    Cancelled,
    DiskFull,
    DiskMissing,
    Internal,
    ModelArtsNbError,
    NotFound,
    UsageError,
)
from modelarts_nb.operations import history, record
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.model import Amount, Operation
from modelarts_nb.operations.run import run

pytestmark = pytest.mark.usefixtures("disk", "verbs")


def last() -> Operation:
    return history.list_operations()[0]


def test_the_result_is_returned_and_recorded() -> None:
    answer = run("test.count", {"steps": 3})

    assert answer["counted"] == 3
    assert last().state == "done"
    assert last().result["counted"] == 3
    assert last().done == Amount(3, 30)
    assert last().ended is not None


def test_the_disk_is_given_to_the_verb(disk: Disk) -> None:
    assert run("test.count", {"steps": 1})["root"] == disk.root


def test_what_needs_no_disk_runs_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_DISK", str(tmp_path / "absent"))

    assert run("test.far_away", {"steps": 2}) == {"counted": 2, "root": None}

    assert (last().state, last().owner) == ("done", "")


def test_what_goes_on_elsewhere_after_a_cancel_is_said() -> None:
    with pytest.raises(Cancelled):
        run("test.leave", {})

    assert last().state == "cancelled"
    assert last().error is not None
    assert last().error["hint"] == "The cloud goes on with it."


def test_a_typed_error_is_raised_and_recorded() -> None:
    with pytest.raises(NotFound):
        run("test.refuse", {})

    assert last().state == "failed"
    assert last().error == {
        "code": "not_found",
        "message": "There is no such thing.",
        "hint": "Look elsewhere.",
        "cause": "",
    }


def test_a_fault_of_ours_is_internal_and_its_traceback_is_in_the_log_only() -> None:
    with pytest.raises(Internal) as raised:
        run("test.stumble", {})

    assert "Traceback" in history.read_log(last().id)["text"]
    assert "Traceback" not in str(raised.value.to_dict())
    assert last().error is not None
    assert last().error["code"] == "internal"


def test_an_error_of_the_system_is_translated() -> None:
    with pytest.raises(DiskFull):
        run("test.fill", {})


@pytest.mark.parametrize("params", [{}, {"steps": "3"}, {"steps": 1, "x": 1}])
def test_bad_parameters_leave_no_journal(params: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run("test.count", params)

    assert history.list_operations() == []


def test_without_a_disk_there_is_no_journal(disk: Disk) -> None:
    disk.root.rmdir()

    with pytest.raises(DiskMissing):
        run("test.count", {"steps": 1})

    assert history.list_operations() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels(number: signal.Signals) -> None:
    threading.Timer(0.2, os.kill, (os.getpid(), number)).start()

    with pytest.raises(Cancelled):
        run("test.wait_for_cancel", {})

    assert last().state == "cancelled"


def test_the_handlers_of_signals_are_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM)

    run("test.count", {"steps": 1})

    assert signal.getsignal(signal.SIGTERM) is before


def test_it_runs_in_a_thread_too_where_no_handler_can_be_set() -> None:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(run("test.count", {"steps": 2})))
    thread.start()
    thread.join()

    assert answers[0]["counted"] == 2


def test_the_final_record_is_kept_on_the_disk(disk: Disk) -> None:
    run("test.count", {"steps": 1})

    kept = json.loads((disk.own / "journals" / f"{last().id}.json").read_text())
    assert kept["state"] == "done"


def test_old_records_on_the_disk_are_forgotten(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "KEPT", 2)

    for _ in range(3):
        run("test.count", {"steps": 1})

    assert len(list((disk.own / "journals").iterdir())) == 2


def test_a_disk_that_hangs_at_the_end_does_not_hold_the_end_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(record, "replace_file", lambda *_: let_go.wait(20))
    monkeypatch.setattr(record, "PATIENCE", 0.1)
    began = time.monotonic()

    run("test.count", {"steps": 1})

    assert time.monotonic() - began < 15
    let_go.set()


def test_a_record_that_cannot_be_kept_is_no_error(disk: Disk) -> None:
    disk.own.parent.mkdir(parents=True)
    disk.own.write_text("a file where a folder should be")

    assert run("test.count", {"steps": 1})["counted"] == 1


def test_a_failure_in_the_disk_at_the_start_of_work_is_recorded(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = journals.create

    def create_and_lose_the_disk(*args: Any) -> Any:
        made = create(*args)
        disk.root.rmdir()
        return made

    monkeypatch.setattr(journals, "create", create_and_lose_the_disk)
    with pytest.raises(ModelArtsNbError):
        run("test.count", {"steps": 1})

    assert last().error is not None
    assert last().error["code"] == "disk_missing"


def test_the_log_begins_with_what_was_asked(tmp_path: Path) -> None:
    run("test.count", {"steps": 1})

    assert 'test.count {"steps": 1}' in history.read_log(last().id)["text"]
