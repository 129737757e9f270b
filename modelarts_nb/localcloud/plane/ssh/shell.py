"""A shell or one command of a notebook, with a terminal or without, for one SSH session."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import asyncssh

from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.ssh.pumps import pump_in, pump_out
from modelarts_nb.localcloud.plane.ssh.session import Event, Session

_SHELLS = ("/bin/bash", "/bin/sh")
_LAST_WORDS = 0.5  # seconds for what a terminal still holds when its shell has ended
# The first terminal that a session's leader opens becomes the session's own.
_WITH_TERMINAL = 'exec "$0" "$@" <"$SSH_TTY" >"$SSH_TTY" 2>&1'

Pump = Coroutine[Any, Any, None]


async def serve_shell(session: Session, identity: Identity) -> None:
    """Run what the client asked for, and hand its exit status or signal back."""
    shell = next(path for path in _SHELLS if os.path.exists(path))
    wanted = [shell, "-c", session.command] if session.command is not None else [shell, "-l"]
    run = _in_terminal if session.term_type is not None else _with_pipes
    try:
        code = await run(session, identity, wanted)
        if code >= 0:
            session.exit(code)
        else:
            session.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    except (OSError, asyncssh.Error) as error:
        with contextlib.suppress(OSError, asyncssh.Error):
            session.stderr.write(f"{error}\n".encode())
            session.exit(255)
    finally:
        session.close()


async def _in_terminal(session: Session, identity: Identity, wanted: list[str]) -> int:
    master, slave = os.openpty()
    try:
        _resize(master, session.term_size)
        variables = {
            **_variables(session, identity),
            "TERM": session.term_type or "dumb",
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
            _pass_on(child, event)

    # A pump closes what it is given. Our end of the other side stays open while the shell lives:
    # before it has opened its own, the terminal would seem to have been left.
    into = pump_in(session.stdin, os.dup(master))
    out = [pump_out(master, session.stdout)]
    # A background process may hold the terminal open for ever; the login ends all the same.
    return await _attend(session, child, on_event, into, out, [slave], _LAST_WORDS)


async def _with_pipes(session: Session, identity: Identity, wanted: list[str]) -> int:
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = (
        os.pipe() for _ in range(3)
    )
    try:
        child = await asyncio.create_subprocess_exec(
            *wanted,
            stdin=in_read,
            stdout=out_write,
            stderr=err_write,
            env=_variables(session, identity),
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
    into = pump_in(session.stdin, in_write)
    out = [pump_out(out_read, session.stdout), pump_out(err_read, session.stderr)]
    return await _attend(session, child, partial(_pass_on, child), into, out, [], None)


async def _attend(
    session: Session,
    child: asyncio.subprocess.Process,
    on_event: Callable[[Event], None],
    into: Pump,
    out: list[Pump],
    held: list[int],
    last_words: float | None,
) -> int:
    """Until the process has ended and said all, or the client has gone; its exit code.

    ``held`` are descriptors that are closed when the process has ended or the client has gone.
    """
    feeding = asyncio.ensure_future(into)
    hearing = asyncio.ensure_future(_hear(session, on_event))
    pumps = [asyncio.ensure_future(pump) for pump in out]
    told = asyncio.ensure_future(asyncio.wait(pumps))
    gone = asyncio.ensure_future(session.channel.wait_closed())
    ended = asyncio.ensure_future(child.wait())
    tasks = [feeding, hearing, told, gone, *pumps]
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


async def _hear(session: Session, on_event: Callable[[Event], None]) -> None:
    while True:
        on_event(await session.events.get())


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


async def _cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _pass_on(child: asyncio.subprocess.Process, event: Event) -> None:
    if isinstance(event, asyncssh.TerminalSizeChanged):
        return  # pipes have no size
    name = event.signal if isinstance(event, asyncssh.SignalReceived) else "INT"
    number = getattr(signal, f"SIG{name}", None)
    if number is not None and child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)


def _resize(terminal: int, size: tuple[int, int, int, int]) -> None:
    columns, rows, width, height = (max(0, min(number, 65535)) for number in size)
    with contextlib.suppress(OSError):  # the terminal has been left
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))


def _variables(session: Session, identity: Identity) -> dict[str, str]:
    """The notebook's, and of the client's what OpenSSH on Debian would take."""
    theirs = {
        name: value
        for name, value in session.env.items()
        if name == "LANG" or name.startswith("LC_")
    }
    return {**identity.variables(), **theirs}
