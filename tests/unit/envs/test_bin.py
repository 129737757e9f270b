"""Removing, bringing back, deleting for good, renaming."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs import bin as bin_module
from modelarts_nb.envs.bin import bin_empty, bin_list, bin_restore, purge
from modelarts_nb.envs.inventory import list_environments, show
from modelarts_nb.envs.kernels import register
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.renaming import rename
from modelarts_nb.errors import (
    Busy,
    DiskFailure,
    EngineFailed,
    InvalidName,
    ModelArtsNbError,
    NameTaken,
    NotFound,
)
from tests.unit.envs import test_cloning
from tests.unit.envs.by_hand import PLACEHOLDER, add_record, make_on_disk, write


def names(disk: Disk) -> list[str]:
    """What is on the disk."""
    return [environment.name for environment in list_environments(disk=disk)]


def test_given_an_environment_when_removed_then_it_is_in_the_bin_and_nowhere_else(
    disk: Disk,
) -> None:
    # given
    prefix = make_on_disk(disk, "Mine")
    register("Mine", disk=disk)
    # when
    removed = remove("Mine", disk=disk)
    # then
    assert names(disk) == []
    assert not prefix.exists()
    assert not (disk.local_kernels / "ma-mine").exists()
    assert not (disk.kernels / "ma-mine").exists()
    assert (disk.home / ".conda/environments.txt").read_text() == ""
    assert bin_list(disk=disk) == [removed]
    assert (removed.name, removed.size) == ("Mine", 123)
    kept = datetime.fromisoformat(removed.purged_after) - datetime.fromisoformat(removed.removed)
    assert kept.days == 7
    assert (disk.bin / removed.entry / "bin/pip").is_file()


def test_given_it_is_restored_then_everything_is_as_before(disk: Disk) -> None:
    # given
    make_on_disk(disk, "Mine")
    before = register("Mine", disk=disk)
    files = test_cloning.contents(before.prefix)
    # when
    restored = bin_restore(remove("Mine", disk=disk).entry, disk=disk)
    # then
    assert restored == before
    assert test_cloning.contents(before.prefix) == files
    assert bin_list(disk=disk) == []


def test_given_no_kernel_before_when_restored_then_there_is_none_after(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    assert bin_restore(remove("mine", disk=disk).entry, disk=disk).kernel == "none"


def test_given_another_name_when_restored_then_its_files_speak_of_it(disk: Disk) -> None:
    old = make_on_disk(disk, "mine")
    removed = remove("mine", disk=disk)
    restored = bin_restore("mine", "other", disk=disk)
    assert restored.name == "other"
    assert restored.trouble == ()
    assert leftovers(restored.prefix, [str(old), str(disk.bin / removed.entry)]) == []
    assert bin_list(disk=disk) == []


def test_given_a_name_removed_twice_when_restored_by_name_then_it_is_the_latest(
    disk: Disk,
) -> None:
    for text in ("first", "second"):
        write(make_on_disk(disk, "mine") / "etc/which", text)
        remove("mine", disk=disk)
    assert len(bin_list(disk=disk)) == 2
    assert (bin_restore("mine", disk=disk).prefix / "etc/which").read_text() == "second"


def test_given_the_name_is_taken_when_restored_then_it_stays_and_the_hint_says_how(
    disk: Disk,
) -> None:
    make_on_disk(disk, "mine")
    removed = remove("mine", disk=disk)
    make_on_disk(disk, "MINE")
    with pytest.raises(NameTaken) as raised:
        bin_restore(removed.entry, disk=disk)
    assert "--name" in raised.value.hint
    assert bin_list(disk=disk) == [removed]


@pytest.mark.parametrize("entry", ["nothing", "", "../../x", "20260101T000000000000Z-x"])
def test_given_no_such_entry_when_restored_then_not_found(entry: str, disk: Disk) -> None:
    with pytest.raises(NotFound):
        bin_restore(entry, disk=disk)


@pytest.mark.parametrize("name", ["nothing", "", "..", "/etc"])
def test_given_no_such_environment_when_removed_then_not_found(name: str, disk: Disk) -> None:
    make_on_disk(disk, "mine")
    with pytest.raises(NotFound):
        remove(name, disk=disk)
    assert names(disk) == ["mine"]


def test_given_a_broken_folder_when_removed_then_it_goes_too(disk: Disk) -> None:
    write(disk.envs / "broken/file", "x")
    removed = remove("broken", disk=disk)
    assert (disk.bin / removed.entry / "file").read_text() == "x"
    assert os.listdir(disk.envs) == []


def test_given_somebody_works_on_it_when_removed_then_busy(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    with lock(disk, "mine"), pytest.raises(Busy):
        remove("mine", disk=disk)
    assert names(disk) == ["mine"]


def test_given_a_bin_when_emptied_then_nothing_is_left(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    removed = remove("mine", disk=disk)
    assert bin_empty(disk=disk) == [removed]
    assert os.listdir(disk.bin) == []


def test_given_days_when_emptied_then_only_what_is_older_goes(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one removed eight days ago and one now
    make_on_disk(disk, "old")
    entry = remove("old", disk=disk).entry
    stamp = datetime.fromtimestamp(datetime.now().timestamp() - 8 * 86400, timezone.utc)
    (disk.bin / entry).rename(disk.bin / f"{stamp:%Y%m%dT%H%M%S%f}Z-old")
    make_on_disk(disk, "new")
    remove("new", disk=disk)
    # then
    assert [removed.name for removed in bin_empty(days=9, disk=disk)] == []
    assert [removed.name for removed in purge(disk=disk)] == ["old"]
    assert [removed.name for removed in bin_list(disk=disk)] == ["new"]


def test_given_what_another_owner_removed_when_emptied_then_it_stays(disk: Disk) -> None:
    other = Disk(disk.root, "somebody-else", disk.home)
    make_on_disk(disk, "theirs")
    remove("theirs", disk=other)
    assert bin_empty(disk=disk) == []
    assert [removed.name for removed in bin_empty(disk=other)] == ["theirs"]


def test_given_deleting_was_cut_off_when_emptied_again_then_the_rest_goes(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a disk that fails in the middle
    make_on_disk(disk, "mine")
    remove("mine", disk=disk)

    def fail(path: Path, progress: object) -> None:
        raise DiskFailure("The disk failed.")

    with monkeypatch.context() as broken:
        broken.setattr(bin_module, "remove_tree", fail)
        with pytest.raises(ModelArtsNbError, match="failed"):
            bin_empty(disk=disk)
    # then it is not offered half deleted, and goes with the next emptying
    assert bin_list(disk=disk) == []
    assert len(os.listdir(disk.bin)) == 1
    bin_empty(disk=disk)
    assert os.listdir(disk.bin) == []


def test_given_files_of_others_in_the_bin_when_listed_then_they_are_left_alone(
    disk: Disk,
) -> None:
    write(disk.bin / "notes.txt", "mine")
    assert bin_list(disk=disk) == []
    bin_empty(disk=disk)
    assert os.listdir(disk.bin) == ["notes.txt"]


def test_given_an_environment_when_renamed_then_it_is_true_under_its_new_name(
    disk: Disk,
) -> None:
    # given
    old = make_on_disk(disk, "Old")
    register("Old", disk=disk)
    # when
    environment = rename("Old", "new", disk=disk)
    # then
    assert names(disk) == ["new"]
    assert (environment.kernel, environment.kernel_name) == ("ready", "ma-new")
    assert not (disk.local_kernels / "ma-old").exists()
    assert environment.origin == "/image/envs/a"
    assert environment.created == "2026-01-01T00:00:00+00:00"
    assert environment.trouble == ()
    assert leftovers(environment.prefix, [str(old)]) == []
    assert [removed.name for removed in bin_list(disk=disk)] == ["Old"]
    assert (disk.home / ".conda/environments.txt").read_text() == f"{environment.prefix}\n"


@pytest.mark.parametrize(
    ("new", "error"),
    [("taken", NameTaken), ("Mine", NameTaken), ("mine", NameTaken), ("a/b", InvalidName)],
)
def test_given_a_bad_new_name_when_renamed_then_nothing_changes(
    new: str, error: type[ModelArtsNbError], disk: Disk
) -> None:
    make_on_disk(disk, "mine")
    make_on_disk(disk, "taken")
    before = test_cloning.contents(disk.root)
    with pytest.raises(error):
        rename("mine", new, disk=disk)
    assert test_cloning.contents(disk.root) == before


def test_given_a_copy_that_fails_when_renamed_then_it_has_its_old_name_and_kernel(
    disk: Disk,
) -> None:
    # given a binary that has no room for a longer name
    prefix = make_on_disk(disk, "mine")
    before = register("mine", disk=disk)
    write(prefix / "lib/x.so", b"\x7fELF\0" + str(prefix).encode() + b"\0end")
    item = {"_path": "lib/x.so", "prefix_placeholder": PLACEHOLDER, "file_mode": "binary"}
    add_record(prefix, "x", "1.0", [item])
    # then
    with pytest.raises(EngineFailed):
        rename("mine", "a-longer-name", disk=disk)
    assert show("mine", disk=disk) == before
    assert bin_list(disk=disk) == []
    assert os.listdir(disk.staging) == []


def test_given_a_note_that_cannot_be_read_when_restored_then_it_still_comes_back(
    disk: Disk,
) -> None:
    make_on_disk(disk, "mine")
    removed = remove("mine", disk=disk)
    for damage in ("{", json.dumps([])):
        (disk.bin / removed.entry / bin_module.NOTE).write_text(damage)
        assert bin_module.read_note(disk.bin / removed.entry) == {}
    assert bin_restore(removed.entry, disk=disk).name == "mine"
