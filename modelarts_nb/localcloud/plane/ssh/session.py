"""A session of an SSH connection whose signals come past its input."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh

Event = asyncssh.TerminalSizeChanged | asyncssh.SignalReceived | asyncssh.BreakReceived
_SFTP_VERSION = 3  # the one that every client speaks


class Session(asyncssh.SSHServerProcess[bytes]):
    """What a client has opened: a shell, a command or a transfer of files.

    asyncssh hands signals on between the bytes of the input: behind those that no process reads,
    and none after the input's end. ``events`` has them as they come, new sizes of the window too.

    Args:
        serve: serves a shell or a command.
        files: serves a transfer over a channel.
    """

    def __init__(
        self,
        serve: Callable[[Session], Awaitable[None]],
        files: Callable[[Any], asyncssh.SFTPServer],
    ) -> None:
        super().__init__(lambda _: serve(self), files, _SFTP_VERSION, False)
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    def signal_received(self, signal: str) -> None:
        """See ``asyncssh.SSHServerSession``."""
        self.events.put_nowait(asyncssh.SignalReceived(signal))

    def break_received(self, msec: int) -> bool:
        """See ``asyncssh.SSHServerSession``."""
        self.events.put_nowait(asyncssh.BreakReceived(msec))
        return True

    def terminal_size_changed(self, width: int, height: int, *pixels: Any) -> None:
        """See ``asyncssh.SSHServerSession``."""
        self.events.put_nowait(asyncssh.TerminalSizeChanged(width, height, *pixels))
