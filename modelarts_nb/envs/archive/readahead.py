"""Reads many files at once and yields their content in order, so that a slow disk is hidden."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.errors import Busy, from_os_error

PIECE = 4 << 20  # bytes; smaller files are read whole
_BUDGET = 64 << 20  # bytes waiting in memory at most
_TRIES = 3


@dataclass(frozen=True)
class Piece:
    """Some bytes of one file. ``data`` is None for a compiled file that vanished meanwhile."""

    item: Item
    data: bytes | None
    first: bool
    last: bool


def read_ahead(items: Iterable[Item], *, threads: int) -> Iterator[Piece]:
    """The content of ``items`` in order; what has none (folders, links) is one empty piece.

    Raises:
        Busy: a file changed, shrank or vanished while it was packed.
        AccessDenied, DiskFailure: a file cannot be read.
    """
    pool = ThreadPoolExecutor(threads, "archive-read")
    waiting: deque[tuple[Item, int, int, Future[bytes | None] | None]] = deque()
    in_memory = 0
    try:
        for item, offset, size in _pieces(items):
            while waiting and in_memory + size > _BUDGET:
                piece, freed = _take(waiting)
                in_memory -= freed
                yield piece
            future: Future[bytes | None] | None = None
            if item.kind == "file" and item.size > PIECE:
                future = pool.submit(_read_part, item, offset, size)
            elif item.kind == "file":
                future = pool.submit(_read_whole, item)
            waiting.append((item, offset, size, future))
            in_memory += size
        while waiting:
            yield _take(waiting)[0]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# What a member costs in memory beside its bytes, so that a million empty files are bounded too.
_OVERHEAD = 4096


def _pieces(items: Iterable[Item]) -> Iterator[tuple[Item, int, int]]:
    for item in items:
        if item.kind == "file" and item.size > PIECE:
            for offset in range(0, item.size, PIECE):
                yield item, offset, min(PIECE, item.size - offset)
        else:
            yield item, 0, item.size + _OVERHEAD


def _take(
    waiting: deque[tuple[Item, int, int, Future[bytes | None] | None]],
) -> tuple[Piece, int]:
    item, offset, size, future = waiting.popleft()
    data = future.result() if future else b""
    last = item.size <= PIECE or offset + size == item.size
    return Piece(item, data, offset == 0, last), size


def _read_whole(item: Item) -> bytes | None:
    """A small file, consistent: its size is written from what was read."""
    for _ in range(_TRIES):
        try:
            with open(item.source, "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                data = _fill(file.fileno(), 0, before.st_size)
                after = os.fstat(file.fileno())
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


def _read_part(item: Item, offset: int, size: int) -> bytes | None:
    """A part of a big file, whose size was promised in its header: any change ends the packing."""
    try:
        with open(item.source, "rb", buffering=0) as file:
            data = _fill(file.fileno(), offset, size)
            stat = os.fstat(file.fileno())
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
