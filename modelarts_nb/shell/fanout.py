"""One command in several tasks at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.shell.descriptors import Source
from modelarts_nb.shell.errors import ConnectionLost, TimedOut
from modelarts_nb.shell.reasons import explained, open_session
from modelarts_nb.shell.session import Exit, Request, Session, Stream
from modelarts_nb.shell.target import Target
from modelarts_nb.shell.watching import NOBODY, Watch

# Connections at once.
_MOST = 32
# Seconds that a command has to end after it was asked to.
_LAST_WORDS = 2.0
_PIECE = 1 << 16

# Where output goes: task number, stream, bytes. Waiting in it holds the sender up.
Out = Callable[[int, Stream, bytes], Awaitable[None]]


@dataclass(frozen=True)
class TaskResult:
    """How the command ended in one task. ``exit_code`` None: it did not (``error`` says why).

    ``signal`` is a name without SIG, empty where none ended it.
    """

    task: str
    exit_code: int | None
    signal: str = ""
    error: dict[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    """``exit_code``: of one task that task's; of several 0 where all are, else the highest."""

    exit_code: int
    tasks: tuple[TaskResult, ...]


async def run_in_all(
    targets: Sequence[Target],
    request: Request,
    out: Out,
    *,
    stdin: int | bytes | None = None,
    timeout: float | None = None,
    fail_fast: bool = False,
    watch: Watch = NOBODY,
) -> Outcome:
    """Run a command in all targets at once; its output comes as it is made.

    Args:
        targets: at least one.
        request: without a terminal, with a command.
        out: hears the output; may wait.
        stdin: a descriptor, or bytes; every task gets all of it. None: none.
        timeout: seconds for the whole; a command that takes longer is ended.
        fail_fast: the first that fails ends the others.
        watch: is told of every session.

    Returns:
        How it ended, in the order of ``targets``.

    Raises:
        ModelArtsNbError: with a single target, whatever kept the command from its end.
        OSError: of ``out``; every session was ended.
    """
    fan = Fan(targets, request, out, fail_fast=fail_fast, watch=watch)
    return await fan.run(stdin, timeout)


@dataclass(frozen=True)
class _Ended:
    result: TaskResult
    code: int
    error: ModelArtsNbError | None


