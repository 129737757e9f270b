"""Reads many files at once and yields their content in order, so that a slow disk is hidden."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.errors import Busy, from_os_error

PIECE = 1 << 20  # bytes; smaller files are read whole
_BUDGET = 32 << 20  # bytes waiting in memory at most
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
    _give_memory_back()
    pool = ThreadPoolExecutor(threads, "archive-read")
    waiting: deque[tuple[list[_Part], int, Future[list[bytes | None]]]] = deque()
    in_memory = 0
    try:
        for batch in _batches(items):
            size = sum(part.size + _OVERHEAD for part in batch)
            while waiting and in_memory + size > _BUDGET:
                parts, freed, future = waiting.popleft()
                yield from map(_piece, parts, future.result())
                in_memory -= freed
            waiting.append((batch, size, pool.submit(_read, batch)))
            in_memory += size
        while waiting:
            parts, _, future = waiting.popleft()
            yield from map(_piece, parts, future.result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _give_memory_back() -> None:
    """Large buffers go back to the system when they are freed: by default glibc keeps them, for
    each thread (measured: 600 MB instead of 320 for an environment of 3.6 GB)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 256 << 10)


_M_MMAP_THRESHOLD = -3  # malloc.h
# What a member costs in memory beside its bytes, so that a million empty files are bounded too.
_OVERHEAD = 4096
# Small files that one thread reads in turn: handing over each would cost more than reading it.
_BATCH = 16
_BATCH_BYTES = 1 << 20


@dataclass(frozen=True)
class _Part:
    item: Item
    offset: int
    size: int

    @property
    def whole(self) -> bool:
        """Is it a whole file, or a part of a big one?"""
        return self.item.size <= PIECE


def _batches(items: Iterable[Item]) -> Iterator[list[_Part]]:
    batch: list[_Part] = []
    size = 0
    for item in items:
        if item.kind == "file" and item.size > PIECE:
            if batch:
                yield batch
            batch, size = [], 0
            for offset in range(0, item.size, PIECE):
                yield [_Part(item, offset, min(PIECE, item.size - offset))]
            continue
        batch.append(_Part(item, 0, item.size))
        size += item.size
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(batch: list[_Part]) -> list[bytes | None]:
    return [
        b""
        if part.item.kind != "file"
        else _read_whole(part.item)
        if part.whole
        else _read_part(part.item, part.offset, part.size)
        for part in batch
    ]


def _piece(part: _Part, data: bytes | None) -> Piece:
    last = part.whole or part.offset + part.size == part.item.size
    return Piece(part.item, data, part.offset == 0, last)


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
