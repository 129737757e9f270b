"""How long the disk takes to answer one request."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from pathlib import Path

from modelarts_nb.errors import from_os_error

_SAMPLES = 5


def measure_latency(folder: Path) -> float:
    """Milliseconds of one request: the median of looking up names that nobody has cached.

    Args:
        folder: where to look; nothing is written.

    Raises:
        DiskFailure: the disk answers with an error.
    """
    times = []
    for sample in range(_SAMPLES):
        absent = folder / f".modelarts_nb-{os.getpid()}-{time.monotonic_ns()}-{sample}"
        started = time.perf_counter()
        try:
            with contextlib.suppress(FileNotFoundError):
                os.lstat(absent)
        except OSError as error:
            raise from_os_error(error, "measuring the disk", folder) from error
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000
