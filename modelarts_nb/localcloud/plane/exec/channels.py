"""The channels of ``exec`` inside a websocket: the first byte of a message says which."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from modelarts_nb.localcloud.plane.exec.websocket import WebSocket

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSED = 0, 1, 2, 3, 4, 255
V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"


@dataclass(frozen=True)
class Input:
    """Bytes for the command."""

    data: bytes


@dataclass(frozen=True)
class EndOfInput:
    """No more bytes for the command; only v5 can say so."""


@dataclass(frozen=True)
class Resize:
    """The client's window has another size, in characters."""

    columns: int
    rows: int


Event = Input | EndOfInput | Resize


class Channels:
    """One ``exec`` over a websocket.

    Args:
        socket: after its handshake.
        protocol: ``V4`` or ``V5``.
    """

    def __init__(self, socket: WebSocket, protocol: str) -> None:
        self._socket = socket
        self._closes = protocol == V5

    async def events(self) -> AsyncIterator[Event]:
        """What the client sends; what it may not send is passed over, as the real one does.

        Raises:
            Broken: it does not speak the websocket's protocol.
        """
        async for message in self._socket.messages():
            if not message:
                continue
            channel, data = message[0], message[1:]
            if channel == STDIN:
                if data:
                    yield Input(data)
            elif channel == RESIZE:
                if size := _size(data):
                    yield size
            elif channel == CLOSED and self._closes and data[:1] == bytes([STDIN]):
                yield EndOfInput()

    async def send(self, channel: int, data: bytes) -> None:
        """Bytes of the command's.

        Raises:
            OSError: the client has gone.
        """
        await self._socket.send(bytes([channel]) + data)

    async def end(self, status: dict[str, Any]) -> None:
        """How the command ended (``metav1.Status``), and goodbye."""
        await self.send(STATUS, json.dumps(status).encode())
        await self._socket.close()

    async def refuse(self, code: int) -> None:
        """Goodbye to a client that breaks the websocket's protocol."""
        await self._socket.close(code)


def _size(data: bytes) -> Resize | None:
    try:
        value = json.loads(data)
        columns, rows = value["Width"], value["Height"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(type(number) is int and 0 < number < 65536 for number in (columns, rows)):
        return None
    return Resize(columns, rows)


def exited(code: int) -> dict[str, Any]:
    """The ``metav1.Status`` of a command that ended with this exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def failed(message: str) -> dict[str, Any]:
    """The ``metav1.Status`` of a command that could not be run."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
