"""Images: found by their content, on this disk first, then in sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import sources
from modelarts_nb.envs.sealed.images import find_image, image_path, keep
from modelarts_nb.errors import NotFound
from tests.unit.envs.sealed.by_hand import environment, make_version, put

LONG_AGO = 1_000_000_000


def team(disk: Disk, folder: Path) -> tuple[Disk, str]:
    """A team's disk with one sealed environment, and the image of it."""
    theirs = Disk(folder, "team", disk.home)
    layer = put(theirs.images, environment())
    make_version(theirs, "torch", layer)
    return theirs, layer.image


def test_an_image_of_this_disk_is_found(disk: Disk) -> None:
    layer = put(disk.images, environment())
    assert find_image(disk, layer.image) == image_path(disk, layer.image)


def test_an_image_of_a_source_is_found_where_it_is(disk: Disk, tmp_path: Path) -> None:
    theirs, image = team(disk, tmp_path / "team")
    with pytest.raises(NotFound):
        find_image(disk, image)
    sources.add(str(theirs.root), disk=disk)
    assert find_image(disk, image) == image_path(theirs, image)


def test_given_both_have_it_then_it_is_this_disks(disk: Disk, tmp_path: Path) -> None:
    theirs, image = team(disk, tmp_path / "team")
    sources.add(str(theirs.root), disk=disk)
    put(disk.images, environment())
    assert find_image(disk, image) == image_path(disk, image)


def test_given_nobody_has_it_then_an_earlier_version_is_hinted_at(disk: Disk) -> None:
    with pytest.raises(NotFound, match="aaaaaaaaaaaa") as gone:
        find_image(disk, "a" * 64)
    assert "earlier version" in gone.value.hint


def test_what_is_kept_is_as_young_as_if_it_were_new(disk: Disk) -> None:
    layer = put(disk.images, environment())
    os.utime(image_path(disk, layer.image), (LONG_AGO, LONG_AGO))
    assert keep(disk, layer.image).stat().st_mtime > LONG_AGO
    with pytest.raises(NotFound):
        keep(disk, "a" * 64)


def test_keeping_changes_nothing_in_a_source(disk: Disk, tmp_path: Path) -> None:
    theirs, image = team(disk, tmp_path / "team")
    os.utime(image_path(theirs, image), (LONG_AGO, LONG_AGO))
    sources.add(str(theirs.root), disk=disk)
    assert keep(disk, image).stat().st_mtime == LONG_AGO
