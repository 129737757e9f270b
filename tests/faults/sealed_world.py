"""A small disk with sealed environments to break, and a local disk in which some of them run.

tree        open, with a kernel, made from the source
shut        sealed in two versions; its local copy has changes that are in no version
steady      sealed in two versions; its local copy is as the second
far         sealed, not on the local disk
changed     open; its state before the last change is in the bin
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs.archive.index import frame_bytes, read_index
from modelarts_nb.envs.bin import entry_name, note_removal
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.merged import merge
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.unsaved import watch
from modelarts_nb.envs.sealed.versions import numbers, read_version, sealed_names
from modelarts_nb.envs.state import read_state, write_state
from modelarts_nb.envs.swaps import swap
from modelarts_nb.envs.twin import make_twin
from tests.faults.world import World, _clear, _copy, digest, make_source

LONG_AGO = time.time() - 7200
_OURS = "conda-meta/modelarts_nb"
_CHECKSUM = re.compile(rb'"sha256_in_prefix": "[0-9a-f]*"')


@dataclass(frozen=True)
class SealedWorld(World):
    """``local`` is a short path: the run root is in it. Its files are put back ``behind_local``
    where that is quicker."""

    local: Path = Path("/nowhere")
    behind_local: Path | None = None

    @property
    def run(self) -> Path:
        """The run root."""
        return self.local / "run"

    @property
    def watched(self) -> tuple[str, ...]:
        """Also what is on the local disk."""
        return (*super().watched, str(self.local))

    @contextmanager
    def settings(self) -> Iterator[None]:
        before = os.environ.get("MODELARTS_NB_RUN")
        os.environ["MODELARTS_NB_RUN"] = str(self.run)
        try:
            with super().settings():
                yield
        finally:
            if before is None:
                del os.environ["MODELARTS_NB_RUN"]
            else:
                os.environ["MODELARTS_NB_RUN"] = before

    def build(self) -> None:
        """Make everything, and keep a copy for ``fresh``."""
        make_source(self.source, folders=1)
        self.disk.home.mkdir(parents=True)
        self.local.mkdir(exist_ok=True)
        with self.settings():
            for name in ("tree", "shut", "changed"):
                clone(str(self.source), name, disk=self.disk)
            _change(self.disk, "changed")
            seal("shut", why="first", disk=self.disk)
            _work(fill("shut", disk=self.disk).path, "second")
            save("shut", why="second", disk=self.disk)
            for name in ("steady", "far", "gone"):
                clone("shut", name, disk=self.disk)
            remove("gone", disk=self.disk)
            _work(fill("steady", disk=self.disk).path, "steady")
            save("steady", disk=self.disk)
            slot = slots.current(self.disk, "shut")
            assert slot
            _work(slot.path, "unsaved")
            self._litter()
        for place, kept in self._places():
            _copy(place, kept, link=False)

    def fresh(self) -> None:
        """Everything as it was when it was built; what is unsaved is so still."""
        for place, kept in self._places():
            _clear(place)
            # Nothing is ever written into, only replaced.
            _copy(kept, place, link=self.behind is None and self.behind_local is None)
        with self.settings():
            _settle(self.disk)

    def _litter(self) -> None:
        """Two images that nobody needs."""
        for text in (b"one", b"two"):
            path = self.disk.images / f"{hashlib.sha256(text).hexdigest()}.tar.zst"
            path.write_bytes(text * 1000)
        for path in self.disk.images.iterdir():
            os.utime(path, (LONG_AGO, LONG_AGO))

    def _places(self) -> list[tuple[Path, Path]]:
        return [*super()._places(), (self.behind_local or self.local, self.base / "kept/local")]


def _work(prefix: Path, text: str) -> None:
    """What somebody does in a kernel: a package comes, another goes, a file changes."""
    site = prefix / "lib/python3.11/site-packages"
    (site / text).mkdir()
    (site / text / "__init__.py").write_text(f"A = {text!r}\nROOT = {str(prefix)!r}\n")
    (site / text / "data").write_bytes(os.urandom(3000))
    min((site / "demo/0").iterdir()).unlink()
    (prefix / "etc/first.conf").write_text(f"root={prefix}\n{text}\n")


def _change(disk: Disk, name: str) -> None:
    """A change as install makes it."""
    prefix = disk.envs / name
    with lock(disk, name) as held, staged(disk, "change") as stage:
        twin = stage.path / "content"
        make_twin(prefix, twin)
        (twin / "lib/changed").write_text("changed")
        state = read_state(prefix)
        assert state
        write_state(twin, state)
        note_removal(prefix, disk)
        swap(disk, held, stage, twin, prefix, disk.bin / entry_name(name))


def _settle(disk: Disk) -> None:
    """Copies of copies have a later ctime than what was noted: note what is clean anew. What is
    unsaved is told by its names, sizes and times."""
    for slot in slots.filled(disk):
        slots.note(replace(slot, clean=watch(slot.path)[0]))


@dataclass(frozen=True)
class View:
    """One environment as its user sees it: digests of what it is now, and of what its kernels here
    start from. Times, numbers and images do not count."""

    state: str
    content: str
    chosen: str = ""


def views(disk: Disk) -> dict[str, View]:
    """All environments."""
    names = os.listdir(disk.envs) if disk.envs.exists() else []
    found = {name: View("open", digest(disk.envs / name)) for name in sorted(names)}
    for name in sealed_names(disk):
        if name not in found and numbers(disk, name):
            slot = slots.current(disk, name)
            chosen = digest_of_copy(slot.path) if slot else ""
            found[name] = View("sealed", digest_of(read_version(disk, name), disk), chosen)
    return found


def digest_of(version: Version, disk: Disk) -> str:
    """Of all that a version holds, read from its images."""
    merged, found = merge(version, disk), hashlib.sha256()
    for path, held in sorted(merged.held.items()):
        member = held.placed.member
        if member.kind == "hardlink":
            held = merged.held[member.target]
            member = held.placed.member
        data = os.fsencode(member.target)
        if member.kind == "file":
            plain = _plain(merged.images[held.layer])
            data = plain[held.placed.at : held.placed.at + member.size]
        _add(found, path, member.kind, member.mode, data)
    return found.hexdigest()


def digest_of_copy(prefix: Path) -> str:
    """The same of a local copy, with its own path as images have it."""
    found, paths = hashlib.sha256(), sorted(str(p.relative_to(prefix)) for p in prefix.rglob("*"))
    for name in paths:
        path = prefix / name
        if name == _OURS or name.startswith(f"{_OURS}/"):
            continue
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            _add(found, name, "link", 0o777, os.fsencode(os.readlink(path)))
        elif stat.S_ISDIR(mode):
            _add(found, name, "dir", mode & 0o777, b"")
        else:
            data = path.read_bytes().replace(os.fsencode(prefix), slots.PLACEHOLDER.encode())
            _add(found, name, "file", mode & 0o777, data)
    return found.hexdigest()


def _add(found: hashlib._Hash, path: str, kind: str, mode: int, data: bytes) -> None:
    if path.startswith("conda-meta/"):
        # Saving corrects the checksums of what was edited.
        data = _CHECKSUM.sub(b"", data)
    found.update(f"\0{path}\0{kind}\0{mode:o}\0".encode() + data)


@cache
def _plain(image: Path) -> bytes:
    """The tar in an image; what its name stands for does not change."""
    index = read_index(image)
    assert index, f"{image} has no index"
    fd = os.open(image, os.O_RDONLY)
    try:
        return b"".join(bytes(frame_bytes(fd, frame, image.name)) for frame in index.frames)
    finally:
        os.close(fd)