class Fan:
    """One command in several tasks. See ``run_in_all``; ``interrupt`` may be called meanwhile."""

    def __init__(
        self,
        targets: Sequence[Target],
        request: Request,
        out: Out,
        *,
        fail_fast: bool = False,
        watch: Watch = NOBODY,
    ) -> None:
        self._targets, self._request = targets, request
        self._out, self._watch, self._fail_fast = out, watch, fail_fast
        self._gate = asyncio.Semaphore(_MOST)
        self._inputs = [_Input() for _ in targets]
        self._sessions: dict[int, Session] = {}
        self._tasks: list[asyncio.Task[_Ended]] = []
        self._why: ModelArtsNbError = Cancelled(
            "Interrupted.", hint="A process that takes no notice of a hang-up goes on there."
        )

    async def run(self, stdin: int | bytes | None, timeout: float | None) -> Outcome:
        """See ``run_in_all``."""
        feeding = asyncio.ensure_future(self._feed(stdin))
        self._tasks = [
            asyncio.ensure_future(self._one(number, target))
            for number, target in enumerate(self._targets)
        ]
        end = asyncio.get_running_loop().time() + timeout if timeout is not None else None
        try:
            await self._until(end)
        finally:
            feeding.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(feeding, *self._tasks, return_exceptions=True)
        ended = [task.result() for task in self._tasks]
        if len(ended) == 1 and ended[0].error is not None:
            raise ended[0].error
        return Outcome(_overall(ended), tuple(one.result for one in ended))

    async def interrupt(self) -> bool:
        """Send SIGINT to all that run. False: some cannot be sent one."""
        sent = [await session.signal("INT") for session in list(self._sessions.values())]
        return bool(sent) and all(sent)

    async def _until(self, end: float | None) -> None:
        """All have ended; or it was time, or one failed, and the others were ended."""
        running: set[asyncio.Task[_Ended]] = set(self._tasks)
        loop = asyncio.get_running_loop()
        while running:
            left = None if end is None else max(0.0, end - loop.time())
            done, running = await asyncio.wait(
                running, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            # `result` also says what should not have happened.
            failed = [task for task in done if task.result().code != 0]
            if not done:
                self._why = _too_late()
            elif failed and self._fail_fast:
                self._why = Cancelled("Ended, since another task failed (--fail-fast).")
            else:
                continue
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            return

    async def _one(self, number: int, target: Target) -> _Ended:
        exit: Exit | None = None
        error: ModelArtsNbError | None = None
        token = self._watch.opened(target, self._request.command)
        try:
            async with self._gate:
                exit = await self._session(number, target)
        except ConnectionLost as raised:
            error = await explained(raised, target)
        except ModelArtsNbError as raised:
            error = raised
        except asyncio.CancelledError:
            error = self._why
        except OSError as raised:
            # Of our own end: nobody reads any more, or the disk that is written to is full.
            error = Cancelled("Nobody takes the output any more.", cause=str(raised))
            raise
        finally:
            self._inputs[number].close()
            self._sessions.pop(number, None)
            self._watch.ended(token, exit, error)
        if exit is not None:
            return _Ended(TaskResult(target.task, exit.code, exit.signal), exit.code, None)
        assert error is not None
        return _Ended(TaskResult(target.task, None, "", error.to_dict()), error.exit_code, error)

    async def _session(self, number: int, target: Target) -> Exit:
        transport = target.connect()
        session: Session | None = None
        try:
            session = self._sessions[number] = await open_session(transport, self._request, target)
            feeding = asyncio.ensure_future(self._inputs[number].pour(session))
            try:
                while (chunk := await session.read()) is not None:
                    await self._out(number, chunk.stream, chunk.data)
                return await session.exit()
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
        except asyncio.CancelledError:
            if session is not None:
                await _end(session)
            raise
        finally:
            if session is not None:
                await session.close()
            await transport.close()

    async def _feed(self, stdin: int | bytes | None) -> None:
        """To all at the pace of the slowest."""
        if isinstance(stdin, bytes):
            for at in range(0, len(stdin), _PIECE):
                await self._give(stdin[at : at + _PIECE])
        elif stdin is not None:
            source = Source(stdin)
            with contextlib.suppress(OSError):
                while data := await source.read():
                    await self._give(data)
        await self._give(b"")

    async def _give(self, data: bytes) -> None:
        for entry in self._inputs:
            await entry.put(data)


class _Input:
    """What one task still has to be given; at most two pieces."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(2)
        self._closed = asyncio.Event()

    async def put(self, data: bytes) -> None:
        if self._closed.is_set():
            return
        putting = asyncio.ensure_future(self._queue.put(data))
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({putting, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (putting, closing):
                task.cancel()
            await asyncio.gather(putting, closing, return_exceptions=True)

    def close(self) -> None:
        self._closed.set()

    async def pour(self, session: Session) -> None:
        while data := await self._queue.get():
            await session.write(data)
        await session.end_input()


async def _end(session: Session) -> None:
    """Ask a command to end, and hang up when it does not."""
    with contextlib.suppress(ModelArtsNbError, asyncio.TimeoutError):
        if await session.signal("TERM"):
            await asyncio.wait_for(_drained(session), _LAST_WORDS)


async def _drained(session: Session) -> None:
    while await session.read() is not None:
        pass


def _too_late() -> ModelArtsNbError:
    return TimedOut(
        "Ended: it was not done in its time (--timeout).",
        hint="A process that takes no notice of a hang-up goes on there.",
    )


def _overall(ended: Sequence[_Ended]) -> int:
    """The highest code; of those that were ended with others only where there is no other."""
    codes = [one.code for one in ended if not isinstance(one.error, Cancelled)]
    return max(codes, default=0) or max(one.code for one in ended)
