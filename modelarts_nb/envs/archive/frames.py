"""One share of an archive as it will be in the file: read, made a tar, searched, compressed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from modelarts_nb.envs.archive import condaunpack
from modelarts_nb.envs.archive.compress import compressor
from modelarts_nb.envs.archive.index import rows
from modelarts_nb.envs.archive.layout import Layout, lay
from modelarts_nb.envs.archive.naming import Sighting, look, overlap
from modelarts_nb.envs.archive.reading import Odd, changed, read_before, read_soon
from modelarts_nb.envs.archive.shares import Part, Share


@dataclass(frozen=True)
class Packing:
    """How all shares of one archive are made.

    ``prefixes`` are searched for; ``kind`` and ``level`` say how to compress; ``threads`` read.
    ``exact``: no file may be other than it was scanned, since something was decided from its
    content already; else it is taken as it is now.
    """

    prefixes: tuple[str, ...]
    kind: str
    level: int
    threads: int
    exact: bool = False

    def hand(self, threads: int) -> FrameMaker:
        """Makes frames with ``threads`` that read."""
        return FrameMaker(self, threads)


@dataclass(frozen=True)
class Frame:
    """What became of one share, apart from its compressed bytes.

    ``plain`` is its size before compression, ``files`` and ``size`` (bytes) what it holds; ``rows``
    are the index's, of the members that begin in it; ``records`` and ``sightings`` say which of
    its files name the prefix; ``hardlinks`` which earlier path each of them refers to; ``vanished``
    are paths of compiled files that were removed meanwhile.
    """

    plain: int
    files: int
    size: int
    rows: bytes
    records: tuple[condaunpack.Record, ...]
    sightings: tuple[Sighting, ...]
    hardlinks: tuple[tuple[str, str], ...]
    vanished: tuple[str, ...]


@dataclass
class _Begun:
    """A share that is being read into ``buffer``."""

    layout: Layout
    buffer: bytearray
    reading: list[Future[Odd]]


class FrameMaker:
    """Makes frames of shares, reading the next share meanwhile."""

    ahead = 2

    def __init__(self, plan: Packing, threads: int) -> None:
        self._plan = plan
        self._compress = compressor(plan.kind, plan.level)
        self._pool = ThreadPoolExecutor(threads, "archive-read")
        # Used again and again: fresh memory costs as much as reading into it.
        self._buffers: SimpleQueue[bytearray] = SimpleQueue()

    def begin(self, share: Share) -> _Begun:
        """Begin to read a share."""
        layout = lay([(part, part.size) for part in share.parts])
        try:
            buffer = self._buffers.get_nowait()
        except Empty:
            buffer = bytearray()
        if len(buffer) < layout.size:
            buffer = bytearray(layout.size)
        reading = read_soon(layout.slots, memoryview(buffer), self._pool)
        return _Begun(layout, buffer, reading)

    def finish(self, share: Share, begun: _Begun) -> tuple[Frame, bytes]:
        """The frame of a share that is being read, and its bytes.

        Raises:
            Busy: the environment changed meanwhile.
            AccessDenied, DiskFailure: a file cannot be read.
        """
        odd: Odd = {}
        for future in begun.reading:
            odd |= future.result()
        layout, buffer = begun.layout, begun.buffer
        if odd:
            if self._plan.exact:
                odd = _without_changed(share, odd)
            layout, buffer = _corrected(layout, buffer, odd)
        layout.frame(buffer)
        records, sightings = self._look(share, layout, buffer)
        data = self._compress(memoryview(buffer)[: layout.size])
        self._buffers.put(begun.buffer)
        ended = [slot.part for slot in layout.slots if slot.part.last]
        members = [placed.member for placed in layout.members]
        frame = Frame(
            layout.size,
            sum(part.item.kind != "dir" for part in ended),
            sum(slot.end - slot.start for slot in layout.slots),
            rows(layout.members),
            tuple(records),
            tuple(sightings),
            tuple((i.path, i.target) for i in members if i.kind == "hardlink"),
            tuple(share.parts[number].item.path for number, now in odd.items() if now is None),
        )
        return frame, data

    def _look(
        self, share: Share, layout: Layout, buffer: bytearray
    ) -> tuple[list[condaunpack.Record], list[Sighting]]:
        prefixes = self._plan.prefixes
        if not prefixes:
            return [], []
        start = share.parts[0]
        before = b"" if start.first else read_before(start, overlap(prefixes))
        return look(layout, buffer, before, prefixes)

    def close(self) -> None:
        """End the threads; what is still to be read is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _without_changed(share: Share, odd: Odd) -> Odd:
    """Compiled files are left out when they changed: Python makes them again."""
    for number in odd:
        item = share.parts[number].item
        if odd[number] is not None and not item.path.endswith(".pyc"):
            raise changed(item)
    return dict.fromkeys(odd)


def _corrected(layout: Layout, buffer: bytearray, odd: Odd) -> tuple[Layout, bytearray]:
    """The share as it is now that some of its files are not what was scanned."""
    now: list[tuple[Part, bytes | bytearray]] = []
    for number, slot in enumerate(layout.slots):
        data = odd[number] if number in odd else buffer[slot.start : slot.end]
        if data is not None:
            now.append((slot.part, data))
    after = lay([(part, len(data)) for part, data in now])
    target = bytearray(after.size)
    for slot, (_, data) in zip(after.slots, now, strict=True):
        target[slot.start : slot.end] = data
    return after, target
