"""One share of an archive as it will be in the file: read, made a tar, searched, compressed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from modelarts_nb.envs.archive import condaunpack
from modelarts_nb.envs.archive.compress import compressor
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.naming import Look, Sighting
from modelarts_nb.envs.archive.reading import Contents, read_before, read_soon
from modelarts_nb.envs.archive.shares import Share
from modelarts_nb.envs.archive.tarstream import Member, Placed, TarWriter

Reading = list[Future[Contents]]


@dataclass(frozen=True)
class Packing:
    """How all shares of one archive are made.

    ``prefixes`` are searched for; ``kind`` and ``level`` say how to compress; ``threads`` read.
    """

    prefixes: tuple[str, ...]
    kind: str
    level: int
    threads: int

    def hand(self, threads: int) -> FrameMaker:
        """Makes frames with ``threads`` that read."""
        return FrameMaker(self, threads)


@dataclass(frozen=True)
class Frame:
    """What became of one share, apart from its compressed bytes.

    ``plain`` is its size before compression, ``files`` and ``bytes`` what it holds; ``members``
    say where in it each member's data begin; ``records`` and ``sightings`` which of its files name
    the prefix; ``vanished`` are paths of compiled files that were removed meanwhile.
    """

    plain: int
    files: int
    bytes: int
    members: tuple[Placed, ...]
    records: tuple[condaunpack.Record, ...]
    sightings: tuple[Sighting, ...]
    vanished: tuple[str, ...]


class FrameMaker:
    """Makes frames of shares, reading the next share meanwhile."""

    ahead = 2

    def __init__(self, plan: Packing, threads: int) -> None:
        self._plan = plan
        self._compress = compressor(plan.kind, plan.level)
        self._pool = ThreadPoolExecutor(threads, "archive-read")

    def begin(self, share: Share) -> Reading:
        """Begin to read a share."""
        return read_soon(share.parts, self._pool)

    def finish(self, share: Share, reading: Reading) -> tuple[Frame, bytes]:
        """The frame of a share that is being read, and its bytes; ``reading`` is used up.

        Raises:
            Busy: the environment changed meanwhile.
            AccessDenied, DiskFailure: a file cannot be read.
        """
        plain: list[bytes] = []
        start = share.parts[0]
        tar = TarWriter(plain.append, left=0 if start.first else start.item.size - start.offset)
        look = Look(self._plan.prefixes)
        before = None if start.first else read_before(start, look.overlap)
        vanished, files, size = [], 0, 0
        for part, data in zip(share.parts, _in_order(reading), strict=True):
            item = part.item
            if data is None:
                vanished.append(item.path)
                continue
            if part.first:
                tar.start(_member(item, len(data) if part.whole else item.size))
            if data:
                tar.data(data)
                look.at(part, data, before)
                size += len(data)
            before = None
            files += part.last and item.kind != "dir"
        whole = b"".join(plain)
        plain.clear()
        frame = Frame(
            len(whole),
            files,
            size,
            tuple(tar.members),
            tuple(look.records),
            tuple(look.sightings),
            tuple(vanished),
        )
        return frame, self._compress(whole)

    def close(self) -> None:
        """End the threads; what is still to be read is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _in_order(reading: Reading) -> Iterator[bytes | None]:
    reading.reverse()
    while reading:
        yield from reading.pop().result()  # popped, so that nothing holds what was used


def _member(item: Item, size: int) -> Member:
    return Member(item.path, item.kind, size, item.mode, item.mtime_ns // 10**9, item.target)
