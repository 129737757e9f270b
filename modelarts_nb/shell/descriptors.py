"""Reading and writing this process's own descriptors without blocking its loop.

They are shared with whoever started us (a shell, a pipeline), so they are never made non-blocking:
that would outlive us. A terminal or pipe is opened once more instead, for ourselves alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import stat

_PIECE = 1 << 16
_MOMENT = 1  # millisecond that the loop may be kept from other things


class Sink:
    """Writes to a descriptor, in order, waiting where its reader is behind. The descriptor itself
    stays open."""

    def __init__(self, fd: int) -> None:
        self._socket: socket.socket | None = None
        self._own = -1
        self._piece = 1 << 20
        self._polled = False
        mode = os.fstat(fd).st_mode
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(fd))
            self._watch(fd)
            return
        if stat.S_ISFIFO(mode) or os.isatty(fd):
            with contextlib.suppress(OSError):
                # A new open file, whose O_NONBLOCK is nobody else's.
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                self._own = os.open(f"/proc/self/fd/{fd}", flags)
            if self._own < 0:
                # Not ours to open, as after su: as much as never blocks.
                self._piece, self._polled = select.PIPE_BUF, True
        self._watch(self._own if self._own >= 0 else fd)

    def _watch(self, fd: int) -> None:
        self._fd, self._room = fd, select.poll()
        self._room.register(fd, select.POLLOUT)

    async def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: nobody reads any more.
            OSError: the terminal has gone, the disk is full.
        """
        left = memoryview(data)
        while left:
            with contextlib.suppress(BlockingIOError):
                left = left[self._some(left[: self._piece]) :]
            if left and not self._soon():
                await ready(self._fd, writing=True)

    def close(self) -> None:
        """Let go of what was opened for us alone."""
        if self._own >= 0:
            os.close(self._own)
            self._own = -1
        if self._socket is not None:
            self._socket.close()

    def _soon(self) -> bool:
        """Wait a moment. A terminal takes 4 KiB at a time, and whoever shows it is as quick as we
        are: waiting for it in the loop costs more than the writing."""
        return bool(self._room.poll(_MOMENT))

    def _some(self, data: memoryview) -> int:
        if self._socket is not None:
            return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        if self._polled and not select.select([], [self._fd], [], 0)[1]:
            raise BlockingIOError
        return os.write(self._fd, data)


class Source:
    """Reads a descriptor as its bytes come."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        mode = os.fstat(fd).st_mode
        # epoll takes neither files nor /dev/null; those never make one wait for long.
        self._waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)

    async def read(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            OSError: the terminal has gone.
        """
        if not self._waits:
            return await asyncio.to_thread(os.read, self._fd, _PIECE)
        while True:
            await ready(self._fd, writing=False)
            with contextlib.suppress(BlockingIOError):
                return os.read(self._fd, _PIECE)


async def ready(fd: int, *, writing: bool) -> None:
    """Wait until a descriptor can be read or written."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    if writing:
        loop.add_writer(fd, event.set)
    else:
        loop.add_reader(fd, event.set)
    try:
        await event.wait()
    finally:
        if writing:
            loop.remove_writer(fd)
        else:
            loop.remove_reader(fd)
