"""Deleting what lies in one folder, through file descriptors: no link is followed, no mount left.

Folders that are not empty are first moved up into the folder that is being emptied. So the depth
of a tree costs neither stack nor descriptors, and what an interrupted run leaves is still there to
be deleted by the next.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modelarts_nb.localcloud.plane.errors import Refused
from modelarts_nb.localcloud.plane.mountpoints import mounted_below

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = (errno.ENOTEMPTY, errno.EEXIST)


def erase_contents(folder: int) -> None:
    """Delete everything in an open folder; the folder itself stays.

    Args:
        folder: a descriptor of the folder, whose processes are gone.

    Raises:
        Refused: something below is mounted from elsewhere; what is mounted is untouched.
        OSError: the disk failed.
    """
    # Device numbers do not tell what is bound here from another folder of the same disk.
    if found := mounted_below(Path(os.readlink(f"/proc/self/fd/{folder}"))):
        raise Refused(f"{found[0]} is a mount point; unmount it first.")
    device = os.fstat(folder).st_dev
    waiting = deque(os.listdir(folder))
    while waiting:
        name = waiting.popleft()
        if not _is_folder(name, folder):
            os.unlink(name, dir_fd=folder)
            continue
        inner = _opened(name, folder)
        try:
            if os.fstat(inner).st_dev != device:
                raise Refused(f"{name!r} in the notebook's folder is mounted from elsewhere.")
            for entry in os.listdir(inner):
                _take_out(entry, inner, folder, waiting)
        finally:
            os.close(inner)
        _unless_mounted(name, partial(os.rmdir, name, dir_fd=folder))


def _take_out(entry: str, inner: int, folder: int, waiting: deque[str]) -> None:
    if not _is_folder(entry, inner):
        _unless_mounted(entry, partial(os.unlink, entry, dir_fd=inner))
        return
    try:
        _unless_mounted(entry, partial(os.rmdir, entry, dir_fd=inner))
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _open_up(
            entry, inner
        )  # a folder that moves gets a new "..", which needs the right to write
        fresh = uuid.uuid4().hex
        os.rename(entry, fresh, src_dir_fd=inner, dst_dir_fd=folder)
        waiting.append(fresh)


def _unless_mounted(name: str, act: Callable[[], None]) -> None:
    try:
        act()
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise Refused(f"{name!r} in the notebook's folder is a mount point.") from error
        raise


def _is_folder(name: str, folder: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _opened(name: str, folder: int) -> int:
    _open_up(name, folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _open_up(name: str, folder: int) -> None:
    """Give ourselves all rights in a folder, by a handle that cannot have become a link."""
    handle = os.open(name, _HANDLE, dir_fd=folder)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(f"/proc/self/fd/{handle}", stat.S_IMODE(mode) | stat.S_IRWXU)
    finally:
        os.close(handle)
