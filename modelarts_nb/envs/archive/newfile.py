"""New files of an archive's members: made once, written, stamped, never through a link."""

from __future__ import annotations

import os
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def create(path: str, mode: int, umask: int) -> int:
    """A new file of this mode, open for writing.

    Raises:
        OSError: it exists, or cannot be made.
    """
    wanted = mode & 0o777 | 0o600
    fd = os.open(path, _FLAGS | os.O_EXCL, wanted)
    if wanted & umask or wanted != mode & 0o777:
        os.fchmod(fd, mode & 0o777 | 0o400)
    return fd


def open_part(path: str) -> int:
    """A file that several write parts of, made if it is not there; ``finish`` ends it.

    Raises:
        OSError: it cannot be made.
    """
    return os.open(path, _FLAGS, 0o600)


def finish(path: str, mode: int, mtime: float) -> None:
    """Mode and time of a file whose parts are all written.

    Raises:
        OSError: the disk refused.
    """
    os.chmod(path, mode & 0o777 | 0o400)
    if (time := _nanoseconds(mtime)) is not None:
        os.utime(path, ns=(time, time))


def write(fd: int, content: bytes | memoryview, offset: int = 0) -> None:
    """All of ``content`` at ``offset``.

    Raises:
        OSError: the disk refused.
    """
    view = memoryview(content)
    while view:
        count = os.pwrite(fd, view, offset)
        view, offset = view[count:], offset + count


def stamp(fd: int, mtime: float) -> None:
    """Set the time of an open file, in seconds.

    Raises:
        OSError: the disk refused.
    """
    if (time := _nanoseconds(mtime)) is not None:
        os.utime(fd, ns=(time, time))


def umask() -> int:
    """The process's own; reading it with ``os.umask`` would change it for every thread."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o777


def _nanoseconds(mtime: float) -> int | None:
    # Other times are nonsense, some even NaN.
    return int(mtime) * 10**9 + int(mtime % 1 * 10**9) if 0 <= mtime < 1 << 33 else None
