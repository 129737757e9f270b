"""Bytes between an SSH channel and file descriptors, with back-pressure both ways.

asyncssh's own redirection loses the end of long inputs (2.24: an EOF that arrives while it is
paused is written twice), so these few lines are ours.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import asyncssh

_PIECE = 65536
# What a reader of the channel raises instead of returning bytes.
Event = asyncssh.TerminalSizeChanged | asyncssh.SignalReceived | asyncssh.BreakReceived
_EVENTS = (asyncssh.TerminalSizeChanged, asyncssh.SignalReceived, asyncssh.BreakReceived)


async def pump_in(
    reader: asyncssh.SSHReader[bytes], fd: int, on_event: Callable[[Event], None]
) -> None:
    """Write what the client sends to ``fd``, which is closed when the client is at its end."""
    os.set_blocking(fd, False)
    try:
        while True:
            try:
                data = await reader.read(_PIECE)
            except _EVENTS as event:
                on_event(event)
                continue
            if not data:
                return
            await _write(fd, data)
    except (OSError, asyncssh.Error):
        return  # the process reads no more, or the client has gone
    finally:
        os.close(fd)


async def pump_out(fd: int, writer: asyncssh.SSHWriter[bytes]) -> None:
    """Send what is read from ``fd`` to the client; ``fd`` is closed at its end."""
    os.set_blocking(fd, False)
    try:
        while True:
            try:
                data = os.read(fd, _PIECE)
            except BlockingIOError:
                await _ready(fd, writing=False)
                continue
            if not data:
                return
            writer.write(data)
            await writer.drain()
    except (OSError, asyncssh.Error):
        return  # EIO: the terminal's last user has gone; or the client has
    finally:
        os.close(fd)


async def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            await _ready(fd, writing=True)


async def _ready(fd: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    )
    add(fd, event.set)
    try:
        await event.wait()
    finally:
        remove(fd)
