"""Files become an image that is named by its content, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.index import read_index
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.imaging import Image, write_image
from modelarts_nb.errors import Busy
from modelarts_nb.progress import SILENT


def item(path: Path, name: str = "") -> Item:
    """A file as a member."""
    info = path.stat()
    return Item(name or path.name, "file", str(path), info.st_size, 0o644, info.st_mtime_ns)


def written(disk: Disk, *items: Item) -> Image:
    with Team() as team:
        return write_image(items, "demo", disk=disk, team=team, threads=2, progress=SILENT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def test_an_image_is_called_by_the_sha256_of_its_file(disk: Disk, file: Path) -> None:
    image = written(disk, item(file))

    data = image_path(disk, image.sha256).read_bytes()
    assert hashlib.sha256(data).hexdigest() == image.sha256
    assert len(data) == image.size
    assert os.listdir(disk.images) == [f"{image.sha256}.tar.zst"]


def test_its_index_has_every_member_and_its_size(disk: Disk, file: Path) -> None:
    image = written(disk, item(file, "lib/one"), item(file, "lib/two"))

    index = read_index(image_path(disk, image.sha256))

    assert index is not None
    assert [placed.member.path for placed in index.members] == ["lib/one", "lib/two"]
    assert index.plain == image.plain


def test_an_image_of_nothing_is_one(disk: Disk) -> None:
    image = written(disk)

    index = read_index(image_path(disk, image.sha256))

    assert index is not None
    assert index.members == ()


def test_the_same_files_are_the_same_image_which_is_spared_for_another_hour(
    disk: Disk, file: Path
) -> None:
    first = written(disk, item(file))
    os.utime(image_path(disk, first.sha256), (0, 0))

    again = written(disk, item(file))

    assert again == first
    assert len(os.listdir(disk.images)) == 1
    assert image_path(disk, first.sha256).stat().st_mtime > time.time() - 60


def test_a_damaged_image_of_that_name_is_replaced(disk: Disk, file: Path) -> None:
    path = image_path(disk, written(disk, item(file)).sha256)
    whole = path.read_bytes()
    path.write_bytes(whole[:10])

    written(disk, item(file))

    assert path.read_bytes() == whole


def test_a_file_that_is_not_what_was_seen_leaves_nothing_behind(disk: Disk, file: Path) -> None:
    seen = item(file)
    file.write_bytes(b"another")

    with pytest.raises(Busy):
        written(disk, seen)

    assert os.listdir(disk.images) == []
