"""Journals: what is written can be read, whatever is in it, and nothing outside is touched."""

from __future__ import annotations

import dataclasses
import json

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import AccessDenied, DiskFailure, NotFound
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.model import Amount
from modelarts_nb.operations.runner import runner_of


def test_a_record_is_read_as_it_was_written(disk: Disk) -> None:
    journal, operation = journals.create("env.clone", {"name": "环境"}, "me")
    told = dataclasses.replace(operation, done=Amount(3, 40), phase="copying", result={"a": [1]})

    journal.write(told)

    assert journals.find(operation.id).read() == told


def test_a_name_that_is_no_text_survives_the_record(disk: Disk) -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")

    journal, _ = journals.create("env.clone", {"source": name}, "me")

    assert journal.read().params == {"source": name}


def test_the_newest_comes_first(disk: Disk) -> None:
    ids = [journals.create("env.clone", {}, "me")[1].id for _ in range(2)]

    found = [journal.id for journal in journals.every()]

    assert sorted(ids, reverse=True) == found


@pytest.mark.parametrize("id", ["", ".", "..", "../..", "/etc", "20260101-000000-000-abcdef", "x"])
def test_an_id_that_is_none_is_not_found(disk: Disk, id: str) -> None:
    with pytest.raises(NotFound):
        journals.find(id)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": 1}', '"x"', '{"done": 3}'])
def test_a_damaged_record_is_not_found(disk: Disk, text: str) -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    (journal.folder / "operation.json").write_text(text)

    with pytest.raises(NotFound):
        journal.read()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"process": 3, "detached": true}'])
def test_a_damaged_runner_is_none(disk: Disk, text: str) -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    (journal.folder / "runner.json").write_text(text)

    assert journal.runner() is None


def test_the_runner_is_read_as_it_was_written(disk: Disk) -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    runner = runner_of(detached=False)

    journal.set_runner(runner)

    assert journal.runner() == runner


def test_a_record_is_replaced_without_leaving_pieces(disk: Disk) -> None:
    journal, operation = journals.create("env.clone", {}, "me")

    for _ in range(5):
        journal.write(operation)

    assert sorted(p.name for p in journal.folder.iterdir()) == ["log.txt", "operation.json"]


def test_a_log_nobody_could_read_is_not_made_longer(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "LOG_LIMIT", 100)
    journal, _ = journals.create("env.clone", {}, "me")

    for _ in range(100):
        journal.log("a line")

    assert journal.log_file.stat().st_size < 200


def test_stray_output_ends_up_in_the_log(disk: Disk) -> None:
    journal, _ = journals.create("env.clone", {}, "me")
    journal.stray_file.write_text("Segmentation fault\n")

    journal.keep_stray_output()

    assert "Segmentation fault" in journal.log_file.read_text()


def test_a_home_that_cannot_be_written_is_a_typed_error(disk: Disk) -> None:
    disk.home.joinpath(".local").write_text("a file where a folder should be")

    with pytest.raises((DiskFailure, AccessDenied)):
        journals.create("env.clone", {}, "me")


def test_what_is_no_journal_is_not_listed(disk: Disk) -> None:
    journals.create("env.clone", {}, "me")
    (journals.root() / "notes").mkdir()

    assert len(journals.every()) == 1


def test_the_record_on_disk_is_json_that_a_person_can_read(disk: Disk) -> None:
    journal, operation = journals.create("env.clone", {"name": "x"}, "me")

    record = json.loads((journal.folder / "operation.json").read_text())

    assert record["verb"] == "env.clone"
    assert record["state"] == "running"
    assert record["id"] == operation.id
