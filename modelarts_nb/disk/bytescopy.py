"""Copying the bytes of one file in the cheapest way that the two file systems have."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator

_FICLONE = 0x40049409  # linux/fs.h
_CHUNK = 1 << 20
_RANGE = 16 << 20
_SPARSE_FROM = 64 << 10
_SENT_AT_ONCE = 64 << 10
# "This pair of file systems cannot do that", as the various ones say it.
_CANNOT = {
    errno.EOPNOTSUPP,
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOTTY,
    errno.ENOSYS,
    errno.EPERM,
    errno.ETXTBSY,
}


class BytesCopy:
    """Copies files from one tree to another; what fails once as impossible is not tried again.

    Args:
        ranges: try ``copy_file_range`` (a server-side copy on NFS 4.2). On FUSE it only becomes
            many small requests, so the caller says no there.
        check: called between chunks, raises to stop.
        copied: told the number of bytes after every chunk.
    """

    def __init__(
        self, *, ranges: bool, check: Callable[[], None], copied: Callable[[int], None]
    ) -> None:
        self._reflink = True
        self._ranges = ranges
        self._sends = True
        self._check = check
        self._copied = copied

    def copy(self, source: int, target: int, info: os.stat_result) -> None:
        """Copy all bytes of ``source`` (of which ``info`` is the stat) into the empty ``target``.

        Holes stay holes. The source's offset is not used; the target's is 0 and may be moved.

        Raises:
            OSError: reading or writing failed. A source that became shorter is copied as far as
                it goes.
        """
        size = info.st_size
        if not size or self._clone(source, target, size):
            return
        sparse = size >= _SPARSE_FROM and info.st_blocks * 512 < size
        if not sparse:
            self._copy_range(source, target, 0, size)
            return
        done = 0
        for start, end in _data(source, size):
            self._copied(start - done)
            self._copy_range(source, target, start, end)
            done = end
        self._copied(size - done)
        os.ftruncate(target, size)

    def _clone(self, source: int, target: int, size: int) -> bool:
        if not self._reflink:
            return False
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            self._reflink = False
            return False
        self._copied(size)
        return True

    def _copy_range(self, source: int, target: int, start: int, end: int) -> None:
        while start < end:
            self._check()
            done = (
                self._server_side(source, target, start, end)
                or (start == 0 and self._sent(source, target, end))
                or self._through(source, target, start, end)
            )
            if not done:
                return
            start += done
            self._copied(done)

    def _server_side(self, source: int, target: int, start: int, end: int) -> int:
        if not self._ranges:
            return 0
        try:
            return os.copy_file_range(source, target, min(_RANGE, end - start), start, start)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            self._ranges = False
            return 0

    def _sent(self, source: int, target: int, size: int) -> int:
        """A small file in one call: half the waiting for Python's lock, which 48 threads share."""
        if not self._sends or size > _SENT_AT_ONCE:
            return 0
        try:
            return os.sendfile(target, source, 0, size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            self._sends = False
            return 0

    def _through(self, source: int, target: int, start: int, end: int) -> int:
        data = os.pread(source, min(_CHUNK, end - start), start)
        write_at(target, data, start)
        return len(data)


def write_at(fd: int, data: bytes, start: int = 0) -> None:
    """Write all of ``data`` at ``start``.

    Raises:
        OSError: writing failed.
    """
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, start)
        view, start = view[done:], start + done


def _data(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of a sparse file that are not holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
            end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # nothing but a hole from here on
            if error.errno not in _CANNOT:
                raise
            start, end = end, size
        yield start, end
