"""The ``Progress`` of a running operation: counts, smooths the rate, writes the journal."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import time

from modelarts_nb.errors import Cancelled
from modelarts_nb.operations.journal import Journal
from modelarts_nb.operations.model import Amount, Operation
from modelarts_nb.progress import SILENT, Progress

TICK = 0.2
# The journal is written this often even when nothing moves: it says "I live" to who cannot see
# the process.
BEAT = 15.0
# A rate older than this counts for little: long enough to be calm, short enough to be true.
SMOOTHING = 3.0


class Reporter:
    """Counting is cheap and may happen in any thread; one thread writes, every ``TICK`` seconds.

    Args:
        journal: where to write.
        operation: its first record.
        also: another ``Progress`` that hears everything too (the bars of ``ma``).
    """

    def __init__(self, journal: Journal, operation: Operation, also: Progress = SILENT) -> None:
        self._journal = journal
        self._operation = operation
        self._also = also
        self._lock = threading.Lock()
        self._phase = ""
        self._files = self._bytes = 0
        self._total = Amount()
        self._rate: tuple[float, float] | None = None
        self._last = (0, 0, time.monotonic())
        self._written = 0.0
        self._cancel = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        """See ``Progress.phase``."""
        with self._lock:
            self._phase, self._total = name, Amount(files, bytes)
            self._files = self._bytes = 0
            self._rate, self._last = None, (0, 0, time.monotonic())
        self._journal.log(f"-- {name}")
        self._also.phase(name, files=files, bytes=bytes)

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        """See ``Progress.advance``."""
        with self._lock:
            self._files += files
            self._bytes += bytes
        self._also.advance(files=files, bytes=bytes)

    def log(self, message: str) -> None:
        """See ``Progress.log``."""
        self._journal.log(message)
        self._also.log(message)

    def check(self) -> None:
        """See ``Progress.check``."""
        if self._cancel.is_set():
            raise Cancelled()
        self._also.check()

    def cancel(self) -> None:
        """Make ``check`` raise from now on. Safe in a signal handler."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        """Was it asked to stop?"""
        return self._cancel.is_set()

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> Operation:
        """Write no more; returns the last record, for the end to be added."""
        self._stop.set()
        self._thread.join()
        return dataclasses.replace(self._snapshot(), seconds_left=None)

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            if self._journal.cancel_asked() is not None:
                self._cancel.set()
            record = self._snapshot()
            clock = time.monotonic()
            if record != self._operation or clock - self._written > BEAT:
                self._operation, self._written = record, clock
                # A full local disk must not end an operation on another one.
                with contextlib.suppress(OSError):
                    self._journal.write(record)

    def _snapshot(self) -> Operation:
        with self._lock:
            self._measure(time.monotonic())
            done = Amount(self._files, self._bytes)
            rate = self._rate
            return dataclasses.replace(
                self._operation,
                phase=self._phase,
                done=done,
                total=self._total,
                rate=Amount(round(rate[0]), round(rate[1])) if rate else Amount(),
                seconds_left=_seconds_left(done, self._total, rate) if rate else None,
            )

    def _measure(self, clock: float) -> None:
        """Exponentially weighted moving average with time constant ``SMOOTHING``."""
        files, size, before = self._last
        passed = clock - before
        if passed < TICK / 2:
            return
        fresh = ((self._files - files) / passed, (self._bytes - size) / passed)
        self._last = (self._files, self._bytes, clock)
        if self._rate is None:
            self._rate = fresh if any(fresh) else None
            return
        weight = 1 - math.exp(-passed / SMOOTHING)
        self._rate = (
            self._rate[0] + weight * (fresh[0] - self._rate[0]),
            self._rate[1] + weight * (fresh[1] - self._rate[1]),
        )


def _seconds_left(done: Amount, total: Amount, rate: tuple[float, float]) -> int | None:
    """The slower of files and bytes decides: small files cost round trips, big ones bytes."""
    estimates = [
        max(0, whole - (part or 0)) / speed
        for part, whole, speed in (
            (done.files, total.files, rate[0]),
            (done.bytes, total.bytes, rate[1]),
        )
        if whole is not None and speed > 1e-6
    ]
    longest = max(estimates, default=math.inf)
    return math.ceil(longest) if longest < 1e6 else None
