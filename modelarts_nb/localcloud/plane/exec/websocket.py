"""The server's side of a websocket (RFC 6455): the handshake's proof, frames, ping, close."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NORMAL, PROTOCOL_ERROR, TOO_BIG = 1000, 1002, 1009
MOST = 16 * 1024 * 1024  # bytes of a message
_CUT = 1024  # bytes of a message that is long enough to be cut in the middle


class Broken(Exception):
    """The client does not speak the protocol; ``code`` is what it is told."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def accept(key: str) -> str | None:
    """``Sec-WebSocket-Accept`` for a ``Sec-WebSocket-Key``; None for one that is none."""
    try:
        if len(base64.b64decode(key, validate=True)) != 16:
            return None
    except (binascii.Error, ValueError):
        return None
    digest = hashlib.sha1(key.encode() + _MAGIC).digest()  # noqa: S324 - what the RFC says
    return base64.b64encode(digest).decode()


class WebSocket:
    """A connection after its handshake. One task reads, any may send.

    Args:
        reader, writer: of the connection.
        pieces: a message is sent in so many frames, each in a write of its own.
        breaks: the connection breaks in the middle of the first long message.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        pieces: int = 1,
        breaks: bool = False,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._pieces = pieces
        self._breaks = breaks
        self._sending = asyncio.Lock()
        self._said_goodbye = False

    async def messages(self) -> AsyncIterator[bytes]:
        """What the client sends, text as bytes, until it says goodbye or goes.

        Raises:
            Broken: it broke the protocol.
        """
        begun = bytearray()
        unfinished = False
        while True:
            try:
                final, code, data = await self._frame()
            except (asyncio.IncompleteReadError, OSError):
                return
            if code == CLOSE:
                if self._sending.locked():
                    return  # it does not read: it would not hear an answer
                await self.close(struct.unpack(">H", data[:2])[0] if len(data) > 1 else NORMAL)
                return
            if code == PING:
                await self._send_frame(PONG, data)
                continue
            if code == PONG:
                continue
            if code not in (CONTINUATION, TEXT, BINARY) or (code == CONTINUATION) != unfinished:
                raise Broken(PROTOCOL_ERROR)
            if len(begun) + len(data) > MOST:
                raise Broken(TOO_BIG)
            begun += data
            unfinished = not final
            if final:
                yield bytes(begun)
                begun.clear()

    async def send(self, data: bytes) -> None:
        """One binary message; returns when the client takes what was sent before.

        Raises:
            OSError: the client has gone.
        """
        async with self._sending:
            if self._breaks and len(data) > _CUT:
                self._writer.write(_head(BINARY, len(data)) + data[: len(data) // 2])
                await self._writer.drain()
                self._writer.transport.abort()
                raise ConnectionResetError
            for code, final, piece in self._cut(data):
                self._writer.write(_head(code, len(piece), final=final) + piece)
                await self._writer.drain()
                if self._pieces > 1:
                    await asyncio.sleep(0)  # so that they are not sent as one

    async def close(self, code: int = NORMAL) -> None:
        """Say goodbye. Who reads ``messages`` sees the client say it too."""
        if not self._said_goodbye:
            self._said_goodbye = True
            with contextlib.suppress(OSError):  # it has gone already
                await self._send_frame(CLOSE, struct.pack(">H", code))

    async def _frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        final, code, size = bool(first & 0x80), first & 0x0F, second & 0x7F
        # No extension was agreed on, and what a client sends is masked.
        if first & 0x70 or not second & 0x80:
            raise Broken(PROTOCOL_ERROR)
        if code >= CLOSE and (size > 125 or not final):
            raise Broken(PROTOCOL_ERROR)
        if size == 126:
            (size,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", await self._reader.readexactly(8))
        if size > MOST:
            raise Broken(TOO_BIG)
        mask = await self._reader.readexactly(4)
        return final, code, _unmasked(await self._reader.readexactly(size), mask)

    async def _send_frame(self, code: int, data: bytes) -> None:
        async with self._sending:
            self._writer.write(_head(code, len(data)) + data)
            await self._writer.drain()

    def _cut(self, data: bytes) -> list[tuple[int, bool, bytes]]:
        """Code, whether it is the last, and bytes of the frames of a message."""
        count = max(1, min(self._pieces, len(data)))
        size = -(-len(data) // count)
        cuts = [data[at : at + size] for at in range(0, len(data), size or 1)] or [b""]
        return [
            (CONTINUATION if number else BINARY, number == len(cuts) - 1, cut)
            for number, cut in enumerate(cuts)
        ]


def _head(code: int, size: int, *, final: bool = True) -> bytes:
    first = code | (0x80 if final else 0)
    if size < 126:
        return struct.pack(">BB", first, size)
    if size < 65536:
        return struct.pack(">BBH", first, 126, size)
    return struct.pack(">BBQ", first, 127, size)


def _unmasked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    if not size:
        return b""
    # As two large numbers: byte by byte would be the slowest part of the server.
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
