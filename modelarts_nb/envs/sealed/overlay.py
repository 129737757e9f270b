"""An overlay: what has other bytes in an image than in the environment, on the local disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.walk import walk
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.sealed.slots import PLACEHOLDER
from modelarts_nb.envs.sealed.workplace import workplace
from modelarts_nb.errors import from_os_error

_CHUNK = 1 << 20


class Overlay:
    """A folder with the same paths as an environment, which holds only what differs.

    What may have to change is a link to the original first: those who correct records and compiled
    files replace files and never write into them, so what is still a link has not changed.

    All methods raise ``OSError`` when the local disk refuses.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, item: Item, data: bytes) -> None:
        """Give a member other content."""
        path = self._ready(item.path)
        path.write_bytes(data)
        _stamp(path, item)

    def turn(self, item: Item, fd: int, places: Iterable[int]) -> None:
        """Give a member the content of an open file, with the placeholder at some bytes of it."""
        path = self._ready(item.path)
        with open(fd, "rb", closefd=False) as source, path.open("wb") as target:
            source.seek(0)
            shutil.copyfileobj(source, target, _CHUNK)
            for at in places:
                target.seek(at)
                target.write(PLACEHOLDER.encode())
        _stamp(path, item)

    def name_again(self, item: Item) -> None:
        """A further name of a member that has other content."""
        os.link(self.root / item.target, self._ready(item.path))

    def link(self, prefix: Path, paths: Iterable[str]) -> None:
        """Link to what may have to change."""
        for path in paths:
            with contextlib.suppress(FileExistsError):
                self._ready(path).symlink_to(prefix / path)

    def changed(self) -> set[str]:
        """The members that have other content now."""
        return {
            os.path.relpath(os.path.join(folder, name), self.root)
            for folder, _, names in walk(self.root)
            for name in names
            if not os.path.islink(os.path.join(folder, name))
        }

    def member(self, item: Item) -> Item:
        """A member that has other content, as the packer reads it."""
        path = self.root / item.path
        first = self.root / item.target
        if item.kind == "hardlink" and first.exists() and os.path.samefile(path, first):
            return item
        info = os.lstat(path)
        if info.st_mtime_ns != item.mtime_ns:
            # Made just now: the same environment is to make the same image.
            _stamp(path, item)
            info = os.lstat(path)
        return replace(
            item,
            kind="file",
            source=str(path),
            size=info.st_size,
            mtime_ns=info.st_mtime_ns,
            target="",
        )

    def places(self, path: str) -> tuple[int, ...]:
        """Where the placeholder stands in a member that has other content."""
        fd = os.open(self.root / path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return find_all(fd, PLACEHOLDER.encode())
        finally:
            os.close(fd)

    def _ready(self, path: str) -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        return full


@contextlib.contextmanager
def overlay(disk: Disk) -> Iterator[Overlay]:
    """An empty overlay in the run root, removed on leaving.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: the run root cannot be made.
    """
    with workplace(disk) as folder:
        root = folder / "overlay"
        try:
            root.mkdir()
        except OSError as error:
            raise from_os_error(error, "making a place to work in", root) from error
        yield Overlay(root)


def find_all(fd: int, needle: bytes) -> tuple[int, ...]:
    """Where ``needle`` stands in an open file of any size, in a flat amount of memory.

    Raises:
        OSError: it cannot be read.
    """
    found, kept, offset = list[int](), b"", 0
    while chunk := os.pread(fd, _CHUNK, offset):
        window, start = kept + chunk, offset - len(kept)
        at = window.find(needle)
        while at >= 0:
            found.append(start + at)
            at = window.find(needle, at + len(needle))
        offset += len(chunk)
        done = found[-1] + len(needle) - start if found else 0
        # Too little for a second find of the same place, enough for one that lies across.
        kept = window[max(done, len(window) - len(needle) + 1, 0) :]
    return tuple(found)


def _stamp(path: Path, item: Item) -> None:
    os.utime(path, ns=(item.mtime_ns, item.mtime_ns))
