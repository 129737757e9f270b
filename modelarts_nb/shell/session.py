"""The one interface of all shells: a transport opens sessions, a session is a terminal or one
command in a container.

It is asynchronous, as it waits for several things at once; it belongs to the loop that opened it.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Size:
    """Of a terminal, in characters; ``width`` and ``height`` in pixels, 0: not known."""

    columns: int = 80
    rows: int = 24
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Terminal:
    """What the remote terminal is to be.

    Attributes:
        kind: the value of ``TERM``.
        size: from the first byte on.
        modes: SSH's opcodes of terminal modes (RFC 4254, 8) and their values.
    """

    kind: str = "xterm-256color"
    size: Size = Size()
    modes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What to run.

    Attributes:
        command: a line for the container's shell; None: a login shell.
        terminal: None: stdin, stdout and stderr apart from each other.
        environment: variables to ask for; a server may take only some (``LANG``, ``LC_*``).
    """

    command: str | None = None
    terminal: Terminal | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class Chunk(NamedTuple):
    """A piece of output. With a terminal everything is ``stdout``."""

    stream: Stream
    data: bytes


@dataclass(frozen=True)
class Exit:
    """How a command ended: with a code, or by a signal (its name without SIG)."""

    code: int
    signal: str = ""

    @classmethod
    def by_signal(cls, name: str) -> Exit:
        """The end by a signal: 128 and its number, as shells say it."""
        number = getattr(signal, f"SIG{name}", None)
        return cls(128 + int(number) if number is not None else 255, name)


class Session(Protocol):
    """One terminal or command. Reading and writing may go on at the same time."""

    async def read(self) -> Chunk | None:
        """The next piece of output; None at its end. Who does not read holds the sender up.

        Raises:
            ConnectionLost: the connection ended first; what had arrived was read before.
        """

    async def write(self, data: bytes) -> None:
        """Give input, and wait while the other side is behind. After the end it goes nowhere."""

    async def end_input(self) -> None:
        """There is no more input."""

    async def resize(self, size: Size) -> None:
        """The terminal has another size now."""

    async def signal(self, name: str) -> bool:
        """Send a signal (``"INT"``). False: this transport cannot."""

    async def exit(self) -> Exit:
        """Wait for the end.

        Raises:
            ConnectionLost: the connection ended without saying how the command did.
        """

    async def close(self) -> None:
        """Hang up. Does nothing when it has ended."""


class Transport(Protocol):
    """A way into one container."""

    @property
    def name(self) -> str:
        """``ssh`` or ``exec``."""

    async def open(self, request: Request) -> Session:
        """Begin a session; may be called several times.

        Raises:
            Unreachable: nobody answers.
            LoginRefused: none of the keys, or not the token, is taken.
            HostKeyChanged: it is not the container that was met before.
            ShellRefused: the server opens no session.
        """

    async def close(self) -> None:
        """End all its sessions and the connection."""
