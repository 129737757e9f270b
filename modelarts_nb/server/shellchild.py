"""The process that holds one shell session, and the frames to and from it.

A frame: a kind (``D`` bytes of the terminal, ``M`` a message in JSON), its length in four bytes,
the payload.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import struct
from typing import Any, Optional

HEAD = struct.Struct(">cI")
DATA, MESSAGE = b"D", b"M"
LONGEST = 1 << 20
# Seconds that it has to hang up and to write the audit when its input has ended.
_LAST_WORDS = 4.0


class ShellChild:
    """A running process. Make one with ``ShellChild.spawn``."""

    def __init__(self, process: asyncio.subprocess.Process, log: logging.Logger) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._log = process, log
        self._stdin, self._stdout = process.stdin, process.stdout
        self._logging = asyncio.ensure_future(self._read_log())

    @classmethod
    async def spawn(cls, command: list[str], log: logging.Logger) -> ShellChild:
        """Start ``command`` in a session of its own, so that Ctrl-C is not meant for it."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            # Not a folder of the user: it would be first on the module path.
            cwd="/",
        )
        return cls(process, log)

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message. It reads at once, so that nothing waits here."""
        self._send(MESSAGE, json.dumps(message).encode("ascii"))

    def type(self, data: bytes) -> None:
        """Send what was typed."""
        self._send(DATA, data)

    async def receive(self) -> Optional[tuple[bytes, bytes]]:
        """The next frame; None when the process has ended, or talks nonsense."""
        try:
            kind, size = HEAD.unpack(await self._stdout.readexactly(HEAD.size))
            if size > LONGEST:
                self._log.error("modelarts_nb: a shell's process sent what is no frame")
                return None
            return kind, await self._stdout.readexactly(size)
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def stop(self) -> None:
        """End it: by closing its input, after a few seconds by force."""
        self._stdin.close()
        try:
            # What it still says must not hold it up.
            await asyncio.wait_for(asyncio.gather(self._process.wait(), self._drain()), _LAST_WORDS)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), 1.0)
        self._logging.cancel()
        await asyncio.gather(self._logging, return_exceptions=True)
        # One that hangs for ever would keep its pipes, and the loop could not be closed in peace.
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()

    async def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while await self._stdout.read(1 << 16):
                pass

    def _send(self, kind: bytes, payload: bytes) -> None:
        if not self._stdin.is_closing():
            self._stdin.write(HEAD.pack(kind, len(payload)) + payload)

    async def _read_log(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):
            while line := await self._process.stderr.readline():
                text = line.decode("utf-8", "replace").rstrip()
                self._log.warning("modelarts_nb shell: %s", text)
