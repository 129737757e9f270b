"""Reading what ran, also when the process that ran it is gone."""

from __future__ import annotations

import dataclasses
import subprocess

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import Busy, NotFound, UsageError
from modelarts_nb.operations import history
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.journal import Journal
from modelarts_nb.operations.runner import runner_of

pytestmark = pytest.mark.usefixtures("disk")


def ended() -> str:
    journal, operation = journals.create("env.clone", {}, "me")
    journal.write(dataclasses.replace(operation, state="done", ended=operation.started))
    return operation.id


def running() -> Journal:
    journal, _ = journals.create("env.clone", {}, "me")
    journal.set_runner(runner_of(detached=False))
    return journal


def abandoned() -> Journal:
    journal, _ = journals.create("env.clone", {}, "me")
    child = subprocess.Popen(["sleep", "60"])
    journal.set_runner(runner_of(child.pid, detached=True))
    child.kill()
    child.wait()
    return journal


def test_the_newest_fifty_ended_ones_are_listed_and_older_ones_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "KEPT", 3)
    ids = sorted((ended() for _ in range(5)), reverse=True)

    listed = [operation.id for operation in history.list_operations()]

    assert listed == ids[:3]
    assert len(journals.every()) == 3


def test_a_running_one_is_listed_however_old(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = running()
    monkeypatch.setattr(history, "KEPT", 0)

    assert [o.id for o in history.list_operations()] == [journal.id]


def test_a_damaged_journal_does_not_hide_the_others() -> None:
    id = ended()
    broken, _ = journals.create("env.clone", {}, "me")
    (broken.folder / "operation.json").write_text("{")

    assert [o.id for o in history.list_operations()] == [id]


def test_a_running_operation_whose_process_is_gone_is_lost() -> None:
    operation = history.show(abandoned().id)

    assert operation.state == "lost"
    assert operation.error is not None
    assert operation.error["hint"]
    assert operation.ended is not None


def test_a_lost_one_stays_lost() -> None:
    journal = abandoned()
    first = history.show(journal.id)

    assert history.show(journal.id) == first


def test_a_pid_that_somebody_else_has_now_is_not_taken_for_the_process() -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    mine = runner_of(detached=True)
    stranger = dataclasses.replace(mine, process=dataclasses.replace(mine.process, started="1"))
    journal.set_runner(stranger)

    assert history.show(journal.id).state == "lost"


def test_a_zombie_is_gone() -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    child = subprocess.Popen(["sleep", "60"])
    journal.set_runner(runner_of(child.pid, detached=True))
    child.kill()
    while True:
        with open(f"/proc/{child.pid}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] == "Z":
                break

    assert history.show(journal.id).state == "lost"
    child.wait()


def test_a_process_of_another_container_is_believed_while_its_journal_is_fresh() -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    mine = runner_of(detached=True)
    elsewhere = dataclasses.replace(mine, process=dataclasses.replace(mine.process, host="other"))
    journal.set_runner(elsewhere)

    assert history.show(journal.id).state == "running"


def test_what_a_lost_process_printed_is_its_cause() -> None:
    journal = abandoned()
    journal.stray_file.write_text("MemoryError\n")

    error = history.show(journal.id).error

    assert error is not None
    assert "MemoryError" in error["cause"]


def test_staging_of_a_lost_operation_is_swept(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    swept = threading.Event()
    monkeypatch.setattr("modelarts_nb.operations.housekeeping.tidy", swept.set)

    history.show(abandoned().id)

    assert swept.wait(60)


def test_the_log_is_read_from_an_offset_in_whole_lines() -> None:
    journal = running()
    journal.log("第一行")
    first = history.read_log(journal.id)
    with journal.log_file.open("ab") as file:
        file.write(b"half a line")

    second = history.read_log(journal.id, first["offset"])

    assert "第一行" in first["text"]
    assert second == {"text": "", "offset": first["offset"]}


def test_a_long_log_comes_in_parts_without_loss() -> None:
    journal = running()
    for number in range(4000):
        journal.log(f"line {number} 环境")
    text, offset = "", 0
    while True:
        part = history.read_log(journal.id, offset)
        if not part["text"]:
            break
        text, offset = text + part["text"], part["offset"]

    assert text == journal.log_file.read_text("utf-8")


def test_a_negative_offset_is_refused() -> None:
    with pytest.raises(UsageError):
        history.read_log(running().id, -1)


def test_dismiss_forgets_an_ended_operation() -> None:
    id = ended()

    history.dismiss(id)

    with pytest.raises(NotFound):
        history.show(id)


def test_a_running_operation_cannot_be_dismissed() -> None:
    with pytest.raises(Busy):
        history.dismiss(running().id)
