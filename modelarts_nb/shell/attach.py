"""A session joined to the terminal of this process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from modelarts_nb.errors import Cancelled
from modelarts_nb.shell.descriptors import Sink, Source
from modelarts_nb.shell.errors import ConnectionLost
from modelarts_nb.shell.escape import Escape
from modelarts_nb.shell.rawterminal import RawTerminal, size_of
from modelarts_nb.shell.session import Exit, Session, Size


@dataclass(frozen=True)
class Ends:
    """Descriptors of this process."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2


async def attach_terminal(session: Session, ends: Ends, sent: Size) -> Exit:
    """Give the terminal at ``ends`` to a session, until that ends.

    Args:
        session: opened with a terminal.
        ends: ``stdin`` and ``stdout`` are a terminal.
        sent: the size that the session was opened with.

    Returns:
        How it ended. The terminal is as it was before.

    Raises:
        ConnectionLost: the connection ended first; the terminal is sane.
        Cancelled: the user typed ``~.``, or the terminal has gone.
        asyncio.CancelledError: this process is to end.
    """
    current = sent

    def resized() -> None:
        nonlocal current
        now = size_of(ends.stdout)
        if now != current:
            current = now
            resizing.append(asyncio.ensure_future(session.resize(now)))

    def suspended() -> None:
        terminal.suspend()
        resized()  # the window may have changed meanwhile

    resizing: list[asyncio.Future[None]] = []
    task = asyncio.current_task()
    assert task is not None
    with RawTerminal(ends.stdin, ends.stdout) as terminal, contextlib.ExitStack() as stack:
        stack.enter_context(on_signal(signal.SIGWINCH, resized))
        stack.enter_context(on_signal(signal.SIGTSTP, suspended))
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            stack.enter_context(on_signal(number, task.cancel))
        resized()  # it may have changed while the session was being opened
        typing = asyncio.ensure_future(_type(session, Source(ends.stdin)))
        showing = asyncio.ensure_future(_show(session, ends))
        try:
            await asyncio.wait({typing, showing}, return_when=asyncio.FIRST_COMPLETED)
            if not showing.done() and typing.result():
                terminal.make_sane()
                raise Cancelled("Left the session (~.).", hint="What ran in it got a hang-up.")
            await showing
            return await session.exit()
        except ConnectionLost:
            terminal.make_sane()
            raise
        except asyncio.CancelledError:
            terminal.make_sane()
            raise
        except OSError as error:
            raise Cancelled("The terminal has gone.", cause=str(error)) from error
        finally:
            await _cancelled(typing, showing, *resizing)
            await session.close()


async def _type(session: Session, source: Source) -> bool:
    """Pass keys on; True: the user wants to leave."""
    escape = Escape()
    with contextlib.suppress(OSError):
        while data := await source.read():
            keys, leave = escape.filter(data)
            if keys:
                await session.write(keys)
            if leave:
                return True
    # The terminal has gone, as when its window was closed.
    return True


async def _show(session: Session, ends: Ends) -> None:
    sinks = {"stdout": Sink(ends.stdout), "stderr": Sink(ends.stderr)}
    try:
        while (chunk := await session.read()) is not None:
            await sinks[chunk.stream].write(chunk.data)
    finally:
        for sink in sinks.values():
            sink.close()


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def on_signal(number: signal.Signals, handle: Callable[[], object]) -> Iterator[None]:
    """Call ``handle`` in the loop at a signal; elsewhere than in the main thread there are none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(number)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, handle)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)
        signal.signal(number, before if before is not None else signal.SIG_DFL)
