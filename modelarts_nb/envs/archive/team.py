"""Several processes that work on one archive: jobs go out, answers come back in order.

Python runs one thread at a time, so headers, the search for prefixes and the hand-over between
threads take turns with each other however many cores there are; in processes they do not.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol

from modelarts_nb.envs.archive.pipes import receive, send, widen
from modelarts_nb.errors import EngineFailed
from modelarts_nb.progress import Progress

_COMMAND = "modelarts_nb.envs.archive.hand"
_WINDOW = 2  # answers for each process that may wait for the one whose turn it is
_ALONE = 16 << 20  # bytes that are worth no further process
_POLL = 0.1
_MOST = 8  # processes: more cores are faster than any network disk

Job = Any  # one work has jobs of one kind; what they are is between its plan and its hands
Answer = tuple[Any, bytes]


class Hand(Protocol):
    """What works on jobs, here or in another process. Its plan makes it: ``plan.hand()``."""

    #: Jobs it is given before its first answer is back.
    ahead: int

    def begin(self, job: Job) -> Any:
        """Start what needs no turn (reading); what comes back goes to ``finish``."""

    def finish(self, job: Job, begun: Any) -> Answer:
        """Do the rest; an answer and plain bytes.

        Raises:
            ModelArtsNbError: which ends the whole work.
        """

    def close(self) -> None:
        """End its threads; what was begun is dropped."""


class Plan(Protocol):
    """What every hand of one work must know; it can be pickled."""

    @property
    def threads(self) -> int:
        """Requests in flight, of all hands together."""

    def hand(self, threads: int) -> Hand:
        """A hand that keeps ``threads`` requests in flight."""


class Team:
    """Processes for one work; none until much is expected, and then all is done by this one."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._made: dict[int, Answer] = {}
        self._given = self._taken = 0
        self._over = self._stopping = False
        self._error: BaseException | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._jobs: Iterator[tuple[int, Job]] = iter(())
        self._window = 0
        self._expected = 0

    def expect(self, work: int, *, count: int) -> None:
        """There is more to do; from any thread. Processes start as soon as it is enough for them.

        Args:
            work: bytes; little is done before another process has started.
            count: of processes, at most eight.

        Raises:
            EngineFailed: they cannot be started.
        """
        with self._turn:
            self._expected += work
            if self._expected > _ALONE and not self._processes:
                self._processes = [_start() for _ in range(min(count, _MOST))]

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._turn:
            self._stopping = True
            self._turn.notify_all()
        for process in self._processes:
            process.kill()
        for process in self._processes:
            # A process that waits for a disk which hangs cannot be killed; it ends with the disk.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
        for thread in self._threads:
            thread.join(5)
        for process in self._processes:
            for stream in (process.stdin, process.stdout):
                if stream and process.returncode is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def answers(self, jobs: Iterable[Job], plan: Plan, progress: Progress) -> Iterator[Answer]:
        """The answer to each job, in order; once for each team.

        Raises:
            ModelArtsNbError: whatever a hand raised.
            EngineFailed: a process ended that should not.
            Cancelled: the user's wish.
        """
        if self._processes:
            yield from self._of_processes(jobs, plan, progress)
            return
        hand = plan.hand(plan.threads)
        try:
            for job in jobs:
                progress.check()
                yield hand.finish(job, hand.begin(job))
        finally:
            hand.close()

    def _of_processes(
        self, jobs: Iterable[Job], plan: Plan, progress: Progress
    ) -> Iterator[Answer]:
        self._jobs = enumerate(jobs)
        self._window = _WINDOW * len(self._processes)
        opening = plan, max(1, plan.threads // len(self._processes))
        for process in self._processes:
            thread = threading.Thread(target=self._serve, args=(process, opening), daemon=True)
            self._threads.append(thread)
            thread.start()
        while True:
            progress.check()
            with self._turn:
                self._turn.wait_for(self._settled, _POLL)
                if self._error:
                    raise self._error
                answer = self._made.pop(self._taken, None)
                if answer is None:
                    if self._ended():
                        return
                    continue
                self._taken += 1
                self._turn.notify_all()
            yield answer

    def _settled(self) -> bool:
        return self._taken in self._made or self._error is not None or self._ended()

    def _ended(self) -> bool:
        return self._over and self._taken == self._given

    def _serve(self, process: subprocess.Popen[bytes], opening: tuple[Plan, int]) -> None:
        """Runs in a thread for each process: gives it jobs, takes answers."""
        assert process.stdin is not None
        assert process.stdout is not None
        waiting: list[int] = []
        try:
            send(process.stdin, opening)
            ahead, _ = receive(process.stdout)
            while True:
                while len(waiting) < ahead and (next_job := self._next(wait=not waiting)):
                    waiting.append(next_job[0])
                    send(process.stdin, next_job[1])
                if not waiting:
                    return
                answer, data = receive(process.stdout)
                if isinstance(answer, BaseException):
                    raise answer
                with self._turn:
                    self._made[waiting.pop(0)] = answer, data
                    self._turn.notify_all()
        except (EOFError, BrokenPipeError):
            self._fail(
                EngineFailed(
                    "A process that works on the archive ended unexpectedly.",
                    hint="The machine may be short of memory: close what is not needed and run "
                    "the same again.",
                    cause=f"exit code {process.wait()}",
                )
            )
        except BaseException as error:
            self._fail(error)

    def _next(self, *, wait: bool) -> tuple[int, Job] | None:
        """The next job; None when there is none, or none yet and ``wait`` is not asked for."""
        with self._turn:
            if wait:
                self._turn.wait_for(lambda: self._room() or self._over or self._stopping)
            if self._over or self._stopping or not self._room():
                return None
            found = next(self._jobs, None)
            if found is None:
                self._over = True
            else:
                self._given += 1
            self._turn.notify_all()
            return found

    def _room(self) -> bool:
        return self._given < self._taken + self._window

    def _fail(self, error: BaseException) -> None:
        with self._turn:
            if not self._stopping:
                self._error = self._error or error
                self._stopping = True
            self._turn.notify_all()


def _start() -> subprocess.Popen[bytes]:
    isolated = ["-I"] if sys.flags.isolated else []
    try:
        process = subprocess.Popen(
            [sys.executable, *isolated, "-m", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",  # `-m` puts it in front of sys.path, and a user's folder may hold a click.py
        )
    except OSError as error:
        raise EngineFailed("A further process cannot be started.", cause=str(error)) from error
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        widen(stream)
    return process
