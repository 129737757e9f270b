"""Going back and forth: nothing is ever lost, and running kernels keep their files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed import slots, versioning
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.leases import prepared
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.versioning import rollback, undo
from modelarts_nb.envs.sealed.versions import numbers, read_version
from modelarts_nb.errors import (
    ArchiveInvalid,
    DiskFull,
    ModelArtsNbError,
    NotFound,
    UsageError,
)
from modelarts_nb.progress import Silent
from tests.unit.envs.by_hand import make_on_disk
from tests.unit.envs.sealed.by_hand import damage, environment, make_layer, make_version
from tests.unit.envs.sealed.readable import all_versions

pytestmark = pytest.mark.usefixtures("run")

LARGE = os.urandom(50_000)


class Log(Silent):
    def __init__(self) -> None:
        self.text = ""

    def log(self, message: str) -> None:
        self.text += f"{message}\n"


@pytest.fixture
def mine(disk: Disk) -> Disk:
    """The disk with ``mine`` in two versions."""
    for number, text in enumerate(("one", "two"), 1):
        layer = make_layer(disk, environment(text, **{"lib/large": LARGE}))
        parent = number - 1 or None
        make_version(disk, "mine", layer, number=number, parent=parent, why=f"number {number}")
    return disk


def here(disk: Disk) -> Slot:
    """The copy that kernels start from."""
    slot = slots.current(disk, "mine")
    assert slot
    return slot


def tool(slot: Slot) -> str:
    """What the tool of a copy prints: its own way of saying which version it is."""
    return (slot.path / "bin/tool").read_text().split("'")[1]


def test_going_back_is_a_new_version_with_the_old_layers(mine: Disk) -> None:
    before = all_versions(mine, "mine")
    # when
    version = rollback("mine", 1, disk=mine)
    # then
    assert (version.number, version.parent, version.layers) == (3, 2, before[0].layers)
    assert (version.why, version.stored, version.owner) == ("back to version 1", 0, "tester")
    assert all_versions(mine, "mine") == [*before, version]


def test_a_reason_can_be_given(mine: Disk) -> None:
    assert rollback("mine", 1, why="two is broken", disk=mine).why == "two is broken"


def test_without_a_number_it_goes_back_and_forth(mine: Disk) -> None:
    made = [rollback("mine", disk=mine) for _ in range(3)]
    layers = [version.layers for version in made]
    one, two = (read_version(mine, "mine", number).layers for number in (1, 2))
    assert layers == [one, two, one]


def test_what_is_the_newest_already_is_not_written_again(mine: Disk) -> None:
    assert rollback("mine", 2, disk=mine) == read_version(mine, "mine", 2)
    rollback("mine", 1, disk=mine)
    assert rollback("mine", 1, disk=mine).number == 3
    assert numbers(mine, "mine") == [1, 2, 3]


def test_where_it_is_not_used_nothing_is_filled(mine: Disk) -> None:
    rollback("mine", 1, disk=mine)
    assert slots.filled(mine) == []


def test_where_it_is_used_kernels_start_from_the_new_version(mine: Disk) -> None:
    # given a copy in which a kernel runs
    running = fill("mine", disk=mine)
    # when
    version = rollback("mine", 1, disk=mine)
    # then those that start now have the new one, and the running one keeps its files
    assert (here(mine).number, tool(here(mine))) == (version.number, "one")
    assert str(version.number) in prepared(here(mine)).read_text()
    assert here(mine).path != running.path
    assert tool(running) == "two"


def test_a_copy_of_the_same_layers_is_used_again(mine: Disk) -> None:
    # given copies of both versions
    one, two = fill("mine", number=1, disk=mine), fill("mine", number=2, disk=mine)
    # when
    rollback("mine", 1, disk=mine)
    # then
    assert here(mine).path == one.path
    assert here(mine).number == 3
    rollback("mine", disk=mine)
    assert here(mine).path == two.path
    assert len(slots.filled(mine)) == 2


def test_a_changed_copy_is_not_used_again(mine: Disk) -> None:
    # given a copy of version 1 that somebody wrote into after version 2 was chosen
    one = fill("mine", number=1, disk=mine)
    fill("mine", number=2, disk=mine)
    (one.path / "bin/tool").write_text("print('changed')")
    # when
    rollback("mine", 1, disk=mine)
    # then
    assert here(mine).path != one.path
    assert tool(here(mine)) == "one"


def test_what_is_not_saved_is_saved_before_it_is_undone(mine: Disk) -> None:
    # given
    slot, log = fill("mine", disk=mine), Log()
    (slot.path / "lib/added").write_text("by pip")
    # when
    version = undo("mine", disk=mine, progress=log)
    # then it is as before the change
    assert isinstance(version, Version)
    assert (version.number, version.layers) == (4, read_version(mine, "mine", 2).layers)
    assert not (here(mine).path / "lib/added").exists()
    assert "version 3" in log.text
    # and the kernel that runs still has what it wrote
    assert (slot.path / "lib/added").read_text() == "by pip"
    # and undoing the undoing brings it back
    undo("mine", disk=mine)
    assert (here(mine).path / "lib/added").read_text() == "by pip"
    assert tool(here(mine)) == "two"


def test_without_unsaved_changes_the_newest_version_is_undone(mine: Disk) -> None:
    fill("mine", disk=mine)
    undo("mine", disk=mine)
    assert tool(here(mine)) == "one"
    assert numbers(mine, "mine") == [1, 2, 3]


def test_undo_is_of_what_is_used_here_whatever_others_saved(mine: Disk) -> None:
    # given version 2 here, and a version 3 that somebody made of it elsewhere
    fill("mine", number=2, disk=mine)
    theirs = make_layer(mine, environment("theirs"))
    make_version(mine, "mine", theirs, number=3, parent=2)
    # when
    undo("mine", disk=mine)
    # then it is as before version 2, and going back again is version 2
    assert (here(mine).number, tool(here(mine))) == (4, "one")
    assert read_version(mine, "mine").parent == 2
    undo("mine", disk=mine)
    assert (here(mine).number, tool(here(mine))) == (5, "two")


def test_an_undo_that_was_killed_before_kernels_here_used_it_is_completed(mine: Disk) -> None:
    # given the version is written, and the copy here is what it was
    two = fill("mine", number=2, disk=mine)
    undo("mine", disk=mine)
    slots.choose(mine, two)
    # when
    version = undo("mine", disk=mine)
    # then no other version is written
    assert isinstance(version, Version)
    assert (version.number, here(mine).number, tool(here(mine))) == (3, 3, "one")


def test_undo_of_an_open_environment_is_that_of_its_last_change(mine: Disk) -> None:
    make_on_disk(mine, "mine")
    with pytest.raises(NotFound, match="bin") as nothing:
        undo("mine", disk=mine)
    assert "ma env seal mine" in nothing.value.hint
    with pytest.raises(UsageError) as refused:
        rollback("mine", 1, disk=mine)
    assert "mine@NUMBER" in refused.value.hint
    assert not isinstance(refused.value, Environment)


def test_given_a_local_disk_that_is_full_then_it_is_back_and_the_log_says_the_rest(
    mine: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, log = fill("mine", disk=mine), Log()

    def full(*args: object, **options: object) -> Slot:
        raise DiskFull("The local disk is full.", cause="ENOSPC")

    monkeypatch.setattr("modelarts_nb.envs.sealed.versioning.fill", full)
    assert rollback("mine", 1, disk=mine, progress=log).number == 3
    assert "The local disk is full" in log.text
    assert here(mine) == running


@pytest.mark.parametrize("number", [0, 3, 99])
def test_a_version_that_is_not_there_is_not_found(mine: Disk, number: int) -> None:
    with pytest.raises(NotFound) as none:
        rollback("mine", number, disk=mine)
    assert "ma env versions mine" in none.value.hint


@pytest.mark.parametrize("name", ["other", "", "..", "../mine", "mine/1.json", "x\0"])
def test_what_is_no_sealed_environment_is_not_found(mine: Disk, name: str) -> None:
    for verb in (rollback, undo):
        with pytest.raises(NotFound):
            verb(name, disk=mine)


def test_what_is_removed_while_it_waits_for_its_turn_is_not_found(
    mine: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def removed_before(disk: Disk, name: str, **_: object) -> Iterator[None]:
        shutil.rmtree(disk.sealed / name)
        yield

    monkeypatch.setattr(versioning, "lock", removed_before)

    with pytest.raises(NotFound):
        rollback("mine", 1, disk=mine)


def test_the_first_version_has_nothing_before_it(mine: Disk) -> None:
    make_version(mine, "single", make_layer(mine, environment()))
    with pytest.raises(NotFound, match="nothing to go back to"):
        undo("single", disk=mine)


def test_a_damaged_newest_is_left_by_naming_an_earlier_one(mine: Disk) -> None:
    (mine.sealed / "mine/2.json").write_text("{")
    with pytest.raises(ArchiveInvalid) as refused:
        rollback("mine", disk=mine)
    assert "rollback mine NUMBER" in refused.value.hint
    version = rollback("mine", 1, disk=mine)
    assert (version.number, version.parent) == (3, 2)
    assert fill("mine", disk=mine).number == 3


def test_a_version_whose_image_is_gone_is_not_gone_back_to(mine: Disk) -> None:
    image_path(mine, read_version(mine, "mine", 1).layers[0].image).unlink()
    with pytest.raises(NotFound, match="gone"):
        rollback("mine", 1, disk=mine)
    assert numbers(mine, "mine") == [1, 2]


def test_changes_are_saved_as_a_whole_when_the_image_below_them_is_damaged(mine: Disk) -> None:
    """An undo must not lose what was not saved, whatever happened to the disk."""
    slot = fill("mine", disk=mine)
    (slot.path / "lib/added").write_text("by pip")
    image_path(mine, read_version(mine, "mine", 2).layers[0].image).unlink()
    with pytest.raises(ModelArtsNbError):
        undo("mine", disk=mine)
    assert numbers(mine, "mine") == [1, 2, 3]
    assert (slot.path / "lib/added").exists()
    # and with a version that is whole one gets away
    rollback("mine", 1, disk=mine)
    assert tool(here(mine)) == "one"


def test_a_damaged_image_is_told_by_the_fill_and_the_version_is_written(mine: Disk) -> None:
    fill("mine", disk=mine)
    damage(mine, read_version(mine, "mine", 1).layers[0])
    log = Log()
    assert rollback("mine", 1, disk=mine, progress=log).number == 3
    assert "damaged" in log.text


def test_nothing_is_left_in_staging(mine: Disk, run: Path) -> None:
    fill("mine", disk=mine)
    rollback("mine", 1, disk=mine)
    assert os.listdir(mine.staging) == []
