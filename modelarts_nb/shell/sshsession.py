"""A session over SSH."""

from __future__ import annotations

import asyncio
import contextlib

import asyncssh

from modelarts_nb.shell.errors import ConnectionLost
from modelarts_nb.shell.inbox import Inbox
from modelarts_nb.shell.session import Chunk, Exit, Size

# Bytes of input that wait here for the server's window before the writer has to.
_OUTGOING = 1 << 18


class SshSession(asyncssh.SSHClientSession[bytes]):
    """See ``Session``. asyncssh calls the methods named as in its own class."""

    _channel: asyncssh.SSHClientChannel[bytes]

    def __init__(self) -> None:
        self._inbox = Inbox(self._hold, self._release)
        self._ended = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._result: Exit | None = None
        self._lost: ConnectionLost | None = None

    # --- what asyncssh calls

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan
        chan.set_write_buffer_limits(_OUTGOING)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._inbox.put("stderr" if datatype == asyncssh.EXTENDED_DATA_STDERR else "stdout", data)

    def eof_received(self) -> bool:
        return True  # the exit status comes after it

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        # What had arrived while we were behind is still in the channel, and would be dropped.
        self._channel.resume_reading()
        signalled = self._channel.get_exit_signal()
        code = self._channel.get_exit_status()
        if signalled is not None:
            self._result = Exit.by_signal(signalled[0])
        elif code is not None:
            self._result = Exit(code)
        else:
            self._lost = lost(exc)
        self._inbox.end(self._lost)
        self._ended.set()
        self._may_write.set()

    # --- what we are

    async def read(self) -> Chunk | None:
        return await self._inbox.take()

    async def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it reads no more
            self._channel.write(data)
        await self._may_write.wait()

    async def end_input(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.write_eof()

    async def resize(self, size: Size) -> None:
        with contextlib.suppress(OSError):
            self._channel.change_terminal_size(size.columns, size.rows, size.width, size.height)

    async def signal(self, name: str) -> bool:
        with contextlib.suppress(OSError):
            self._channel.send_signal(name)
        return True

    async def exit(self) -> Exit:
        await self._ended.wait()
        if self._result is None:
            raise self._lost or lost(None)
        return self._result

    async def close(self) -> None:
        self._channel.close()

    def _hold(self) -> None:
        self._channel.pause_reading()

    def _release(self) -> None:
        if not self._ended.is_set():
            self._channel.resume_reading()


def lost(cause: Exception | None) -> ConnectionLost:
    """The connection ended without an exit status."""
    return ConnectionLost(
        "The connection ended before the command did.",
        hint="Whether the command goes on there nobody can say from here.",
        cause=str(cause or ""),
    )
