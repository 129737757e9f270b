"""Free bytes and inodes, checked before work starts rather than when it fails."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.errors import DiskFull, from_os_error

_MAKE_ROOM = "Empty the bin (`ma bin empty`) or remove an environment, then run the same again."


@dataclass(frozen=True)
class Space:
    """Bytes and inodes of a file system; ``inodes_free`` is None where it has no such limit."""

    total: int
    free: int
    inodes_free: int | None


def space_at(path: Path) -> Space:
    """The space of the file system that holds ``path``.

    Raises:
        DiskFailure: it cannot be asked.
    """
    try:
        stat = os.statvfs(path)
    except OSError as error:
        raise from_os_error(error, "reading free space", path) from error
    # Network file systems report 0 inodes in all when they do not count them.
    inodes = stat.f_favail if stat.f_files else None
    return Space(stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize, inodes)


def require_space(path: Path, *, bytes: int, files: int = 0) -> None:
    """Refuse to start what cannot end.

    Args:
        path: a folder on the disk that will be written.
        bytes: needed, in bytes; 1 % is added for folders and records.
        files: inodes needed.

    Raises:
        DiskFull: too few bytes or inodes; says how many are missing.
    """
    space = space_at(path)
    needed = bytes + bytes // 100
    if space.free < needed:
        raise DiskFull(
            f"{human_bytes(needed)} are needed and {human_bytes(space.free)} are free on {path}.",
            hint=_MAKE_ROOM,
        )
    if space.inodes_free is not None and space.inodes_free < files:
        raise DiskFull(
            f"{files:,} files are needed and {space.inodes_free:,} more are possible on {path}.",
            hint=_MAKE_ROOM,
        )


def human_bytes(count: float) -> str:
    """``3400000000`` as ``3.4 GB``: decimal units, as disks are sold and file browsers show."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        # Where rounding would make 1000 of it, and of three digits a fourth.
        if count < 999.5 or unit == "TB":
            whole = unit == "B" or count >= 99.95
            return f"{count:.0f} {unit}" if whole else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")
