"""Sealed environments among all the others, and the lists of their versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.inventory import list_environments, show
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.prefixes import find_prefix, name_of, taken_names
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.listing import versions
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.unsaved import watch
from modelarts_nb.envs.sealed.versions import read_head, read_version, to_bytes
from modelarts_nb.errors import ArchiveInvalid, NameTaken, NotFilled, NotFound
from tests.unit.envs.by_hand import make_on_disk, make_prefix, write
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version

PACKAGES = (
    Package("torch", "2.1.0+cu118", "pip"),
    Package("numpy", "1.26.4", "conda"),
    Package("numpy", "1.99", "pip"),
)


def sealed(disk: Disk, name: str, number: int = 1, **fields: object) -> Version:
    layer = make_layer(disk, environment())
    fields = {"packages": PACKAGES, "python": "3.11.7", "files": 9, "size": 900, **fields}
    return make_version(disk, name, layer, number=number, **fields)


def filled(disk: Disk, name: str, number: int) -> slots.Slot:
    path = slots.free_path(disk, name, number)
    make_prefix(path)
    clean, names = watch(path)
    slot = slots.Slot(path, name, number, clean, names)
    slots.note(slot)
    slots.choose(disk, slot)
    return slot


def test_given_a_sealed_environment_when_listed_then_it_is_told_from_its_newest_version(
    disk: Disk, run: Path
) -> None:
    # given
    sealed(disk, "Mine")
    version = sealed(disk, "Mine", 2)
    # when
    (found,) = list_environments(disk=disk)
    # then
    assert (found.name, found.state, found.where) == ("Mine", "sealed", "disk")
    assert (found.version, found.newest, found.versions) == (2, 2, 2)
    assert (found.filled, found.unsaved, found.local_size) == (False, False, None)
    assert found.prefix == disk.sealed / "Mine"
    assert (found.size, found.files, found.stored) == (900, 9, version.layers[0].size)
    assert found.highlights == ("torch 2.1", "numpy 1.26")
    assert (found.python, found.kernel, found.trouble) == ("3.11.7", "none", ())


def test_given_a_local_copy_when_listed_then_it_is_told_from_there(disk: Disk, run: Path) -> None:
    # given kernels here start from version 1, another was made elsewhere meanwhile
    sealed(disk, "mine")
    slot = filled(disk, "mine", 1)
    sealed(disk, "mine", 2)
    # when
    before = show("mine", disk=disk)
    (slot.path / "lib/python3.11/site-packages/new-1.0.dist-info").mkdir()
    after = show(str(slot.path), disk=disk)
    # then
    assert (before.filled, before.prefix, before.local_size) == (True, slot.path, 900)
    assert (before.version, before.newest, before.unsaved) == (1, 2, False)
    assert (after.name, after.unsaved) == ("mine", True)


def test_given_a_local_copy_of_a_namesake_when_listed_then_it_does_not_count(
    disk: Disk, run: Path
) -> None:
    # given it was removed elsewhere, and made anew with other images
    sealed(disk, "mine")
    slot = filled(disk, "mine", 1)
    slots.note(replace(slot, images=("0" * 64,)))
    # when
    found = show("mine", disk=disk)
    # then
    assert (found.filled, found.version, found.prefix) == (False, 1, disk.sealed / "mine")


def test_given_a_tree_of_the_same_name_when_listed_then_that_is_what_counts(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine", 1)
    sealed(disk, "mine", 4)
    prefix = make_on_disk(disk, "mine")
    (found,) = list_environments(disk=disk)
    assert (found.state, found.prefix, found.version) == ("open", prefix, None)
    assert (found.newest, found.versions) == (4, 2)
    assert find_prefix("mine", disk=disk) == prefix


def test_given_all_kinds_when_listed_then_those_of_the_disk_come_first_by_name(
    disk: Disk, run: Path
) -> None:
    make_on_disk(disk, "b")
    sealed(disk, "a")
    sealed(disk, "c")
    (disk.sealed / "empty").mkdir()
    copy = filled(disk, "a", 1)
    write(disk.home / ".conda/environments.txt", f"{copy.path}\n{make_prefix(disk.home / 'out')}\n")
    found = [(e.name, e.state, e.where) for e in list_environments(disk=disk)]
    assert found == [
        ("a", "sealed", "disk"),
        ("b", "open", "disk"),
        ("c", "sealed", "disk"),
        ("out", "open", "elsewhere"),
    ]


def test_given_no_local_copy_when_its_prefix_is_asked_for_then_the_way_to_one_is_said(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "Mine")
    with pytest.raises(NotFilled) as caught:
        find_prefix("mine", disk=disk)
    assert "ma env fill Mine" in caught.value.hint
    slot = filled(disk, "Mine", 1)
    assert find_prefix("mine", disk=disk) == slot.path
    assert name_of(slot.path, disk) == "Mine"


def test_given_a_sealed_environment_when_another_is_made_then_its_name_is_taken(
    disk: Disk,
) -> None:
    sealed(disk, "Mine")
    with pytest.raises(NameTaken):
        check_free("mine", taken_names(disk))


def test_given_a_version_of_a_newer_tool_when_listed_then_what_is_wrong_is_said(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine", 1)
    write(disk.sealed / "mine/2.json", '{"format": 99}')
    (found,) = list_environments(disk=disk)
    assert (found.version, found.python) == (2, None)
    assert [(f.check, f.level) for f in found.trouble] == [("version", "error")]
    assert "newer modelarts_nb" in found.trouble[0].message
    newest, oldest = versions("mine", disk=disk)
    assert "newer modelarts_nb" in newest.problem
    assert (oldest.number, oldest.problem, oldest.packages) == (1, "", 3)


def test_given_versions_when_listed_then_the_newest_is_first_and_that_here_is_marked(
    disk: Disk, run: Path
) -> None:
    for number, why in ((1, "made"), (2, "with torch"), (3, "")):
        sealed(disk, "Mine", number, why=why, parent=number - 1 or None, stored=number * 10)
    filled(disk, "Mine", 1)
    filled(disk, "Mine", 2)
    found = versions("mine", disk=disk)
    assert [(v.number, v.why, v.parent, v.stored) for v in found] == [
        (3, "", 2, 30),
        (2, "with torch", 1, 20),
        (1, "made", None, 10),
    ]
    assert [(v.number, v.filled, v.chosen) for v in found] == [
        (3, False, False),
        (2, True, True),
        (1, True, False),
    ]


def test_given_no_versions_when_listed_then_the_way_to_one_is_said(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    with pytest.raises(NotFound) as caught:
        versions("mine", disk=disk)
    assert "ma env seal mine" in caught.value.hint


def test_given_a_large_version_when_its_head_is_read_then_the_rest_is_not(disk: Disk) -> None:
    # given a version of many files that hold the prefix
    version = sealed(disk, "mine")
    places = {f"lib/python3.11/{n}.pyc": (100, 2000) for n in range(20_000)}
    (layer,) = version.layers
    path = disk.sealed / "mine/1.json"
    data = to_bytes(replace(version, layers=(replace(layer, prefix=places),)))
    assert len(data) > 500_000
    # when it is cut off behind the first of them
    path.write_bytes(data[: data.index(b"19.pyc")])
    # then its head is whole
    assert read_head(disk, "mine") == replace(version, layers=(replace(layer, prefix={}),))
    with pytest.raises(ArchiveInvalid):
        read_version(disk, "mine")
    path.write_bytes(data)
    assert read_version(disk, "mine").layers[0].prefix == places
