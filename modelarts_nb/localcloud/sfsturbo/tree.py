"""The folders of a share on this machine's disk.

Who mounts the share puts links wherever they like. So a path is walked folder by folder, through
descriptors, and no link is ever followed.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from modelarts_nb.localcloud.store import Row

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, "dir"),
    (stat.S_ISREG, "regular"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISCHR, "char"),
    (stat.S_ISBLK, "block"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISLNK, "symlink"),
)


class PathRefused(Exception):
    """A path that no folder of a share can have."""


@dataclass
class Measured:
    """What is below a folder: bytes on disk, and how many there are of each kind."""

    used: int = 0
    count: Counter[str] = field(default_factory=Counter)

    @property
    def inodes(self) -> int:
        """How many there are altogether."""
        return sum(self.count.values())


def root(folder: Path, share: Row) -> Path:
    """Where a share's files are: ``sfsturbo/<id>`` in the state folder."""
    return folder / "sfsturbo" / str(share["id"])


def parts(path: str) -> tuple[str, ...]:
    """The names in a full path.

    Raises:
        PathRefused: it does not begin with a slash, goes up, or is too long.
    """
    names = tuple(name for name in path.split("/") if name)
    if not path.startswith("/") or len(path.encode()) > 1024 or "\0" in path:
        raise PathRefused("The path must begin with / and have at most 1024 bytes.")
    if any(name in {".", ".."} or len(name.encode()) > 255 for name in names):
        raise PathRefused("The path may not hold . or .., nor a name of more than 255 bytes.")
    return names


@contextmanager
def opened(base: Path, names: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of a folder below a share's root.

    Raises:
        OSError: it does not exist, or a link or file is on the way.
    """
    descriptor = os.open(base, _FOLDER)
    try:
        for name in names:
            inner = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def make(base: Path, names: tuple[str, ...], mode: int, uid: int, gid: int) -> None:
    """Make a folder whose parent is there; owned as asked where this process may do that.

    Raises:
        OSError: there is no parent, it exists, or the disk failed.
    """
    with opened(base, names[:-1]) as parent:
        os.mkdir(names[-1], 0o700, dir_fd=parent)
        if os.geteuid() == 0:
            os.chown(names[-1], uid, gid, dir_fd=parent, follow_symlinks=False)
        os.chmod(names[-1], mode, dir_fd=parent)


def remove(base: Path, names: tuple[str, ...]) -> None:
    """Remove an empty folder.

    Raises:
        OSError: it is not there or not empty.
    """
    with opened(base, names[:-1]) as parent:
        os.rmdir(names[-1], dir_fd=parent)


def mode_of(base: Path, names: tuple[str, ...]) -> os.stat_result:
    """What the file system knows of a folder.

    Raises:
        OSError: it is not there.
    """
    with opened(base, names) as descriptor:
        return os.fstat(descriptor)


def measure(base: Path, names: tuple[str, ...]) -> Measured:
    """Count what is below a folder; what vanishes meanwhile is not counted.

    Raises:
        OSError: the folder is not there.
    """
    found = Measured()
    with opened(base, names) as descriptor:
        for _, _, files, inside in os.fwalk(dir_fd=descriptor, follow_symlinks=False):
            found.used += os.fstat(inside).st_blocks * 512
            found.count["dir"] += 1
            for name in files:
                _count(found, name, inside)
    return found


def _count(found: Measured, name: str, folder: int) -> None:
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    found.used += info.st_blocks * 512
    found.count[next((kind for is_kind, kind in _KINDS if is_kind(info.st_mode)), "regular")] += 1
