"""Writing the files of one frame after another: what each process does when an archive with an
index is unpacked."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from queue import Empty, SimpleQueue

from modelarts_nb.envs.archive import newfile
from modelarts_nb.envs.archive.crowd import Crowd
from modelarts_nb.envs.archive.index import FrameAt, frame_bytes
from modelarts_nb.errors import from_os_error

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


@dataclass(frozen=True)
class Fill:
    """One job: a frame and what of it is wanted."""

    frame: FrameAt
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Filled:
    """One frame is written: how many whole files it had, its bytes in the archive."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Filling:
    """How all frames of one archive are written: the archive, the new folder, ``threads``."""

    archive: str
    root: str
    threads: int

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
        self._name = os.path.basename(plan.archive)
        try:
            self._fd = os.open(plan.archive, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise from_os_error(error, f"reading {self._name}", plan.archive) from error
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
        try:
            plain = frame_bytes(self._fd, fill.frame, self._name, buffer)
        except OSError as error:
            raise from_os_error(error, f"reading {self._name}", self._plan.archive) from error
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
        os.close(self._fd)

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
