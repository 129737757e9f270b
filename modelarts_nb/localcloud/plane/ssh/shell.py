"""A shell or one command of a notebook, with a terminal or without, for one SSH channel."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Coroutine, Sequence
from typing import Any

import asyncssh

from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.ssh.pumps import Event, pump_in, pump_out

_SHELLS = ("/bin/bash", "/bin/sh")
_LAST_WORDS = 0.5  # seconds for what a terminal still holds when its shell has ended
# The first terminal that a session's leader opens becomes the session's own.
_WITH_TERMINAL = 'exec "$0" "$@" <"$SSH_TTY" >"$SSH_TTY" 2>&1'

Channel = asyncssh.SSHServerProcess[bytes]
Pump = Coroutine[Any, Any, None]


async def serve_shell(channel: Channel, identity: Identity) -> None:
    """Run what the client asked for, and hand its exit status or signal back."""
    shell = next(path for path in _SHELLS if os.path.exists(path))
    wanted = [shell, "-c", channel.command] if channel.command is not None else [shell, "-l"]
    run = _in_terminal if channel.term_type is not None else _with_pipes
    try:
        code = await run(channel, identity, wanted)
        if code >= 0:
            channel.exit(code)
        else:
            channel.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    except (OSError, asyncssh.Error) as error:
        with contextlib.suppress(OSError, asyncssh.Error):
            channel.stderr.write(f"{error}\n".encode())
            channel.exit(255)
    finally:
        channel.close()


async def _in_terminal(channel: Channel, identity: Identity, wanted: list[str]) -> int:
    master, slave = os.openpty()
    try:
        _resize(master, channel.term_size)
        variables = {
            **_variables(channel, identity),
            "TERM": channel.term_type or "dumb",
            "SSH_TTY": os.ttyname(slave),
        }
        child = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _WITH_TERMINAL, *wanted,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=variables,
            cwd=identity.folders.home,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        os.close(master)
        os.close(slave)
        raise

    def on_event(event: Event) -> None:
        if isinstance(event, asyncssh.TerminalSizeChanged):
            _resize(master, event.term_size)
        else:
            _pass_on(event, child)

    # A pump closes what it is given. Our end of the other side stays open while the shell lives:
    # before it has opened its own, the terminal would seem to have been left.
    into = pump_in(channel.stdin, os.dup(master), on_event)
    out = [pump_out(master, channel.stdout)]
    # A background process may hold the terminal open for ever; the login ends all the same.
    return await _attend(channel, child, into, out, [slave], _LAST_WORDS)


async def _with_pipes(channel: Channel, identity: Identity, wanted: list[str]) -> int:
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = (
        os.pipe() for _ in range(3)
    )
    try:
        child = await asyncio.create_subprocess_exec(
            *wanted,
            stdin=in_read,
            stdout=out_write,
            stderr=err_write,
            env=_variables(channel, identity),
            cwd=identity.folders.home,
            start_new_session=True,
        )
    except OSError:
        for fd in (in_write, out_read, err_read):
            os.close(fd)
        raise
    finally:
        for fd in (in_read, out_write, err_write):
            os.close(fd)
    into = pump_in(channel.stdin, in_write, lambda event: _pass_on(event, child))
    out = [pump_out(out_read, channel.stdout), pump_out(err_read, channel.stderr)]
    return await _attend(channel, child, into, out, [], None)


async def _attend(
    channel: Channel,
    child: asyncio.subprocess.Process,
    into: Pump,
    out: list[Pump],
    held: list[int],
    last_words: float | None,
) -> int:
    """Until the process has ended and said all, or the client has gone; its exit code.

    ``held`` are descriptors that are closed when the process has ended or the client has gone.
    """
    feeding = asyncio.ensure_future(into)
    pumps = [asyncio.ensure_future(pump) for pump in out]
    told = asyncio.ensure_future(asyncio.wait(pumps))
    gone = asyncio.ensure_future(channel.channel.wait_closed())
    ended = asyncio.ensure_future(child.wait())
    tasks = [feeding, told, gone, *pumps]
    try:
        await asyncio.wait({ended, gone}, return_when=asyncio.FIRST_COMPLETED)
        _close(held)
        if ended.done():
            await asyncio.wait(
                {told, gone}, timeout=last_words, return_when=asyncio.FIRST_COMPLETED
            )
        # Letting go of the descriptors is what hangs up: SIGHUP by the terminal, SIGPIPE by pipes.
        await _cancelled(tasks)
        return await ended
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        _close(held)
        await _cancelled(tasks)
        await ended
        raise


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


async def _cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _pass_on(event: Event, child: asyncio.subprocess.Process) -> None:
    name = event.signal if isinstance(event, asyncssh.SignalReceived) else "INT"
    number = getattr(signal, f"SIG{name}", None)
    if number is not None and child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)


def _resize(terminal: int, size: tuple[int, int, int, int]) -> None:
    columns, rows, width, height = (max(0, min(number, 65535)) for number in size)
    with contextlib.suppress(OSError):  # the terminal has been left
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))


def _variables(channel: Channel, identity: Identity) -> dict[str, str]:
    """The notebook's, and of the client's what OpenSSH on Debian would take."""
    theirs = {
        name: value
        for name, value in channel.env.items()
        if name == "LANG" or name.startswith("LC_")
    }
    return {**identity.variables(), **theirs}
