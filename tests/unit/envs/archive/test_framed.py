"""Unpacking with the index: the same as from beginning to end, by several processes, and safe."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive import index, shares, team
from modelarts_nb.envs.archive.manifest import side_file
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.tarstream import Member, Placed
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.errors import ArchiveHostile, ArchiveInvalid, Cancelled, ModelArtsNbError
from modelarts_nb.progress import Silent

MakeEnv = Callable[..., Path]


@pytest.fixture
def archive(disk: Disk, make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of an environment with files of many sizes, some cut over frames; nothing beside it."""
    monkeypatch.setattr(shares, "PIECE", 64 << 10)
    monkeypatch.setattr(shares, "_SHARE", 256 << 10)
    prefix = make_env()
    for number in range(40):
        path = prefix / f"lib/many/{number % 7}/f{number:02}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(number * 15_001))
        path.chmod(0o640 if number % 2 else 0o755)
        os.utime(path, (1_500_000_000 + number, 1_500_000_000 + number))
    (prefix / "lib/many/2/large-text").write_bytes(b"." * 700_000 + os.fsencode(prefix) + b"/x\n")
    packed = pack("demo", disk=disk).path
    side_file(packed).unlink()
    return packed


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        info = path.lstat()
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("dir", info.st_mode)
        elif "modelarts_nb" not in name:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            # What was rewritten just now has a time of now.
            time = int(info.st_mtime) if info.st_mtime < 1_700_000_000 else "now"
            found[name] = (info.st_mode, time, info.st_nlink, digest)
    return found


def without_index(archive: Path) -> Path:
    data = archive.read_bytes()
    _, size, _ = index._FOOT.unpack(data[-index._FOOT.size :])
    plain = archive.with_name("plain.tar.zst")
    plain.write_bytes(data[: -(size + index._FOOT.size + index._HEAD.size)])
    assert index.read_index(plain) is None
    return plain


@pytest.mark.parametrize("alone", [True, False])
def test_with_and_without_the_index_the_same_comes_out(
    disk: Disk, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    if not alone:
        monkeypatch.setattr(team, "_ALONE", 0)
    (tmp_path / "envs").mkdir()
    prefix = tmp_path / "envs/same"
    found = []
    for file in (archive, without_index(archive)):
        unpack(str(file), prefix=str(prefix), kernel=False, disk=disk)
        found.append(tree(prefix))
        assert (prefix / "lib/many/2/large-text").read_text().endswith(f".{prefix}/x\n")
        shutil.rmtree(prefix)
    assert found[0] == found[1]


def swap(archive: Path, change: Callable[[list[Placed]], list[Placed]]) -> Path:
    """The archive with another list of members in its index."""
    old = index.read_index(archive)
    assert old is not None
    members = change(list(old.members))
    writer = index.IndexWriter()
    for frame in old.frames:
        # A member belongs to the frame in which its header begins; its data may be in the next.
        inside = [m for m in members if frame.start < m.at <= frame.start + frame.plain]
        members = members[len(inside) :]
        told = [replace(m, at=m.at - frame.start) for m in inside]
        writer.frame(frame.size, frame.plain, index.rows(told))
    end = old.frames[-1].offset + old.frames[-1].size
    changed = archive.with_name("changed.tar.zst")
    changed.write_bytes(archive.read_bytes()[:end] + writer.to_bytes())
    assert index.read_index(changed) is not None
    return changed


def renamed(path: str) -> Callable[[list[Placed]], list[Placed]]:
    def change(members: list[Placed]) -> list[Placed]:
        at = next(n for n, p in enumerate(members) if p.member.path == "lib/plain.txt")
        members[at] = replace(members[at], member=replace(members[at].member, path=path))
        return members

    return change


def through_a_link(members: list[Placed]) -> list[Placed]:
    at = next(n for n, p in enumerate(members) if p.member.path == "lib/plain.txt")
    link = Placed(Member("lib/out", "link", 0, 0o777, 0, "/tmp"), members[at].at)
    return [*members[:at], link, *renamed("lib/out/evil")(members[at:])]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(renamed("../evil"), id="a path that leads out"),
        pytest.param(renamed("/tmp/evil"), id="an absolute path"),
        pytest.param(through_a_link, id="a path through a link"),
        pytest.param(renamed("lib/empty/evil"), id="a path through a file"),
        pytest.param(renamed("bin/tool"), id="a path that is there twice"),
    ],
)
def test_a_hostile_index_is_refused_before_anything_is_written(
    disk: Disk, archive: Path, tmp_path: Path, change: Callable[[list[Placed]], list[Placed]]
) -> None:
    hostile = swap(archive, change)
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises((ArchiveHostile, ArchiveInvalid)) as caught:
        unpack(str(hostile), "new", kernel=False, disk=disk)
    assert caught.value.hint
    assert not (disk.envs / "new").exists()
    assert {path.name for path in tmp_path.iterdir()} == before


def test_damage_in_the_middle_ends_it_and_leaves_nothing(
    disk: Disk, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "_ALONE", 0)
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(ArchiveInvalid, match="damaged"):
        unpack(str(archive), "new", kernel=False, disk=disk)
    assert not (disk.envs / "new").exists()
    assert list(disk.staging.iterdir()) == []


class StopAtOnce(Silent):
    unpacking = False

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self.unpacking = name == "unpacking"

    def check(self) -> None:
        if self.unpacking:
            raise Cancelled


def test_cancelled_nothing_is_left(
    disk: Disk, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team, "_ALONE", 0)
    with pytest.raises(Cancelled):
        unpack(str(archive), "new", kernel=False, disk=disk, progress=StopAtOnce())
    assert not (disk.envs / "new").exists()
    assert list(disk.staging.iterdir()) == []


def test_the_checksum_beside_it_still_counts(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    packed = pack("demo", disk=disk)
    other = side_file(packed.path).read_text().replace(packed.sha256 or "", "0" * 64)
    side_file(packed.path).write_text(other)
    with pytest.raises(ModelArtsNbError, match="checksum differs"):
        unpack(str(packed.path), "new", kernel=False, disk=disk)
