"""Reads the files of a share, many at once, so that a slow disk is hidden."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.shares import PIECE, Part
from modelarts_nb.errors import Busy, from_os_error

_TRIES = 3
# Small files that one thread reads in turn: handing over each would cost more than reading it.
_BATCH = 16

# The bytes of each part; None for a compiled file that vanished meanwhile.
Contents = list[bytes | None]


def read_soon(parts: Sequence[Part], pool: ThreadPoolExecutor) -> list[Future[Contents]]:
    """Begin to read ``parts``; the results follow each other in their order.

    A result raises:
        Busy: a file changed, shrank or vanished while it was packed.
        AccessDenied, DiskFailure: a file cannot be read.
    """
    return [pool.submit(_read, batch) for batch in _batches(parts)]


def read_before(part: Part, size: int) -> bytes:
    """The last ``size`` bytes before a part of a large file.

    Raises:
        Busy, AccessDenied, DiskFailure: as ``read_soon``.
    """
    start = max(0, part.offset - size)
    return _read_part(part.item, start, part.offset - start)


def _batches(parts: Sequence[Part]) -> Iterator[list[Part]]:
    batch: list[Part] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += part.size
        if len(batch) >= _BATCH or size >= PIECE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(batch: list[Part]) -> Contents:
    return [
        b""
        if part.item.kind != "file"
        else _read_whole(part.item)
        if part.whole
        else _read_part(part.item, part.offset, part.size)
        for part in batch
    ]


def _read_whole(item: Item) -> bytes | None:
    """A small file, consistent: its size is written from what was read."""
    for _ in range(_TRIES):
        try:
            fd = os.open(item.source, os.O_RDONLY | os.O_CLOEXEC)
            try:
                before = os.fstat(fd)
                data = _fill(fd, 0, before.st_size)
                after = os.fstat(fd)
            finally:
                os.close(fd)
        except FileNotFoundError:
            if item.path.endswith(".pyc"):
                return None
            raise _changed(item) from None
        except OSError as error:
            raise _trouble(error, item) from error
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if same and len(data) == before.st_size and len(data) <= 2 * PIECE:
            return data
    raise _changed(item)


def _read_part(item: Item, offset: int, size: int) -> bytes:
    """A part of a big file, whose size was promised in its header: any change ends the packing."""
    try:
        fd = os.open(item.source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = _fill(fd, offset, size)
            stat = os.fstat(fd)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise _changed(item) from None
    except OSError as error:
        raise _trouble(error, item) from error
    if len(data) < size or (stat.st_size, stat.st_mtime_ns) != (item.size, item.mtime_ns):
        raise _changed(item)
    return data


def _fill(fd: int, offset: int, size: int) -> bytes:
    data = os.pread(fd, size, offset)
    if len(data) == size:
        return data
    parts = [data]
    got = len(data)
    while got < size and (data := os.pread(fd, size - got, offset + got)):
        parts.append(data)
        got += len(data)
    return b"".join(parts)


def _changed(item: Item) -> Busy:
    return Busy(
        f"{item.path} changed while the environment was being packed.",
        hint="Wait until nothing installs into or writes to the environment, then pack it again.",
    )


def _trouble(error: OSError, item: Item) -> Exception:
    if error.errno == errno.ESTALE:
        return _changed(item)
    return from_os_error(error, f"packing {item.path}", item.source)
