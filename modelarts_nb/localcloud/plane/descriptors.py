"""Reading and writing file descriptors from an event loop, without blocking it."""

from __future__ import annotations

import asyncio
import os

PIECE = 32 * 1024


async def read(fd: int, size: int = PIECE) -> bytes:
    """The next bytes of a non-blocking descriptor, at most ``size``; none at its end.

    Raises:
        OSError: as EIO, when the last user of a terminal has gone.
    """
    while True:
        try:
            return os.read(fd, size)
        except BlockingIOError:
            await _ready(fd, writing=False)


async def write(fd: int, data: bytes) -> None:
    """All of it to a non-blocking descriptor.

    Raises:
        OSError: as EPIPE, when nobody reads any more.
    """
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
