"""The machine's word about a path: mounted, used, read-only, how fast it answers."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from modelarts_nb.disk.latency import measure_latency
from modelarts_nb.disk.mounts import Mount, read_mounts
from modelarts_nb.disk.space import space_at
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.storage.model import Machine

T = TypeVar("T")

# A file system that needs longer than this for one small request is told to hang.
PATIENCE = 5.0
_SAMPLES = 3


def look_at(path: str, mounts: list[Mount] | None = None, *, measure: bool = False) -> Machine:
    """What this machine sees at a path; never waits longer than ``PATIENCE`` seconds.

    Args:
        path: the mount point.
        mounts: of ``read_mounts``; None: read now.
        measure: write a small file too, and remove it.
    """
    point = Path(path)
    # The latest mount is the one on top.
    found = [m for m in (read_mounts() if mounts is None else mounts) if m.point == point]
    if not found:
        return Machine(False)
    top = found[-1]
    machine = Machine(True, top.fstype, top.source, top.read_only)

    def ask() -> Machine:
        seen = machine
        try:
            space = space_at(point)
            used = max(space.total - space.free, 0)
            seen = replace(seen, total=space.total, free=space.free, used=used)
            seen = replace(seen, stat_ms=measure_latency(point))
            if measure and not top.read_only:
                seen = replace(seen, write_ms=_write_latency(point))
        except (ModelArtsNbError, OSError):
            return seen
        return seen

    # A thread that waits for a dead disk cannot be ended; it is left behind.
    return bounded(ask) or replace(machine, answers=False)


def _write_latency(folder: Path) -> float:
    """Milliseconds to make, write, sync and remove a file of a few bytes: the median."""
    times = []
    for sample in range(_SAMPLES):
        file = folder / f".modelarts_nb-{os.getpid()}-{time.monotonic_ns()}-{sample}"
        started = time.perf_counter()
        try:
            with file.open("xb") as out:
                out.write(b"modelarts_nb\n")
                out.flush()
                os.fsync(out.fileno())
            times.append(time.perf_counter() - started)
        finally:
            file.unlink(missing_ok=True)
    return statistics.median(times) * 1000


def bounded(work: Callable[[], T]) -> T | None:
    """What ``work`` returns or raises; None where it needs longer than ``PATIENCE`` seconds."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:
            done.set_exception(error)

    threading.Thread(target=run, name="look at disk", daemon=True).start()
    try:
        return done.result(PATIENCE)
    except TimeoutError:
        return None
