"""Threads that keep many disk requests in flight; the first error stops them all."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from modelarts_nb.progress import SILENT, Progress

_POLL = 0.05


class Stopped(Exception):
    """Raised inside a job that asks ``check``: another job failed, or the user cancelled."""


class Crew:
    """Runs jobs, which may put further jobs, until none is left.

    The threads are daemons: a disk that hangs cannot keep a process from ending.

    Args:
        threads: jobs at once.
        progress: asked several times a second whether to stop.
    """

    def __init__(self, *, threads: int, progress: Progress = SILENT) -> None:
        self._threads = max(1, threads)
        self._progress = progress
        self._jobs: deque[Callable[[], None]] = deque()
        # Two conditions on one lock: a new job must wake a worker, never the one who waits for all.
        lock = threading.Lock()
        self._turn = threading.Condition(lock)
        self._ended = threading.Condition(lock)
        self._open = 0
        self._error: BaseException | None = None
        self._stopping = False

    def put(self, job: Callable[[], None], *, first: bool = False) -> None:
        """Add a job, behind or (``first``) before the others; from anywhere, also from a job."""
        with self._turn:
            if first:
                self._jobs.appendleft(job)
            else:
                self._jobs.append(job)
            self._open += 1
            self._turn.notify()

    def check(self) -> None:
        """For long jobs, at every pause: raises ``Stopped`` when the crew has to stop."""
        if self._stopping:
            raise Stopped

    def run(self) -> None:
        """Work until every job is done.

        Raises:
            Exception: the first that a job raised, after every thread has ended.
            Cancelled: the user's wish, likewise.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        try:
            self._wait()
        except BaseException as error:
            self._fail(error)
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _wait(self) -> None:
        while True:
            self._progress.check()
            with self._ended:
                if self._stopping or not self._open:
                    self._stopping = True
                    self._turn.notify_all()
                    return
                self._ended.wait(_POLL)

    def _work(self) -> None:
        while True:
            with self._turn:
                while not self._jobs and not self._stopping:
                    self._turn.wait()
                if self._stopping:
                    return
                job = self._jobs.popleft()
            try:
                job()
            except Stopped:
                pass
            except BaseException as error:
                self._fail(error)
            with self._turn:
                self._open -= 1
                if not self._open:
                    self._ended.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._turn:
            if self._error is None:
                self._error = error
            self._stopping = True
            self._turn.notify_all()
            self._ended.notify_all()
