"""What a killed process left: its kernel, conda's line, what it takes the place of."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.bin import bin_list
from modelarts_nb.envs.finishing import finish
from modelarts_nb.envs.kernels import write_kernel
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.unfinished import Note, folder, notes, unfinished
from tests.unit.envs.by_hand import make_on_disk


def left(disk: Disk, name: str, *, landed: bool = True, **more: object) -> Note:
    """A note of a process that is gone, as a kill leaves it."""
    with unfinished(disk, name, kernel=True) as note:
        pass
    dead = replace(note, process=replace(note.process, pid=2**22 + 1), **more)  # type: ignore[arg-type]
    value = {**vars(dead), "process": dead.process.to_dict()}
    dead.file(disk).write_text(json.dumps(value))
    if landed:
        dead.mark(disk.envs / name)
    return dead


def has_kernel(disk: Disk, name: str) -> bool:
    return Kernels(disk).of(disk.envs / name)[0] == "ready"


def test_given_a_landed_environment_then_its_kernel_follows(disk: Disk) -> None:
    prefix = make_on_disk(disk, "mine")
    note = left(disk, "mine")
    assert finish(disk) == ["mine"]
    assert has_kernel(disk, "mine")
    assert str(prefix) in (disk.home / ".conda/environments.txt").read_text()
    assert not note.is_at(prefix)
    assert os.listdir(folder(disk)) == []


def test_given_somebody_elses_environment_of_the_name_then_it_gets_no_kernel(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    left(disk, "mine", landed=False)
    finish(disk)
    assert not has_kernel(disk, "mine")


def test_given_an_environment_that_went_then_its_kernel_goes(disk: Disk) -> None:
    write_kernel(disk.envs / "mine", disk)
    left(disk, "mine", landed=False)
    finish(disk)
    assert os.listdir(disk.local_kernels) == os.listdir(disk.kernels) == []


def test_given_a_rename_that_landed_then_the_former_one_goes_to_the_bin(disk: Disk) -> None:
    make_on_disk(disk, "old")
    make_on_disk(disk, "mine")
    left(disk, "mine", former="old")
    finish(disk)
    assert os.listdir(disk.envs) == ["mine"]
    assert [entry.name for entry in bin_list(disk=disk)] == ["old"]


def test_given_a_rename_that_did_not_land_then_the_former_one_stays(disk: Disk) -> None:
    make_on_disk(disk, "old")
    left(disk, "mine", landed=False, former="old")
    finish(disk)
    assert os.listdir(disk.envs) == ["old"]


def test_given_who_is_still_at_it_then_nothing_is_done(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    left(disk, "mine")
    with lock(disk, "mine"):
        assert finish(disk) == []
    assert len(notes(disk)) == 1


def test_given_a_failure_before_the_landing_then_no_note_stays(disk: Disk) -> None:
    with pytest.raises(ValueError, match="x"), unfinished(disk, "mine", kernel=True):
        raise ValueError("x")
    assert os.listdir(folder(disk)) == []


def test_given_a_failure_after_the_landing_then_the_note_stays(disk: Disk) -> None:
    prefix = make_on_disk(disk, "mine")

    def fail() -> None:
        with unfinished(disk, "mine", kernel=True) as note:
            note.mark(prefix)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert [found.name for found in notes(disk)] == ["mine"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"name": "../../x", "former": "", "entry": "", "process": {}, "kernel": true}',
        '{"name": "x", "former": "..", "entry": "", "process": {}, "kernel": true}',
        '{"name": "x", "former": "", "entry": "a/b", "process": {}, "kernel": true}',
    ],
)
def test_given_an_old_note_that_is_none_then_it_is_thrown_away(disk: Disk, text: str) -> None:
    folder(disk).mkdir(parents=True)
    note = Path(folder(disk), "x.json")
    note.write_text(text)
    os.utime(note, (1e9, 1e9))
    assert finish(disk) == []
    assert os.listdir(folder(disk)) == []


def test_given_a_note_that_another_host_is_writing_then_it_stays(disk: Disk) -> None:
    folder(disk).mkdir(parents=True)
    Path(folder(disk), "x.json").write_text('{"name": "mi')
    assert finish(disk) == []
    assert os.listdir(folder(disk)) == ["x.json"]
