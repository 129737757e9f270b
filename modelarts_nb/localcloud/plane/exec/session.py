"""One command in a task's container, with a terminal or with pipes, for one ``exec``."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from modelarts_nb.localcloud.plane import descriptors
from modelarts_nb.localcloud.plane.exec.channels import (
    STDERR,
    STDOUT,
    Channels,
    EndOfInput,
    Event,
    Resize,
    exited,
    failed,
)
from modelarts_nb.localcloud.plane.exec.websocket import Broken
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.training.process import exit_code

_LAST_WORDS = 0.5  # seconds for what a terminal still holds when its command has ended
_GOODBYE = 1.0  # seconds for the client's own
# The first terminal that a session's leader opens becomes the session's own.
_WITH_TERMINAL = 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1'


@dataclass(frozen=True)
class Wanted:
    """What is to be run, and which of its streams are wanted."""

    command: tuple[str, ...]
    tty: bool = False
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True


async def serve(channels: Channels, identity: Identity, wanted: Wanted) -> None:
    """Run it to its end and say how it ended; or until the client goes.

    A client that goes takes the terminal or the pipes with it; a command that does not mind goes
    on, as in Kubernetes, and ends with the task.
    """
    # The real one says so that it is ready.
    await channels.send(STDOUT if wanted.stdout else STDERR, b"")
    try:
        session = await (_terminal if wanted.tty else _pipes)(identity, wanted)
    except OSError as error:
        what = wanted.command[0]
        await channels.end(failed(f"failed to exec {what!r} in the container: {error.strerror}"))
        return
    await session.attend(channels)


@dataclass
class _Session:
    """A process and our ends of its streams."""

    child: asyncio.subprocess.Process
    into: int | None
    out: dict[int, int]
    terminal: int | None = None
    held: int | None = None

    async def attend(self, channels: Channels) -> None:
        feeding = asyncio.ensure_future(self._feed(channels))
        pumps = [asyncio.ensure_future(_pump(fd, c, channels)) for c, fd in self.out.items()]
        said = asyncio.ensure_future(asyncio.wait(pumps) if pumps else asyncio.sleep(0))
        ended = asyncio.ensure_future(self.child.wait())
        tasks = [feeding, said, *pumps]
        try:
            await asyncio.wait({ended, feeding}, return_when=asyncio.FIRST_COMPLETED)
            self._let_go()
            if feeding.done():
                return
            patience = _LAST_WORDS if self.terminal is not None else None
            await asyncio.wait(
                {said, feeding}, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if feeding.done():
                return
            with contextlib.suppress(OSError):
                await channels.end(exited(exit_code(await ended)))
                await asyncio.wait({feeding}, timeout=_GOODBYE)
        finally:
            self._let_go()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._close()
            # Whoever it was, somebody has to hear that it ended.
            ended.cancel()

    async def _feed(self, channels: Channels) -> None:
        """What the client sends, to the command; ends when the client has gone."""
        try:
            async for event in channels.events():
                await self._take(event)
        except Broken as error:
            await channels.refuse(error.code)

    async def _take(self, event: Event) -> None:
        if isinstance(event, Resize):
            if self.terminal is not None:
                resize(self.terminal, event)
        elif isinstance(event, EndOfInput):
            # A terminal has no end but the one that is typed.
            if self.terminal is None:
                self._close_input()
        elif self.into is not None:
            try:
                await descriptors.write(self.into, event.data)
            except OSError:
                self._close_input()  # the command reads no more

    def _close_input(self) -> None:
        if self.into is not None and self.into != self.terminal:
            os.close(self.into)
        self.into = None

    def _let_go(self) -> None:
        """Of the terminal's other side, which was held until the command had opened its own."""
        if self.held is not None:
            os.close(self.held)
            self.held = None

    def _close(self) -> None:
        self._close_input()
        for fd in self.out.values():
            os.close(fd)
        self.out = {}


async def _pump(fd: int, channel: int, channels: Channels) -> None:
    try:
        while data := await descriptors.read(fd):
            await channels.send(channel, data)
    except OSError:
        return  # EIO: the terminal's last user has gone; or the client has


async def _terminal(identity: Identity, wanted: Wanted) -> _Session:
    master, slave = os.openpty()
    os.set_blocking(master, False)
    arguments = ["/bin/sh", "-c", _WITH_TERMINAL, "sh", os.ttyname(slave), *wanted.command]
    variables = {**identity.variables(), "TERM": "xterm"}
    quiet = asyncio.subprocess.DEVNULL
    try:
        child = await _started(identity, arguments, variables, quiet, quiet, quiet)
    except OSError:
        os.close(master)
        os.close(slave)
        raise
    into = master if wanted.stdin else None
    return _Session(child, into, {STDOUT: master}, terminal=master, held=slave)


async def _pipes(identity: Identity, wanted: Wanted) -> _Session:
    quiet = asyncio.subprocess.DEVNULL
    theirs: list[int] = []
    ours: dict[int, int] = {}

    def pipe(channel: int, want: bool) -> int:
        if not want:
            return quiet
        reading, writing = os.pipe()
        inside, outside = (reading, writing) if channel == 0 else (writing, reading)
        os.set_blocking(outside, False)
        theirs.append(inside)
        ours[channel] = outside
        return inside

    streams = [pipe(0, wanted.stdin), pipe(STDOUT, wanted.stdout), pipe(STDERR, wanted.stderr)]
    try:
        child = await _started(identity, list(wanted.command), identity.variables(), *streams)
    except OSError:
        for fd in ours.values():
            os.close(fd)
        raise
    finally:
        for fd in theirs:
            os.close(fd)
    into = ours.pop(0, None)
    return _Session(child, into, ours)


def _started(
    identity: Identity,
    arguments: list[str],
    variables: dict[str, str],
    stdin: int,
    stdout: int,
    stderr: int,
) -> Coroutine[Any, Any, asyncio.subprocess.Process]:
    return asyncio.create_subprocess_exec(
        *arguments,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=variables,
        cwd=identity.folders.home,
        start_new_session=True,
    )


def resize(terminal: int, size: Resize) -> None:
    """Give a terminal this size; its processes hear of it by SIGWINCH."""
    with contextlib.suppress(OSError):  # the terminal has been left
        packed = struct.pack("HHHH", size.rows, size.columns, 0, 0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, packed)
