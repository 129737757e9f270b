"""Shells for callers that wait: each function runs a loop of its own until it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.shell.attach import Ends, attach_terminal, on_signal
from modelarts_nb.shell.descriptors import Sink
from modelarts_nb.shell.errors import ConnectionLost, TimedOut, Unreachable
from modelarts_nb.shell.fanout import Fan, Out, Outcome
from modelarts_nb.shell.lines import Prefixed
from modelarts_nb.shell.rawterminal import terminal_like
from modelarts_nb.shell.reasons import explained, open_session
from modelarts_nb.shell.session import Exit, Request, Stream
from modelarts_nb.shell.target import Target
from modelarts_nb.shell.waiting import wait_for
from modelarts_nb.shell.watching import NOBODY, Watch

# Seconds between attempts to connect again, one after the other.
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
# Seconds that an interrupted command has to end by itself.
_LAST_WORDS = 3.0
# Seconds between two looks at whether the user wants to stop.
_TICK = 0.2
_Result = TypeVar("_Result")
OURS = Ends()
Say = Callable[[str], object]


def open_terminal(
    target: Target,
    *,
    command: str | None = None,
    ends: Ends = OURS,
    say: Say,
    timeout: float | None = None,
    pauses: Sequence[float] = _PAUSES,
    watch: Watch = NOBODY,
) -> Exit:
    """Give this process's terminal to a shell (or one command) in a task, until it ends.

    A shell whose connection is lost is opened anew, and that is said; a command is not run twice.

    Args:
        target: where.
        command: a line; None: a login shell.
        ends: a terminal.
        say: told, in lines for a person, of a connection that was lost and made again.
        timeout: seconds; None: for ever.
        pauses: seconds before each attempt to connect again.
        watch: is told of every session.

    Raises:
        ConnectionLost: the connection was lost, of a command or since the job has ended.
        TimedOut: it took longer than it may.
        ShellRefused, LoginRefused, HostKeyChanged, Unreachable: there is no way in.
        Cancelled: the user left with ``~.``, or this process was told to end.
    """
    terminal = _Terminal(target, command, ends, say, pauses, watch)
    return wait_for(_in_time(terminal.run(), timeout))


def run(
    targets: Sequence[Target],
    command: str,
    *,
    out: Out | None = None,
    stdin: int | bytes | None = None,
    prefixed: bool = False,
    colour: bool = False,
    timeout: float | None = None,
    fail_fast: bool = False,
    check: Callable[[], object] | None = None,
    watch: Watch = NOBODY,
) -> Outcome:
    """Run a command in one or several tasks; output goes to our stdout and stderr, or to ``out``.

    The first SIGINT is passed on to the commands, a second one hangs up.

    Args:
        targets: at least one.
        command: a line for the containers' shells.
        out: hears the output instead.
        stdin: a descriptor or bytes that every task gets; None: no input.
        prefixed: a task's name before each line; else the bytes as they come.
        colour: names in colour.
        timeout: seconds for the whole.
        fail_fast: the first that fails ends the others.
        check: called now and then; what it raises ends the commands. Signals are then not ours.
        watch: is told of every session.

    Raises:
        ModelArtsNbError: with one target, whatever kept the command from its end; of ``check``.
        BrokenPipeError: nobody reads our output any more; the commands were ended.
    """
    request = Request(command, environment=_environment())

    async def work() -> Outcome:
        if out is not None:
            fan = Fan(targets, request, out, fail_fast=fail_fast, watch=watch)
            return await _attended(fan, stdin, timeout, check)
        with contextlib.ExitStack() as stack:
            printer = _Printer(targets, prefixed=prefixed, colour=colour)
            stack.callback(printer.close)
            fan = Fan(targets, request, printer.out, fail_fast=fail_fast, watch=watch)
            try:
                return await _attended(fan, stdin, timeout, check)
            finally:
                await printer.flush()

    return wait_for(work())


def capture(
    target: Target, command: str, *, most: int = 16 << 20, watch: Watch = NOBODY
) -> tuple[int, bytes, bytes]:
    """Run a command and keep what it prints, at most so many bytes of each stream.

    Returns:
        Its exit code, stdout and stderr.

    Raises:
        ModelArtsNbError: whatever kept it from its end.
    """
    kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    async def out(_: int, stream: Stream, data: bytes) -> None:
        kept[stream] += data[: max(0, most - len(kept[stream]))]

    done = run([target], command, out=out, watch=watch)
    return done.exit_code, bytes(kept["stdout"]), bytes(kept["stderr"])


class _Terminal:
    def __init__(
        self,
        target: Target,
        command: str | None,
        ends: Ends,
        say: Say,
        pauses: Sequence[float],
        watch: Watch,
    ) -> None:
        self._target, self._command, self._ends = target, command, ends
        self._say, self._pauses, self._watch = say, pauses, watch

    async def run(self) -> Exit:
        pauses: Sequence[float] = ()
        while True:
            try:
                return await self._once(pauses)
            except ConnectionLost as lost:
                known = await explained(lost, self._target)
                if self._command is not None or known is not lost:
                    raise known from lost
                self._say(f"Lost the connection to {self._target.task}. {lost.cause}".rstrip())
                self._say("Connecting again; Ctrl-C gives up.")
                pauses = self._pauses

    async def _once(self, pauses: Sequence[float]) -> Exit:
        token = self._watch.opened(self._target, self._command)
        exit: Exit | None = None
        error: ModelArtsNbError | None = None
        transport = self._target.connect()
        try:
            left = list(pauses)
            while True:
                if left:
                    await asyncio.sleep(left.pop(0))
                terminal = terminal_like(self._ends.stdout)
                try:
                    request = Request(self._command, terminal, _environment())
                    session = await open_session(transport, request, self._target)
                    break
                except Unreachable:
                    if not left:
                        raise
            if pauses:
                self._say(
                    "Connected again. This is a new shell: what ran in the old one was hung up."
                )
            exit = await attach_terminal(session, self._ends, terminal.size)
            return exit
        except ModelArtsNbError as raised:
            error = raised
            raise
        except asyncio.CancelledError:
            error = Cancelled()
            raise
        finally:
            self._watch.ended(token, exit, error)
            await transport.close()


class _Printer:
    """Output on our own stdout and stderr, with names before the lines or as it is."""

    def __init__(self, targets: Sequence[Target], *, prefixed: bool, colour: bool) -> None:
        self._sinks: dict[Stream, Sink] = {}
        self._lines: dict[tuple[int, Stream], Prefixed] = {}
        # Lines of two tasks must not mix.
        self._turn: dict[Stream, asyncio.Lock] = {}
        width = max(len(target.task) for target in targets)
        streams: tuple[tuple[Stream, int], ...] = (("stdout", 1), ("stderr", 2))
        for stream, fd in streams:
            self._sinks[stream] = Sink(fd)
            self._turn[stream] = asyncio.Lock()
            if prefixed:
                for number, target in enumerate(targets):
                    self._lines[number, stream] = Prefixed(
                        target.task, width, number, colour=colour, overwrite=os.isatty(fd)
                    )

    async def out(self, number: int, stream: Stream, data: bytes) -> None:
        """See ``Out``."""
        lines = self._lines.get((number, stream))
        await self._write(stream, lines.feed(data) if lines else data)

    async def flush(self) -> None:
        """Lines that had no end."""
        with contextlib.suppress(OSError):
            for (_, stream), lines in self._lines.items():
                await self._write(stream, lines.flush())

    def close(self) -> None:
        """Let go of the descriptors."""
        for sink in self._sinks.values():
            sink.close()

    async def _write(self, stream: Stream, data: bytes) -> None:
        if data:
            async with self._turn[stream]:
                await self._sinks[stream].write(data)


async def _attended(
    fan: Fan,
    stdin: int | bytes | None,
    timeout: float | None,
    check: Callable[[], object] | None,
) -> Outcome:
    if check is None:
        return await _interruptible(fan, stdin, timeout)
    work = asyncio.ensure_future(fan.run(stdin, timeout))
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_TICK)
            check()
        return work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _interruptible(fan: Fan, stdin: int | bytes | None, timeout: float | None) -> Outcome:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    asked: list[asyncio.Future[None]] = []

    async def ask() -> None:
        if not await fan.interrupt():
            task.cancel()
            return
        # A command that does not hear must not hold a terminal.
        await asyncio.sleep(_LAST_WORDS)
        task.cancel()

    def interrupted() -> None:
        if asked:
            task.cancel()
        else:
            asked.append(asyncio.ensure_future(ask(), loop=loop))

    with contextlib.ExitStack() as stack:
        stack.enter_context(on_signal(signal.SIGINT, interrupted))
        for number in (signal.SIGTERM, signal.SIGHUP):
            stack.enter_context(on_signal(number, task.cancel))
        try:
            return await fan.run(stdin, timeout)
        except asyncio.CancelledError:
            raise Cancelled(
                "Interrupted.", hint="A process that takes no notice of a hang-up goes on there."
            ) from None
        finally:
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)


async def _in_time(work: Coroutine[Any, Any, _Result], seconds: float | None) -> _Result:
    try:
        return await asyncio.wait_for(work, seconds)
    except asyncio.TimeoutError:
        raise TimedOut(
            f"The session was ended after {seconds:g} s (--timeout).",
            hint="A process that takes no notice of a hang-up goes on there.",
        ) from None


def _environment() -> dict[str, str]:
    """What a server takes of ours (OpenSSH's ``AcceptEnv LANG LC_*``): the language."""
    return {k: v for k, v in os.environ.items() if k == "LANG" or k.startswith("LC_")}


def colour_wanted() -> bool:
    """Is our stdout a terminal whose user has nothing against colours (no-color.org)?"""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
