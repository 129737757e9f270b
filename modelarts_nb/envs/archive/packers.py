"""The frames of an archive, made by several processes and handed on in order."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import TracebackType

from modelarts_nb.envs.archive.frames import Frame, FrameMaker, Plan
from modelarts_nb.envs.archive.pipes import receive, send, widen
from modelarts_nb.envs.archive.shares import Share
from modelarts_nb.errors import EngineFailed
from modelarts_nb.progress import Progress

_COMMAND = "modelarts_nb.envs.archive.packer"
_AHEAD = 2  # shares a process is given before its first frame is back: one reads, one compresses
_WINDOW = 3  # frames for each process that may be made before the next one in order is
_POLL = 0.1
_MOST = 8  # processes: more cores read faster than any network disk writes


def make_frames(
    shares: Iterable[Share], plan: Plan, *, processes: int, progress: Progress
) -> Iterator[Frame]:
    """The frame of each share, in order.

    Args:
        processes: that work at the same time; 0: none but this one, for what is soon done.

    Raises:
        Busy: the environment changed meanwhile.
        AccessDenied, DiskFailure: a file cannot be read.
        EngineFailed: a process ended that should not.
        Cancelled: the user's wish; the processes have ended.
    """
    if processes:
        with _Packers(shares, plan, min(processes, _MOST)) as packers:
            yield from packers.frames(progress)
        return
    maker = FrameMaker(plan)
    try:
        for share in shares:
            progress.check()
            yield maker.make(share, maker.soon(share))
    finally:
        maker.close()


class _Packers:
    def __init__(self, shares: Iterable[Share], plan: Plan, count: int) -> None:
        self._shares = enumerate(shares)
        self._plan = replace(plan, threads=max(2, plan.threads // count))
        self._window = _WINDOW * count
        self._turn = threading.Condition()
        self._made: dict[int, Frame] = {}
        self._given = self._taken = 0
        self._over = self._stopping = False
        self._error: BaseException | None = None
        self._processes = [_start() for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._serve, args=(process,), daemon=True)
            for process in self._processes
        ]

    def __enter__(self) -> _Packers:
        for thread in self._threads:
            thread.start()
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
        for process, thread in zip(self._processes, self._threads, strict=True):
            # A process that waits for a disk which hangs cannot be killed; it ends with the disk.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            thread.join(5)
            for stream in (process.stdin, process.stdout):
                if stream and not thread.is_alive():
                    with contextlib.suppress(OSError):
                        stream.close()

    def frames(self, progress: Progress) -> Iterator[Frame]:
        """Every frame in order."""
        while True:
            progress.check()
            with self._turn:
                self._turn.wait_for(self._settled, _POLL)
                if self._error:
                    raise self._error
                frame = self._made.pop(self._taken, None)
                if frame is None:
                    if self._over and self._taken == self._given:
                        return
                    continue
                self._taken += 1
                self._turn.notify_all()
            yield frame

    def _settled(self) -> bool:
        ended = self._over and self._taken == self._given
        return self._taken in self._made or self._error is not None or ended

    def _serve(self, process: subprocess.Popen[bytes]) -> None:
        """Runs in a thread for each process: gives it shares, takes frames."""
        assert process.stdin is not None
        assert process.stdout is not None
        waiting = 0
        try:
            send(process.stdin, self._plan)
            while True:
                while waiting < _AHEAD and (share := self._next(wait=not waiting)):
                    send(process.stdin, share)
                    waiting += 1
                if not waiting:
                    return
                answer, data = receive(process.stdout)
                if isinstance(answer, BaseException):
                    raise answer
                waiting -= 1
                with self._turn:
                    self._made[answer.number] = replace(answer, data=data)
                    self._turn.notify_all()
        except (EOFError, BrokenPipeError):
            self._fail(
                EngineFailed(
                    "A process that packs ended unexpectedly.",
                    hint="The machine may be short of memory: try again with --threads 1.",
                    cause=f"exit code {process.wait()}",
                )
            )
        except BaseException as error:
            self._fail(error)

    def _next(self, *, wait: bool) -> Share | None:
        """The next share; None when there is none, or none yet and ``wait`` is not asked for."""
        with self._turn:
            if wait:
                self._turn.wait_for(lambda: self._room() or self._over or self._stopping)
            if self._over or self._stopping or not self._room():
                return None
            number, share = next(self._shares, (-1, None))
            if share is None:
                self._over = True
                self._turn.notify_all()
                return None
            self._given = number + 1
            return share

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
        raise EngineFailed("A process that packs cannot be started.", cause=str(error)) from error
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        widen(stream)
    return process
