"""What a program and all that it starts use, and how busy the machine is beside it, from /proc."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

_PROC = Path("/proc")


class Tree:
    """A process and its descendants, those included whose parent has ended.

    ``peak`` is the largest sum of their proportional set sizes (PSS: what they share counts once)
    in bytes that a sample met, or the high-water mark of the largest process where that is more.
    """

    def __init__(self, root: int) -> None:
        self.peak = 0
        self._known = {root}

    def sample(self) -> None:
        """Look once. Takes milliseconds where the processes are large."""
        parents = _parents()
        self._known &= parents.keys()
        while found := {p for p, parent in parents.items() if parent in self._known} - self._known:
            self._known |= found
        self.peak = max(self.peak, sum(map(_pss, self._known)), *map(_high_water, self._known), 0)

    def kill(self) -> None:
        """End all that the last sample saw."""
        for pid in self._known:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def busy(seconds: float) -> float:
    """Cores that anybody uses while we wait: the load by others."""
    before, idle_before = _ticks()
    time.sleep(seconds)
    total, idle = _ticks()
    share = 1 - (idle - idle_before) / max(1, total - before)
    return share * (os.cpu_count() or 1)


def _ticks() -> tuple[int, int]:
    """All ticks of all cores since the start, and the idle ones (waiting for a disk included)."""
    line = (_PROC / "stat").read_text().split("\n", 1)[0]
    ticks = [int(word) for word in line.split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]


def _parents() -> dict[int, int]:
    """The parent of every process."""
    parents = {}
    for name in os.listdir(_PROC):
        if name.isdigit() and (stat := _read(f"{name}/stat")):
            parents[int(name)] = int(stat.rpartition(")")[2].split()[1])
    return parents


def _pss(pid: int) -> int:
    return _kilobytes(f"{pid}/smaps_rollup", "Pss")


def _high_water(pid: int) -> int:
    return _kilobytes(f"{pid}/status", "VmHWM")


def _kilobytes(path: str, field: str) -> int:
    """A field in bytes; 0 when the process has ended."""
    match = re.search(rf"^{field}:\s+(\d+) kB", _read(path), re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def _read(path: str) -> str:
    try:
        return (_PROC / path).read_text()
    except OSError:
        return ""
