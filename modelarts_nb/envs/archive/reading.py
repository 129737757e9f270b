"""Reads the files of a share into their places, many at once, so that a slow disk is hidden."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.layout import Slot
from modelarts_nb.envs.archive.shares import PIECE, Part
from modelarts_nb.errors import Busy, from_os_error

_TRIES = 3
# Small files that one thread reads in turn: handing over each would cost more than reading it.
_BATCH = 16

# What is not as it was scanned, by the number of its slot: its bytes now, or None for a compiled
# file that vanished meanwhile.
Odd = dict[int, "bytes | None"]


def read_soon(
    slots: Sequence[Slot], buffer: memoryview, pool: ThreadPoolExecutor
) -> list[Future[Odd]]:
    """Begin to read the data of ``slots`` into their places.

    A result raises:
        Busy: a file changed, shrank or vanished while it was packed.
        AccessDenied, DiskFailure: a file cannot be read.
    """
    return [pool.submit(_read, batch, buffer) for batch in _batches(slots)]


def read_before(part: Part, size: int) -> bytes:
    """The last ``size`` bytes before a part of a large file.

    Raises:
        Busy, AccessDenied, DiskFailure: as ``read_soon``.
    """
    start = max(0, part.offset - size)
    data = bytearray(part.offset - start)
    _read_part(part.item, start, memoryview(data))
    return bytes(data)


def _batches(slots: Sequence[Slot]) -> Iterator[list[tuple[int, Slot]]]:
    batch: list[tuple[int, Slot]] = []
    size = 0
    for number, slot in enumerate(slots):
        if slot.part.item.kind != "file":
            continue
        batch.append((number, slot))
        size += slot.end - slot.start
        if len(batch) >= _BATCH or size >= PIECE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(batch: list[tuple[int, Slot]], buffer: memoryview) -> Odd:
    odd: Odd = {}
    for number, slot in batch:
        item, into = slot.part.item, buffer[slot.start : slot.end]
        if not slot.part.whole:
            _read_part(item, slot.part.offset, into)
        elif not _as_scanned(item, into):
            odd[number] = _read_whole(item)
    return odd


def _as_scanned(item: Item, into: memoryview) -> bool:
    """Read a small file; False: it is not what was scanned, and must be looked at again."""
    try:
        fd = os.open(item.source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            got = _fill(fd, into, 0)
            stat = os.fstat(fd)
        finally:
            os.close(fd)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _trouble(error, item) from error
    return got == item.size and (stat.st_size, stat.st_mtime_ns) == (item.size, item.mtime_ns)


def _read_whole(item: Item) -> bytes | None:
    """A small file, consistent: its size is written from what was read."""
    for _ in range(_TRIES):
        try:
            fd = os.open(item.source, os.O_RDONLY | os.O_CLOEXEC)
            try:
                before = os.fstat(fd)
                data = bytearray(min(before.st_size, 2 * PIECE + 1))
                got = _fill(fd, memoryview(data), 0)
                after = os.fstat(fd)
            finally:
                os.close(fd)
        except FileNotFoundError:
            if item.path.endswith(".pyc"):
                return None
            raise changed(item) from None
        except OSError as error:
            raise _trouble(error, item) from error
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if same and got == before.st_size and got <= 2 * PIECE:
            return bytes(data)
    raise changed(item)


def _read_part(item: Item, offset: int, into: memoryview) -> None:
    """A part of a big file, whose size was promised in its header: any change ends the packing."""
    try:
        fd = os.open(item.source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            got = _fill(fd, into, offset)
            stat = os.fstat(fd)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise changed(item) from None
    except OSError as error:
        raise _trouble(error, item) from error
    if got < len(into) or (stat.st_size, stat.st_mtime_ns) != (item.size, item.mtime_ns):
        raise changed(item)


def _fill(fd: int, into: memoryview, offset: int) -> int:
    got = 0
    while got < len(into) and (count := os.preadv(fd, [into[got:]], offset + got)):
        got += count
    return got


def changed(item: Item) -> Busy:
    """What is said when a file is not what was scanned any more."""
    return Busy(
        f"{item.path} changed while it was read.",
        hint="Wait until nothing installs into or writes to the environment, then pack it again.",
    )


def _trouble(error: OSError, item: Item) -> Exception:
    if error.errno == errno.ESTALE:
        return changed(item)
    return from_os_error(error, f"packing {item.path}", item.source)
