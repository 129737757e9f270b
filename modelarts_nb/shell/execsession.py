"""A session through Kubernetes' pod exec: channels in websocket messages.

The first byte of a message names the channel (``k8s.io/apimachinery``, remotecommand constants):
0 stdin, 1 stdout, 2 stderr, 3 the final status as JSON, 4 resize; with ``v5.channel.k8s.io`` 255
and a channel's number close that channel. ``v4`` cannot say that input has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from modelarts_nb.cloud.shape import items, obj, text
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.errors import ConnectionLost, ShellRefused
from modelarts_nb.shell.inbox import Inbox
from modelarts_nb.shell.session import Chunk, Exit, Size, Stream

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_STDIN, _STATUS, _RESIZE, _CLOSE = 0, 3, 4, 255
_OUT: dict[int, Stream] = {1: "stdout", 2: "stderr"}
_PIECE = 32 << 10


class ExecSession:
    """See ``Session``."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._inbox = Inbox(self._may_read.clear, self._may_read.set)
        self._result: Exit | None = None
        self._error: ModelArtsNbError | None = None
        self._reading = asyncio.ensure_future(self._receive())

    async def read(self) -> Chunk | None:
        return await self._inbox.take()

    async def write(self, data: bytes) -> None:
        for at in range(0, len(data), _PIECE):
            await self._say(_STDIN, data[at : at + _PIECE])

    async def end_input(self) -> None:
        if self._socket.subprotocol == V5:
            await self._say(_CLOSE, bytes([_STDIN]))

    async def resize(self, size: Size) -> None:
        await self._say(_RESIZE, json.dumps({"Width": size.columns, "Height": size.rows}).encode())

    async def signal(self, name: str) -> bool:
        return False

    async def exit(self) -> Exit:
        await asyncio.wait({self._reading})
        if self._result is None:
            raise self._error or _lost("")
        return self._result

    async def close(self) -> None:
        self._reading.cancel()
        self._may_read.set()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()

    async def _say(self, channel: int, data: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):  # it has ended: input goes nowhere
            await self._socket.send(bytes([channel]) + data)

    async def _receive(self) -> None:
        try:
            async for message in self._socket:
                self._take(message.encode() if isinstance(message, str) else message)
                await self._may_read.wait()
            if self._result is None and self._error is None:
                self._error = _lost(self._socket.close_reason or "")
        except ConnectionClosed as error:
            if self._result is None and self._error is None:
                self._error = _lost(str(error))
        except asyncio.CancelledError:
            self._error = self._error or _lost("")
            raise
        finally:
            self._inbox.end(self._error)

    def _take(self, message: bytes) -> None:
        if len(message) < 2:
            return  # the first message is empty
        channel = message[0]
        if channel in _OUT:
            self._inbox.put(_OUT[channel], message[1:])
        elif channel == _STATUS:
            try:
                self._result = read_status(message[1:])
            except ShellRefused as error:
                self._error = error


def read_status(data: bytes) -> Exit:
    """How a command ended, of the ``metav1.Status`` on channel 3.

    Raises:
        ShellRefused: it was not run, or nobody can say how it ended.
    """
    try:
        status: Any = json.loads(data)
    except ValueError:
        status = {}
    if text(status, "status") == "Success":
        return Exit(0)
    for cause in items(obj(status, "details"), "causes"):
        code = text(cause, "message")
        if text(cause, "reason") == "ExitCode" and code.isdigit():
            return Exit(int(code) & 0xFF if int(code) > 0xFF else int(code))
    said = text(status, "message") or data[:500].decode("utf-8", "replace")
    raise ShellRefused(
        f"The command could not be run: {said}",
        hint="Does the container have that program (`/bin/sh`, `bash`)?",
        cause=text(status, "reason"),
    )


def _lost(cause: str) -> ConnectionLost:
    return ConnectionLost(
        "The connection ended before the command did.",
        hint="Whether the command goes on there nobody can say from here.",
        cause=cause,
    )
