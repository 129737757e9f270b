"""How long the disk takes to answer one request, and how many to send at a time."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from pathlib import Path

from modelarts_nb.errors import from_os_error

_SAMPLES = 5
_AT_ONCE_MS = 0.1
_FEW = 4


def threads_for(folder: Path, most: int, *, few: int = _FEW) -> int:
    """How many requests in flight are worth their processor time: few where answers come at once.

    Args:
        folder: on the disk that is asked.
        most: how many where it takes time.
        few: how many where it does not. Threads that make names on a local disk mostly wait for
            each other: of two, none is faster than one (measured).

    Raises:
        DiskFailure: the disk answers with an error.
    """
    # The quickest answer tells which kind of disk it is, whatever else keeps the processor busy.
    return min(most, few) if min(_samples(folder)) < _AT_ONCE_MS else most


def measure_latency(folder: Path) -> float:
    """Milliseconds of one request: the median of looking up names that nobody has cached.

    Args:
        folder: where to look; nothing is written.

    Raises:
        DiskFailure: the disk answers with an error.
    """
    return statistics.median(_samples(folder))


def _samples(folder: Path) -> list[float]:
    times = []
    for sample in range(_SAMPLES):
        absent = folder / f".modelarts_nb-{os.getpid()}-{time.monotonic_ns()}-{sample}"
        started = time.perf_counter()
        try:
            with contextlib.suppress(FileNotFoundError):
                os.lstat(absent)
        except OSError as error:
            raise from_os_error(error, "measuring the disk", folder) from error
        times.append((time.perf_counter() - started) * 1000)
    return times
