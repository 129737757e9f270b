"""Writing the files of one frame after another: what each process does when an archive with an
index is unpacked."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import NamedTuple

from modelarts_nb.envs.archive import newfile
from modelarts_nb.envs.archive.crowd import Crowd
from modelarts_nb.envs.archive.index import FrameAt, frame_bytes
from modelarts_nb.errors import ArchiveInvalid, from_os_error

_BUDGET = 12 << 20  # bytes decoded and not yet written, beside the frame that is being decoded
# Small files of one folder that one thread writes in turn: a hand-over costs more than a file on
# a fast disk, and a folder makes its files one after the other anyway.
_BATCH, _BATCH_BYTES = 8, 1 << 20
_OVERHEAD = 4096


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a frame that go to a file: from ``at`` in the frame to ``offset`` in it.

    ``mode`` and ``mtime`` (seconds) are a whole file's; of a file that is cut the one who knows
    when all is written sets them.
    """

    path: str
    at: int
    size: int
    offset: int
    whole: bool
    mode: int
    mtime: float


class Patch(NamedTuple):
    """Where in a frame the placeholder stands: at byte ``at`` its bytes from ``start`` to ``end``
    (a frame may hold only a part of it)."""

    at: int
    start: int
    end: int


@dataclass(frozen=True)
class Fill:
    """One job: a frame and what of it is wanted; ``archive`` counts those of the ``Filling``."""

    frame: FrameAt
    pieces: tuple[Piece, ...]
    archive: int = 0
    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True)
class Filled:
    """One frame is written: how many whole files it had, its bytes in the archive."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Filling:
    """How all frames of some archives are written into a new folder.

    ``threads`` are the requests in flight of those that write; each process reads with ``readers``,
    more than one of which are worth it where the archives are on a slow disk. Where ``patches``
    say so, ``placeholder`` is overwritten by ``prefix``, which has as many bytes.
    """

    archives: tuple[str, ...]
    root: str
    threads: int
    placeholder: bytes = b""
    prefix: bytes = b""
    readers: int = 1

    def hand(self, threads: int) -> Filler:
        """Writes with ``threads`` requests in flight."""
        return Filler(self, threads)


class Filler:
    """Writes frames; several are on their way at once.

    The folder must be new: nobody has made a link in it yet, so nothing is written through one.
    """

    ahead = 2

    def __init__(self, plan: Filling, threads: int) -> None:
        self._plan = plan
        self._open: dict[int, int] = {}
        self._readers = (
            ThreadPoolExecutor(plan.readers, "archive-read") if plan.readers > 1 else None
        )
        self._crowd = Crowd(threads, _BUDGET)
        self._umask = newfile.umask()
        self._folders = {""}
        # Used again and again: fresh memory costs as much as decoding into it.
        self._buffers: SimpleQueue[bytearray] = SimpleQueue()

    def begin(self, fill: Fill) -> threading.Event:
        """Decode a frame and hand its files to the threads; the event comes when all are there.

        Raises:
            ArchiveInvalid: damaged.
            DiskFull, DiskFailure, AccessDenied: the disk refused, now or for an earlier frame.
        """
        try:
            buffer = self._buffers.get_nowait()
        except Empty:
            buffer = bytearray()
        archive = self._plan.archives[fill.archive]
        name = os.path.basename(archive)
        try:
            if fill.archive not in self._open:
                self._open[fill.archive] = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
            plain = frame_bytes(
                self._open[fill.archive], fill.frame, name, buffer, readers=self._readers
            )
        except OSError as error:
            raise from_os_error(error, f"reading {name}", archive) from error
        self._patch(plain, fill.patches, name)
        batches = list(_batches(fill.pieces))
        done = threading.Event()
        memory = plain.obj if isinstance(plain.obj, bytearray) else bytearray()
        left = _Count(len(batches), partial(self._written, memory, done))
        for folder, batch in batches:
            cost = sum(piece.size + _OVERHEAD for piece in batch)
            self._crowd.put(folder, cost, partial(self._write, batch, plain, left))
        return done

    def finish(self, fill: Fill, done: threading.Event) -> tuple[Filled, bytes]:
        """Wait until a frame's files are written.

        Raises:
            DiskFull, DiskFailure, AccessDenied: the disk refused.
        """
        while not done.wait(0.1):
            if self._crowd.error:
                raise self._crowd.error
        return Filled(sum(piece.whole for piece in fill.pieces), fill.frame.size), b""

    def close(self) -> None:
        """End the threads."""
        self._crowd.close()
        if self._readers:
            self._readers.shutdown(wait=True, cancel_futures=True)
        for fd in self._open.values():
            os.close(fd)

    def _patch(self, plain: memoryview, patches: tuple[Patch, ...], name: str) -> None:
        for at, start, end in patches:
            place = slice(at, at + end - start)
            if plain[place] != self._plan.placeholder[start:end]:
                raise ArchiveInvalid(
                    f"{name} is not what its version says: there is no placeholder at byte {at} of "
                    "a frame.",
                    hint="Go back to another version.",
                )
            plain[place] = self._plan.prefix[start:end]

    def _written(self, buffer: bytearray, done: threading.Event) -> None:
        self._buffers.put(buffer)
        done.set()

    def _write(self, batch: list[Piece], plain: memoryview, left: _Count) -> None:
        try:
            for piece in batch:
                self._one(piece, plain[piece.at : piece.at + piece.size])
        except OSError as error:
            raise from_os_error(error, "unpacking", self._plan.root) from error
        left.down()

    def _one(self, piece: Piece, content: memoryview) -> None:
        self._ensure(os.path.dirname(piece.path))
        path = self._at(piece.path)
        fd = (
            newfile.create(path, piece.mode, self._umask)
            if piece.whole
            else newfile.open_part(path)
        )
        try:
            newfile.write(fd, content, piece.offset)
            if piece.whole:
                newfile.stamp(fd, piece.mtime)
        finally:
            os.close(fd)  # a full network disk says so here

    def _ensure(self, folder: str) -> None:
        if folder in self._folders:
            return
        self._ensure(os.path.dirname(folder))
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._at(folder))
        self._folders.add(folder)

    def _at(self, path: str) -> str:
        return os.path.join(self._plan.root, path)


class _Count:
    """Calls when it was counted down to nothing."""

    def __init__(self, left: int, done: Callable[[], None]) -> None:
        self._left, self._done = left, done
        self._turn = threading.Lock()
        if not left:
            done()

    def down(self) -> None:
        with self._turn:
            self._left -= 1
            last = not self._left
        if last:
            self._done()


def _batches(pieces: tuple[Piece, ...]) -> Iterator[tuple[str, list[Piece]]]:
    for folder, inside in groupby(pieces, key=lambda piece: os.path.dirname(piece.path)):
        batch, size = list[Piece](), 0
        for piece in inside:
            batch.append(piece)
            size += piece.size
            if len(batch) == _BATCH or size >= _BATCH_BYTES:
                yield folder, batch
                batch, size = [], 0
        if batch:
            yield folder, batch
