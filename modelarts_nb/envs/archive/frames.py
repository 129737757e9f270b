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
from modelarts_nb.envs.archive.tarstream import Member, TarWriter


@dataclass(frozen=True)
class Plan:
    """How all shares of one archive are made.

    ``prefixes`` are searched for; ``kind`` and ``level`` say how to compress; ``threads`` read.
    """

    prefixes: tuple[str, ...]
    kind: str
    level: int
    threads: int


@dataclass(frozen=True)
class Frame:
    """What became of one share.

    ``data`` is compressed; ``plain`` its bytes before, ``files`` and ``bytes`` what it holds;
    ``records`` and ``sightings`` say which of its files name the prefix; ``vanished`` are paths of
    compiled files that were removed meanwhile; ``hardlinks`` the earlier paths it refers to, by
    path.
    """

    number: int
    data: bytes
    plain: int
    files: int
    bytes: int
    records: tuple[condaunpack.Record, ...]
    sightings: tuple[Sighting, ...]
    vanished: tuple[str, ...]
    hardlinks: tuple[tuple[str, str], ...]


class FrameMaker:
    """Makes frames, reading the next shares meanwhile."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._compress = compressor(plan.kind, plan.level)
        self._pool = ThreadPoolExecutor(plan.threads, "archive-read")

    def soon(self, share: Share) -> list[Future[Contents]]:
        """Begin to read a share."""
        return read_soon(share.parts, self._pool)

    def make(self, share: Share, reading: list[Future[Contents]]) -> Frame:
        """The frame of a share that is being read; ``reading`` is used up.

        Raises:
            Busy: the environment changed meanwhile.
            AccessDenied, DiskFailure: a file cannot be read.
        """
        plain: list[bytes] = []
        start = share.parts[0]
        tar = TarWriter(plain.append, left=0 if start.first else start.item.size - start.offset)
        look = Look(self._plan.prefixes)
        before = None if start.first else read_before(start, look.overlap)
        vanished, hardlinks, files, size = [], [], 0, 0
        for part, data in zip(share.parts, _in_order(reading), strict=True):
            item = part.item
            if data is None:
                vanished.append(item.path)
                continue
            if item.kind == "hardlink":
                hardlinks.append((item.path, item.target))
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
        return Frame(
            share.number,
            self._compress(whole),
            len(whole),
            files,
            size,
            tuple(look.records),
            tuple(look.sightings),
            tuple(vanished),
            tuple(hardlinks),
        )

    def close(self) -> None:
        """End the threads; what is still to be read is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _in_order(reading: list[Future[Contents]]) -> Iterator[bytes | None]:
    reading.reverse()
    while reading:
        yield from reading.pop().result()  # popped, so that nothing holds what was used


def _member(item: Item, size: int) -> Member:
    return Member(item.path, item.kind, size, item.mode, item.mtime_ns // 10**9, item.target)
