"""What lies between two versions: packages and files, from the indexes alone."""

from __future__ import annotations

import os

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed import difference
from modelarts_nb.envs.sealed.answers import FileChanges, PackageChange
from modelarts_nb.envs.sealed.difference import diff
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.errors import ModelArtsNbError, NotFound, UsageError
from tests.unit.envs.sealed.by_hand import MTIME, environment, make_layer, make_version

pytestmark = pytest.mark.usefixtures("run")

OLD = (
    Package("numpy", "1.25", "conda", "0"),
    Package("python", "3.11.7", "conda", "a"),
    Package("gone", "1", "pip"),
    Package("six", "1.16", "pip"),
)
NEW = (
    Package("numpy", "1.26", "conda", "0"),
    Package("python", "3.11.7", "conda", "b"),
    Package("torch", "2.1", "pip"),
    Package("six", "1.16", "pip"),
)


@pytest.fixture
def mine(disk: Disk) -> Disk:
    """Version 1 is whole; 2 changes it by a layer; 3 is 2 in one image; 4 is unlike all."""
    base = make_layer(disk, {"a": b"aa", "b": b"bb", "d": None, "d/e": b"e", "d/f": b"ff"})
    delta = make_layer(disk, {"b": b"bbb", "new": b"12345", "l": "-> a"}, deleted=["d/e"])
    whole = make_layer(
        disk, {"a": b"aa", "b": b"bbb", "new": b"12345", "l": "-> a", "d": None, "d/f": b"ff"}
    )
    make_version(disk, "mine", base, packages=OLD)
    make_version(disk, "mine", base, delta, number=2, parent=1, packages=NEW)
    make_version(disk, "mine", whole, number=3, parent=2, packages=NEW)
    make_version(disk, "mine", make_layer(disk, {"x": b"x"}), number=4, parent=1)
    return disk


def test_packages_are_told_with_their_versions(mine: Disk) -> None:
    assert diff("mine", 1, 2, disk=mine).packages == (
        PackageChange("gone", "pip", "1", None),
        PackageChange("numpy", "conda", "1.25", "1.26"),
        PackageChange("python", "conda", "3.11.7 a", "3.11.7 b"),
        PackageChange("torch", "pip", None, "2.1"),
    )


def test_files_are_counted_with_their_bytes(mine: Disk) -> None:
    found = diff("mine", 1, 2, disk=mine)
    assert (found.name, found.before, found.after) == ("mine", "1", "2")
    assert found.added == FileChanges(2, 5, ("l", "new"))
    assert found.removed == FileChanges(1, 1, ("d/e",))
    assert found.changed == FileChanges(1, 3, ("b",))


def test_the_other_way_round_what_was_added_is_removed(mine: Disk) -> None:
    there, back = diff("mine", 1, 2, disk=mine), diff("mine", 2, 1, disk=mine)
    assert (back.added, back.removed) == (there.removed, there.added)
    assert back.changed.paths == there.changed.paths


def test_the_same_files_in_another_image_are_the_same(mine: Disk) -> None:
    found = diff("mine", 2, 3, disk=mine)
    nothing = FileChanges()
    assert (found.added, found.removed, found.changed) == (nothing, nothing, nothing)
    assert found.packages == ()


def test_hard_links_are_the_file_that_they_are(disk: Disk) -> None:
    """Which name comes first in an image says nothing."""
    make_version(disk, "mine", make_layer(disk, {"a": b"1", "b": "== a"}))
    make_version(disk, "mine", make_layer(disk, {"b": b"1", "a": "== b"}), number=2, parent=1)
    assert diff("mine", disk=disk).changed == FileChanges()


def test_without_numbers_it_is_what_the_newest_changed(mine: Disk) -> None:
    found = diff("mine", disk=mine)
    assert (found.before, found.after) == ("1", "4")
    assert (diff("mine", 3, disk=mine).before, diff("mine", b=2, disk=mine).before) == ("3", "1")


def test_numbers_may_come_as_text(mine: Disk) -> None:
    assert diff("mine", "1", "2", disk=mine) == diff("mine", 1, 2, disk=mine)


def test_what_is_unsaved_is_compared_like_a_version(disk: Disk) -> None:
    # given
    make_version(disk, "mine", make_layer(disk, environment()))
    slot = fill("mine", disk=disk)
    # when
    (slot.path / "lib/added").write_text("by pip")
    (slot.path / "lib/empty").unlink()
    (slot.path / "lib/data").write_text("changed")
    os.utime(slot.path / "lib/data", (MTIME, MTIME))
    (slot.path / "lib/folder").mkdir()
    (slot.path / "conda-meta/more-2.0-0.json").write_text(
        '{"name": "more", "version": "2.0", "build": "0", "files": []}'
    )
    found = diff("mine", b="unsaved", disk=disk)
    # then
    assert (found.before, found.after) == ("1", "unsaved")
    assert found.added.paths == ("conda-meta/more-2.0-0.json", "lib/added")
    assert found.removed == FileChanges(1, 0, ("lib/empty",))
    assert "lib/data" in found.changed.paths
    assert ("more", "2.0") in [(change.name, change.after) for change in found.packages]
    # and the other way round
    back = diff("mine", "unsaved", 1, disk=disk)
    assert (back.added, back.removed) == (found.removed, found.added)


def test_nothing_unsaved_is_no_difference(disk: Disk) -> None:
    packages = (Package("demo", "1.0", "conda", "0"),)
    make_version(disk, "mine", make_layer(disk, environment()), packages=packages)
    fill("mine", disk=disk)
    found = diff("mine", b="unsaved", disk=disk)
    assert (found.added, found.removed, found.changed) == (FileChanges(),) * 3


def test_many_files_are_counted_and_the_first_are_named(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference, "SHOWN", 3)
    make_version(disk, "mine", make_layer(disk, {"a": b"1"}))
    layer = make_layer(disk, {f"{n}": b"1" for n in range(7)})
    make_version(disk, "mine", layer, number=2, parent=1)
    assert diff("mine", disk=disk).added == FileChanges(7, 7, ("0", "1", "2"))


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ("newest", 2, UsageError),
        (1, "-1", UsageError),
        (1, "²", UsageError),
        (1, "1" * 400, UsageError),
        (1, 9, NotFound),
        (1, "unsaved", NotFound),
        (None, 1, NotFound),
    ],
)
def test_what_cannot_be_compared_says_why(
    mine: Disk, a: int | str | None, b: int | str, error: type[ModelArtsNbError]
) -> None:
    with pytest.raises(error) as refused:
        diff("mine", a, b, disk=mine)
    assert refused.value.hint


@pytest.mark.parametrize("name", ["other", "", "../mine", "x\0"])
def test_what_has_no_versions_is_not_found(mine: Disk, name: str) -> None:
    with pytest.raises(NotFound):
        diff(name, 1, 2, disk=mine)
