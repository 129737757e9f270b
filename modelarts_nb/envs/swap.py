"""New content for a file of an environment that is still being built."""

from __future__ import annotations

import os
from pathlib import Path


def swap_content(path: Path, data: bytes) -> None:
    """Give the file at ``path`` new content, keeping its mode and its time.

    The file is replaced, not written into: it may be a hard link into a package cache. Nothing
    is synced, that comes once when the environment lands. Times are kept because Python compares
    them with its compiled files.

    Raises:
        OSError: the disk refused; the old content is still there.
    """
    stat = path.stat()
    fresh = path.with_name(f".{path.name}.new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    os.chmod(fresh, stat.st_mode & 0o7777)
    os.utime(fresh, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.replace(fresh, path)


def swap_link(path: Path, target: str) -> None:
    """Let the symbolic link at ``path`` lead to ``target``.

    Raises:
        OSError: the disk refused; the old link is still there.
    """
    fresh = path.with_name(f".{path.name}.new")
    os.symlink(target, fresh)
    os.replace(fresh, path)
