"""Bytes between an SSH channel and file descriptors, with back-pressure both ways.

asyncssh's own redirection loses the end of long inputs (2.24: an EOF that arrives while it is
paused is written twice), so these few lines are ours.
"""

from __future__ import annotations

import os

import asyncssh

from modelarts_nb.localcloud.plane import descriptors

_PIECE = 65536


async def pump_in(reader: asyncssh.SSHReader[bytes], fd: int) -> None:
    """Write what the client sends to ``fd``, which is closed when the client is at its end."""
    os.set_blocking(fd, False)
    try:
        while data := await reader.read(_PIECE):
            await descriptors.write(fd, data)
    except (OSError, asyncssh.Error):
        return  # the process reads no more, or the client has gone
    finally:
        os.close(fd)


async def pump_out(fd: int, writer: asyncssh.SSHWriter[bytes]) -> None:
    """Send what is read from ``fd`` to the client; ``fd`` is closed at its end."""
    os.set_blocking(fd, False)
    try:
        while data := await descriptors.read(fd, _PIECE):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncssh.Error):
        return  # EIO: the terminal's last user has gone; or the client has
    finally:
        os.close(fd)
