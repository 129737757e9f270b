"""Plain bytes of a compressed archive, decoded ahead by a thread, hashed on the way."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import queue
import threading
import zlib
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from modelarts_nb.envs.archive import formats
from modelarts_nb.errors import (
    ArchiveHostile,
    ArchiveInvalid,
    ModelArtsNbError,
    from_os_error,
)

_PIECE = 1 << 20
_WINDOW_LIMIT = 1 << 27  # bytes a zstd frame may ask for; `zstd --ultra -22` asks for this much
_TAIL_LIMIT = 64 << 20  # plain bytes that may follow the end of the tar


class Decoded:
    """The plain bytes of one archive, as a source for ``TarReader``.

    ``taken`` counts the compressed bytes read so far: what progress is measured by.

    Raises:
        DiskFailure, AccessDenied: the file cannot be read.
        ArchiveInvalid: not decodable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind = format_of(path)
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise from_os_error(error, f"reading {path.name}", path) from error
        self._counted = _Counted(self._file)
        self._queue: queue.Queue[bytes | Exception | None] = queue.Queue(8)
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._decode, name="archive-reader", daemon=True)
        self._thread.start()

    @property
    def taken(self) -> int:
        """Compressed bytes read so far."""
        return self._counted.taken

    def __enter__(self) -> Decoded:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue
        self._file.close()

    def read(self, size: int) -> bytes:
        """Exactly ``size`` plain bytes, fewer only at the end."""
        available = len(self._buffer) - self._at
        if available >= size:
            self._at += size
            return self._buffer[self._at - size : self._at]
        parts = [self._buffer[self._at :]]
        missing = size - available
        self._buffer, self._at = b"", 0
        while missing and (piece := self._next()):
            if len(piece) > missing:
                self._buffer, self._at = piece, missing
                piece = piece[:missing]
            parts.append(piece)
            missing -= len(piece)
        return b"".join(parts)

    def finish(self) -> str:
        """Read what follows the end of the tar, so that checksums are compared; the sha256.

        Raises:
            ArchiveInvalid: a checksum is wrong.
            ArchiveHostile: endless bytes follow.
        """
        tail = 0
        while piece := self._next():
            tail += len(piece)
            if tail > _TAIL_LIMIT:
                raise ArchiveHostile(
                    "The archive goes on after its end.",
                    hint="No packed environment does: do not trust this file.",
                )
        self._thread.join()
        return self._counted.hexdigest()

    def _next(self) -> bytes:
        if self._ended:
            return b""
        piece = self._queue.get()
        if isinstance(piece, bytes):
            return piece
        self._ended = True
        if isinstance(piece, Exception):
            raise piece
        return b""

    def _decode(self) -> None:
        """Runs in the thread; every way it ends is told through the queue."""
        last: Exception | None = None
        try:
            stream = _stream(self.kind, cast(BinaryIO, self._counted))
            while not self._stop.is_set() and (piece := stream.read(_PIECE)):
                self._put(piece)
            while not self._stop.is_set() and self._counted.read(_PIECE):
                pass  # what the decoder left, for the hash
        except EOFError:
            last = ArchiveInvalid(
                "The archive is cut off: it ends in the middle.",
                hint="The copy was not finished, or the disk was full. Copy or pack it again.",
            )
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, ValueError, MemoryError) as error:
            last = _undecodable(self.path, error)
        except ModelArtsNbError as error:
            last = error
        except OSError as error:
            bad = self.kind == formats.TAR_BZ2 and error.errno is None
            last = (
                _undecodable(self.path, error)
                if bad
                else from_os_error(error, f"reading {self.path.name}", self.path)
            )
        except Exception as error:
            # zstandard.ZstdError derives from Exception alone.
            last = _undecodable(self.path, error)
        self._put(last)

    def _put(self, value: bytes | Exception | None) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(value, timeout=0.1)
                return
            except queue.Full:
                continue


def format_of(path: Path) -> str:
    """The format of an archive by its first bytes.

    Raises:
        ArchiveInvalid: not an archive.
        DiskFailure, AccessDenied: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise from_os_error(error, f"reading {path.name}", path) from error
    return formats.sniff(head, path)


class _Counted(RawIOBase):
    """A file that hashes and counts what is read."""

    def __init__(self, file: RawIOBase | BinaryIO) -> None:
        self._source = file
        self._hash = hashlib.sha256()
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]
        data = self._source.read(len(view)) or b""
        view[: len(data)] = data
        self._hash.update(data)
        self.taken += len(data)
        return len(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _stream(kind: str, file: BinaryIO) -> BufferedIOBase | BinaryIO:
    if kind == formats.TAR_ZST:
        import zstandard

        decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT)
        reader = decoder.stream_reader(file, read_size=_PIECE, read_across_frames=True)
        return cast(BinaryIO, reader)
    if kind == formats.TAR_GZ:
        return gzip.GzipFile(fileobj=file)
    if kind == formats.TAR_BZ2:
        return bz2.BZ2File(file)
    if kind == formats.TAR_XZ:
        return lzma.LZMAFile(file)
    return file


def _undecodable(path: Path, error: Exception) -> ArchiveInvalid:
    return ArchiveInvalid(
        f"{path.name} is damaged: it cannot be decompressed.",
        hint="Copy or pack it again.",
        cause=f"{type(error).__name__}: {error}",
    )
