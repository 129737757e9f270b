"""Making written data durable, with every error seen."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from modelarts_nb.disk.crew import Crew
from modelarts_nb.disk.walk import walk
from modelarts_nb.errors import from_os_error

# What file systems answer that cannot sync a folder: their folder changes need no sync.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
_LIBC = ctypes.CDLL(None, use_errno=True)


def sync_tree(path: Path) -> None:
    """Return when everything written below ``path`` is on the disk.

    One ``syncfs`` for the whole file system instead of a round trip a file; where the system has
    no ``syncfs``, every file and folder of the tree.

    Raises:
        DiskFull: a delayed write found no room.
        DiskFailure: a delayed write failed.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if not _syncfs(fd):
                _sync_each(path)
        finally:
            os.close(fd)
    except OSError as error:
        raise from_os_error(error, f"saving {path.name}", path) from error


def sync_folder(path: Path) -> None:
    """Make names that were added to or removed from the folder durable.

    Raises:
        OSError: the disk failed.
    """
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(fd)


def _syncfs(fd: int) -> bool:
    call = getattr(_LIBC, "syncfs", None)
    if call is None:
        return False
    if call(fd) == 0:
        return True
    number = ctypes.get_errno()
    if number == errno.ENOSYS:
        return False
    raise OSError(number, os.strerror(number))


def _sync_each(path: Path) -> None:
    if not path.is_dir():
        _sync_file(str(path))
        return
    crew = Crew(threads=32)
    for folder, _, files in walk(path):
        for name in files:
            full = os.path.join(folder, name)
            if not os.path.islink(full):
                crew.put(lambda full=full: _sync_file(full))  # type: ignore[misc]
    crew.run()
    for folder, _, _ in walk(path, topdown=False):
        sync_folder(Path(folder))


def _sync_file(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
