"""Replacing one small file so that readers see the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from modelarts_nb.disk.sync import sync_folder
from modelarts_nb.errors import from_os_error


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Give ``path`` the content ``data``, durably and in one step.

    Args:
        path: the file; its folder exists. A symbolic link is replaced, not followed.
        data: the whole new content.
        mode: permission bits of the new file.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the old content is still there.
    """
    # Not named *.json: a stray one in conda-meta would break conda after a kill.
    fresh = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        try:
            write_new(fresh, data, mode)
            os.replace(fresh, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise from_os_error(error, f"writing {path.name}", path) from error


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Create a file that must not exist and make its content durable.

    Raises:
        OSError: also when ``close`` reports a write that failed late.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fchmod(fd, mode)
        os.fsync(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(fd)
        raise
    os.close(fd)
