"""Compressors for a stream of bytes, on all cores, one block in memory for each."""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from modelarts_nb.envs.archive import formats

_GATHERED = 1 << 20

Write = Callable[[bytes], None]


class Compressor(Protocol):
    """Takes plain bytes, hands compressed ones on."""

    def write(self, data: bytes) -> None:
        """Compress ``data``; what is ready is handed on."""

    def close(self) -> None:
        """Hand on everything that is left and the format's own ending."""

    def abandon(self) -> None:
        """Free threads without an ending."""


def compressor(kind: str, level: int, threads: int | None, write: Write) -> Compressor:
    """The compressor of a tar format; ``threads`` None means all cores."""
    count = threads or os.cpu_count() or 1
    if kind == formats.TAR_ZST:
        return _Zstd(level, count, write)
    if kind == formats.TAR_GZ:
        return _Gzip(level, count, write)
    return _Plain(write)


class _Plain:
    def __init__(self, write: Write) -> None:
        self.write = write

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _Zstd:
    def __init__(self, level: int, threads: int, write: Write) -> None:
        import zstandard

        # One worker thread would only add a copy; zstd's own count for "no workers" is 0.
        self._frame = zstandard.ZstdCompressor(
            level=level, threads=threads if threads > 1 else 0, write_checksum=True
        ).compressobj()
        self._write = write
        self._parts: list[bytes] = []
        self._gathered = 0

    def write(self, data: bytes) -> None:
        # Headers and small files together: a call for each would cost more than compressing them.
        if len(data) >= _GATHERED:
            self._compress()
        self._parts.append(data)
        self._gathered += len(data)
        if self._gathered >= _GATHERED:
            self._compress()

    def _compress(self) -> None:
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if ready := self._frame.compress(data):
            self._write(ready)
        self._parts.clear()
        self._gathered = 0

    def close(self) -> None:
        self._compress()
        self._write(self._frame.flush())

    def abandon(self) -> None:
        pass


class _Gzip:
    """One gzip member (RFC 1952) whose deflate blocks are made in parallel.

    Each block starts with the 32 KiB before it as its dictionary, so cutting costs almost no
    size, and ends on a byte boundary (Z_SYNC_FLUSH), so blocks can simply follow one another.
    """

    _BLOCK = 1 << 20
    _WINDOW = 32 << 10

    def __init__(self, level: int, threads: int, write: Write) -> None:
        self._level = level
        self._write = write
        self._pool = ThreadPoolExecutor(threads, "gzip")
        self._ahead = threads * 2
        self._pending: deque[Future[bytes]] = deque()
        self._buffer = bytearray()
        self._window = b""
        self._crc = 0
        self._size = 0
        # No name and no time in the header: the same input gives the same file.
        write(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= self._BLOCK:
            block = bytes(self._buffer[: self._BLOCK])
            del self._buffer[: self._BLOCK]
            self._submit(block)

    def _submit(self, block: bytes) -> None:
        self._crc = zlib.crc32(block, self._crc)
        self._size += len(block)
        while len(self._pending) >= self._ahead:
            self._write(self._pending.popleft().result())
        self._pending.append(self._pool.submit(self._deflate, block, self._window))
        self._window = block[-self._WINDOW :]

    def _deflate(self, block: bytes, window: bytes) -> bytes:
        raw = zlib.compressobj(
            self._level, zlib.DEFLATED, -zlib.MAX_WBITS, 8, zlib.Z_DEFAULT_STRATEGY, window
        )
        return raw.compress(block) + raw.flush(zlib.Z_SYNC_FLUSH)

    def close(self) -> None:
        if self._buffer:
            self._submit(bytes(self._buffer))
        while self._pending:
            self._write(self._pending.popleft().result())
        last = zlib.compressobj(self._level, zlib.DEFLATED, -zlib.MAX_WBITS).flush()
        self._write(last + struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF))
        self._pool.shutdown()

    def abandon(self) -> None:
        self._pool.shutdown(cancel_futures=True)
