"""The archives on the disk: listed, whatever lies there; removed with their manifests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.manifest import side_file
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.shelf import list_archives, remove_archive
from modelarts_nb.errors import NotFound

MakeEnv = Callable[..., Path]


def test_a_disk_without_archives_has_none(disk: Disk) -> None:
    assert list_archives(disk=disk) == []


def test_they_are_listed_as_pack_returned_them(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    made = [pack("demo", format=f, disk=disk) for f in ("tar.zst", "tar.gz")]
    found = list_archives(disk=disk)
    assert sorted(found, key=lambda a: a.format) == sorted(made, key=lambda a: a.format)


def test_without_a_manifest_beside_the_one_inside_tells(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    archive = pack("demo", disk=disk)
    side_file(archive.path).write_text("{broken")
    (found,) = list_archives(disk=disk)
    assert (found.name, found.files, found.sha256) == ("demo", archive.files, "")


@pytest.mark.parametrize("content", [b"", b"junk", b"\x28\xb5\x2f\xfdjunk"])
def test_what_cannot_be_read_is_listed_by_its_name(disk: Disk, content: bytes) -> None:
    disk.archives.mkdir(parents=True)
    (disk.archives / "mine-1.tar.zst").write_bytes(content)
    (disk.archives / ".half.tar.zst.00000000-1.partial").write_bytes(b"")
    (disk.archives / "notes.txt").write_bytes(b"")
    (found,) = list_archives(disk=disk)
    assert (found.name, found.format, found.size) == ("mine-1", "tar.zst", len(content))


def test_removed_it_takes_its_manifest_along(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    archive = pack("demo", disk=disk)
    assert remove_archive(archive.path.name, disk=disk).name == "demo"
    assert os.listdir(disk.archives) == []


@pytest.mark.parametrize("name", ["no.tar.zst", "../user_conda/demo", "/etc/passwd", ""])
def test_nothing_else_can_be_removed(disk: Disk, make_env: MakeEnv, name: str) -> None:
    prefix = make_env()
    with pytest.raises(NotFound):
        remove_archive(name, disk=disk)
    assert prefix.is_dir()
