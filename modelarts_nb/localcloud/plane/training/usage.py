"""What the processes of a task use of this machine, from ``/proc`` (proc(5))."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.localcloud.plane.processes import processes_of

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """Percent of the machine's processors and of its memory."""

    cpu: float
    memory: float


class Meter:
    """Measures one task; each measurement covers the time since the one before.

    Args:
        marker: of the task's processes.
    """

    def __init__(self, marker: str) -> None:
        self._marker = marker
        self._at = time.monotonic()
        self._ticks: dict[int, int] = {}

    def measure(self) -> Usage:
        """What was used since the last time, or since the meter was made."""
        now, ticks, pages = time.monotonic(), {}, 0
        for pid in processes_of(self._marker):
            if found := _of(pid):
                ticks[pid], resident = found
                pages += resident
        spent = sum(max(0, count - self._ticks.get(pid, 0)) for pid, count in ticks.items())
        elapsed = max(now - self._at, 1e-3)
        self._at, self._ticks = now, ticks
        processors = os.cpu_count() or 1
        return Usage(
            round(min(100.0, 100 * spent / _TICKS / elapsed / processors), 2),
            round(100 * pages * _PAGE / _memory(), 2),
        )


def _of(pid: int) -> tuple[int, int] | None:
    """Ticks that a process has spent, and pages that it has in memory; None: it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    # Behind the name, which may hold anything: field 3 on. utime, stime: 14, 15; rss: 24.
    fields = text.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]), int(fields[21])


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * _PAGE
