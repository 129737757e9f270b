"""Unpacking: true at its new place, in every format; what is wrong is named and leaves no trace."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive import extract
from modelarts_nb.envs.archive.manifest import INSIDE, Manifest, side_file
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.envs.state import read_state
from modelarts_nb.errors import (
    ArchiveHostile,
    ArchiveInvalid,
    Cancelled,
    DiskFull,
    InvalidName,
    NameTaken,
    NotFound,
    PlatformMismatch,
    UsageError,
)
from tests.unit.envs.archive.conftest import MTIME, padded, tree_of
from tests.unit.envs.archive.test_pack import StopAt

MakeEnv = Callable[..., Path]
FORMATS = ["tar.zst", "tar.gz", "tar", "squashfs"]


def nothing_left(disk: Disk) -> bool:
    staging = os.listdir(disk.staging) if disk.staging.exists() else []
    made = [n for n in os.listdir(disk.envs) if n != "demo"] if disk.envs.exists() else []
    return not staging and not made


@pytest.mark.parametrize("format", FORMATS)
def test_it_is_the_same_environment_true_at_its_new_prefix(
    disk: Disk, make_env: MakeEnv, format: str
) -> None:
    prefix = make_env()
    archive = pack("demo", format=format, disk=disk)

    made = unpack(str(archive.path), "other", disk=disk)

    new = disk.envs / "other"
    assert made.prefix == new
    expected = make_env(at=disk.root / "envs/user_conda/reference")
    reference = tree_of(expected)
    found = tree_of(new)
    for name in reference:
        if name.startswith("conda-meta/") or name == "lib/absolute.so":
            continue
        kind, content = reference[name], found[name]
        wanted = repr(kind).replace(str(expected), str(new))
        if name == "lib/libdemo.so":
            assert content[1] == padded(str(new))  # type: ignore[index]
        else:
            assert repr(content) == wanted, name
    assert set(found) == set(reference)
    assert (new / "lib/absolute.so").resolve() == new / "lib/libdemo.so"
    if format != "squashfs":  # there, files that change are replaced one by one
        assert (new / "etc/first.conf").stat().st_ino == (new / "etc/second.conf").stat().st_ino
    assert (new / "lib/plain.txt").stat().st_mtime == MTIME
    assert leftovers(new, [str(prefix)]) == []


def test_its_state_says_where_it_came_from(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    archive = pack("demo", disk=disk)
    unpack(str(archive.path), "other", disk=disk)
    state = read_state(disk.envs / "other")
    assert state is not None
    assert (state.prefix, state.origin) == (str(disk.envs / "other"), str(archive.path))
    assert state.engine == "unpack"


def test_unpacked_it_can_be_packed_and_unpacked_again(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    first = unpack(str(pack("demo", disk=disk).path), "one", disk=disk)
    second = unpack(str(pack("one", format="tar.gz", disk=disk).path), "two", disk=disk)
    old, new = str(first.prefix), str(second.prefix)
    assert leftovers(second.prefix, [old]) == []
    assert new in (second.prefix / "bin/tool").read_text()
    assert set(tree_of(first.prefix)) == set(tree_of(second.prefix))


def test_a_file_too_big_for_memory_is_made_true_too(
    disk: Disk, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelarts_nb.envs.archive import opened

    prefix = make_env()
    text = b"." * 9000 + os.fsencode(prefix) + b"/x\n" + b"." * 5000
    (prefix / "lib/big.txt").write_bytes(text)
    archive = pack("demo", disk=disk)
    monkeypatch.setattr(extract, "PIECE", 4096)
    monkeypatch.setattr(opened, "PIECE", 4096)
    new = unpack(str(archive.path), "other", disk=disk).prefix
    expected = text.replace(os.fsencode(prefix), os.fsencode(new))
    assert (new / "lib/big.txt").read_bytes() == expected


def test_without_a_name_it_keeps_its_own(disk: Disk, make_env: MakeEnv) -> None:
    prefix = make_env()
    archive = pack("demo", disk=disk)
    shutil.rmtree(prefix)
    assert unpack(archive.path.name, disk=disk).prefix == prefix


@pytest.mark.parametrize("exists", [False, True])
def test_into_any_folder(disk: Disk, make_env: MakeEnv, tmp_path: Path, exists: bool) -> None:
    make_env()
    target = tmp_path / "elsewhere/mine"
    if exists:
        target.mkdir(parents=True)
    made = unpack(str(pack("demo", disk=disk).path), prefix=str(target), disk=disk)
    assert made.prefix == target
    assert (target / "bin/tool").read_text().startswith(f"#!{target}/bin/python3.11")
    assert os.listdir(target.parent) == ["mine"]
    listed = (disk.home / ".conda/environments.txt").read_text().splitlines()
    assert str(target) in listed


def test_a_folder_with_something_in_it_is_refused(
    disk: Disk, make_env: MakeEnv, tmp_path: Path
) -> None:
    make_env()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    with pytest.raises(NameTaken):
        unpack(str(pack("demo", disk=disk).path), prefix=str(tmp_path / "full"), disk=disk)
    assert os.listdir(tmp_path / "full") == ["mine"]


@pytest.mark.parametrize(
    ("name", "error"), [("DEMO", NameTaken), ("base", InvalidName), ("a/b", InvalidName)]
)
def test_names_are_checked_before_anything_is_done(
    disk: Disk, make_env: MakeEnv, name: str, error: type[Exception]
) -> None:
    make_env()
    archive = pack("demo", disk=disk)
    with pytest.raises(error):
        unpack(str(archive.path), name, disk=disk)
    assert nothing_left(disk)


def test_a_name_and_a_folder_are_too_much(disk: Disk) -> None:
    with pytest.raises(UsageError):
        unpack("x.tar", "a", prefix="/b", disk=disk)


def test_an_archive_that_is_not_there(disk: Disk) -> None:
    with pytest.raises(NotFound, match=r"x\.tar"):
        unpack("x.tar", "a", disk=disk)


@pytest.mark.parametrize("format", FORMATS)
def test_cut_off_anywhere_it_is_refused_and_leaves_nothing(
    disk: Disk, make_env: MakeEnv, format: str
) -> None:
    (make_env() / "lib/noise").write_bytes(os.urandom(100_000))
    archive = pack("demo", format=format, disk=disk)
    side_file(archive.path).unlink()
    data = archive.path.read_bytes()
    for share in (0.1, 0.5, 0.9):
        archive.path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ArchiveInvalid) as caught:
            unpack(str(archive.path), "other", disk=disk)
        assert caught.value.hint
        assert nothing_left(disk)


@pytest.mark.parametrize("format", ["tar.zst", "tar.gz"])
def test_a_flipped_bit_is_noticed_without_a_manifest_beside(
    disk: Disk, make_env: MakeEnv, format: str
) -> None:
    prefix = make_env()
    (prefix / "lib/noise").write_bytes(os.urandom(100_000))
    archive = pack("demo", format=format, disk=disk)
    side_file(archive.path).unlink()
    data = bytearray(archive.path.read_bytes())
    data[len(data) // 2] ^= 1
    archive.path.write_bytes(data)
    with pytest.raises(ArchiveInvalid):
        unpack(str(archive.path), "other", disk=disk)
    assert nothing_left(disk)


@pytest.mark.parametrize("format", ["tar", "squashfs"])
def test_another_file_than_the_packed_one_is_noticed(
    disk: Disk, make_env: MakeEnv, format: str
) -> None:
    make_env()
    archive = pack("demo", format=format, disk=disk)
    manifest = json.loads(side_file(archive.path).read_text())
    side_file(archive.path).write_text(json.dumps({**manifest, "sha256": "0" * 64}))
    with pytest.raises(ArchiveInvalid, match="checksum"):
        unpack(str(archive.path), "other", disk=disk)
    assert nothing_left(disk)


@pytest.mark.parametrize("content", [b"", b"hello", os.urandom(4000), b"\x28\xb5\x2f\xfd" * 50])
def test_what_is_no_archive_is_refused(disk: Disk, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar.zst").write_bytes(content)
    with pytest.raises(ArchiveInvalid):
        unpack(str(tmp_path / "x.tar.zst"), "other", disk=disk)
    assert nothing_left(disk)


Members = dict[str, "bytes | tarfile.TarInfo"]
SCRIPT = b"#!/usr/bin/env python\n_prefix_records = [\n('bin/tool', '/old/place', 'text')\n]\n"
GOOD: Members = {
    "conda-meta/history": b"",
    "bin/tool": b"#!/old/place/bin/python\n",
    "bin/conda-unpack": SCRIPT,
}


def made_by_hand(path: Path, members: Members) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def info(name: str, kind: bytes, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mode = kind, target, mode
    return found


def test_the_good_one_of_these_is_taken(disk: Disk, tmp_path: Path) -> None:
    made = unpack(str(made_by_hand(tmp_path / "x.tgz", GOOD)), "other", disk=disk)
    assert (made.prefix / "bin/tool").read_text() == f"#!{made.prefix}/bin/python\n"
    assert not (made.prefix / "bin/conda-unpack").exists()


@pytest.mark.parametrize(
    "extra",
    [
        {"../evil": b"x"},
        {"/tmp/evil": b"x"},
        {"a/../../evil": b"x"},
        {"l": info("l", tarfile.SYMTYPE, "/etc"), "l/evil": b"x"},
        {"l": info("l", tarfile.SYMTYPE, "../..")},
        {"l": info("l", tarfile.SYMTYPE, "."), "m": info("m", tarfile.SYMTYPE, "l/l/../../x")},
        {"l": info("l", tarfile.LNKTYPE, "/etc/passwd")},
        {"l": info("l", tarfile.LNKTYPE, "../../../etc/passwd")},
        {"d": info("d", tarfile.CHRTYPE)},
        {"d": info("d", tarfile.FIFOTYPE)},
        {"conda-meta/modelarts_nb/../../../evil": b"x"},
    ],
)
def test_what_would_write_or_point_outside_is_refused(
    disk: Disk, tmp_path: Path, extra: Members
) -> None:
    archive = made_by_hand(tmp_path / "x.tgz", {**GOOD, **extra})
    with pytest.raises(ArchiveHostile) as caught:
        unpack(str(archive), "other", disk=disk)
    assert caught.value.hint
    assert nothing_left(disk)
    assert not list(tmp_path.rglob("evil"))


def test_an_absolute_link_into_the_old_prefix_comes_home(disk: Disk, tmp_path: Path) -> None:
    link = info("lib/a", tarfile.SYMTYPE, "/old/place/bin/tool")
    made = unpack(str(made_by_hand(tmp_path / "x.tgz", {**GOOD, "a": link})), "other", disk=disk)
    assert (made.prefix / "lib/a").readlink() == Path("../bin/tool")


def test_setuid_bits_do_not_come_along(disk: Disk, tmp_path: Path) -> None:
    evil = info("bin/su", tarfile.REGTYPE, mode=0o6755)
    made = unpack(str(made_by_hand(tmp_path / "x.tgz", {**GOOD, "x": evil})), "other", disk=disk)
    assert (made.prefix / "bin/su").stat().st_mode & 0o7777 == 0o755


def test_devices_in_an_image_are_refused(disk: Disk, make_env: MakeEnv, tmp_path: Path) -> None:
    prefix = make_env()
    pseudo = ["-p", "bin/null c 666 root root 1 3"]
    image = tmp_path / "x.squashfs"
    subprocess.run(
        ["mksquashfs", prefix, image, "-quiet", "-no-progress", *pseudo],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ArchiveHostile):
        unpack(str(image), "other", disk=disk)
    assert nothing_left(disk)


def test_links_out_of_an_image_are_refused(disk: Disk, make_env: MakeEnv, tmp_path: Path) -> None:
    prefix = make_env()
    (prefix / "lib/out").symlink_to("../../../../etc")
    (prefix / "bin/conda-unpack").write_bytes(SCRIPT)
    image = tmp_path / "x.squashfs"
    subprocess.run(
        ["mksquashfs", prefix, image, "-quiet", "-no-progress"], check=True, capture_output=True
    )
    with pytest.raises(ArchiveHostile, match="lib/out"):
        unpack(str(image), "other", disk=disk)
    assert nothing_left(disk)


def test_a_bomb_is_refused_before_it_fills_the_disk(disk: Disk, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        bomb = tarfile.TarInfo("lib/zeros")
        bomb.size = 1 << 42
        tar.addfile(bomb)
    with pytest.raises((ArchiveHostile, DiskFull)):
        unpack(str(tmp_path / "x.tar"), "other", disk=disk)
    assert nothing_left(disk)


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"bin/tool": b"x"}, "conda-meta"),
        ({"nested/conda-meta/history": b"", "nested/bin/tool": b"x"}, "conda-meta"),
        ({"conda-meta/history": b"", "bin/tool": b"x"}, "conda-unpack"),
    ],
)
def test_what_is_no_environment_is_refused_with_the_reason(
    disk: Disk, tmp_path: Path, members: Members, word: str
) -> None:
    with pytest.raises(ArchiveInvalid, match=word):
        unpack(str(made_by_hand(tmp_path / "x.tgz", members)), "other", disk=disk)
    assert nothing_left(disk)


def test_another_platform_is_refused_by_its_records(disk: Disk, tmp_path: Path) -> None:
    record = json.dumps({"name": "python", "version": "3.9", "subdir": "linux-s390x"}).encode()
    members = {**GOOD, "conda-meta/python-3.9-0.json": record}
    with pytest.raises(PlatformMismatch, match="linux-s390x") as caught:
        unpack(str(made_by_hand(tmp_path / "x.tgz", members)), "other", disk=disk)
    assert caught.value.hint
    assert nothing_left(disk)


def test_another_platform_is_refused_by_the_manifest(disk: Disk, tmp_path: Path) -> None:
    told = Manifest("x", "", "/a", ("/a",), "linux-aarch999", "aarch999", None, 1, 1)
    members: Members = {INSIDE: told.to_bytes(), **GOOD}
    with pytest.raises(PlatformMismatch, match="aarch999"):
        unpack(str(made_by_hand(tmp_path / "x.tgz", members)), "other", disk=disk)


def test_a_manifest_that_lies_about_its_size_gains_nothing(disk: Disk, tmp_path: Path) -> None:
    from modelarts_nb.envs.archive.recorded import platform_here

    told = Manifest("x", "", "/old/place", ("/old/place",), platform_here(), "", None, 1, 1)
    told = dataclasses.replace(told, size=-5, added=("../../evil", "bin/tool"))
    members: Members = {INSIDE: told.to_bytes(), **GOOD}
    made = unpack(str(made_by_hand(tmp_path / "x.tgz", members)), "other", disk=disk)
    assert made.prefix.is_dir()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("phase", ["unpacking", "rewriting"])
def test_cancelled_it_leaves_nothing(
    disk: Disk, make_env: MakeEnv, format: str, phase: str
) -> None:
    make_env()
    archive = pack("demo", format=format, disk=disk)
    threads = threading.active_count()
    with pytest.raises(Cancelled):
        unpack(str(archive.path), "other", disk=disk, progress=StopAt(phase))
    assert nothing_left(disk)
    assert threading.active_count() <= threads


def test_no_room_is_said_before_anything_is_written(
    disk: Disk, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelarts_nb.disk import space

    make_env()
    archive = pack("demo", disk=disk)
    monkeypatch.setattr(space, "space_at", lambda path: space.Space(100, 100, None))
    with pytest.raises(DiskFull):
        unpack(str(archive.path), "other", disk=disk)
    assert nothing_left(disk)


def test_a_disk_that_fills_up_leaves_nothing(
    disk: Disk, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_env()
    archive = pack("demo", disk=disk)

    def full(fd: int, data: object, offset: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(DiskFull):
        unpack(str(archive.path), "other", disk=disk)
    assert nothing_left(disk)
