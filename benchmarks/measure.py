"""Measuring programs: time, memory, requests; ours and the peers in turn, in the same run."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.tools import say


@dataclass(frozen=True)
class Run:
    """One measured run: seconds, peak memory of its largest process in MB, seconds on a core,
    requests to the slow disk (None: it was not on one), size of what it made in bytes (None: does
    not matter)."""

    seconds: float
    megabytes: float
    cpu: float = 0
    requests: int | None = None
    size: int | None = None


def run_command(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    shell: bool = False,
) -> Run:
    """Run a program to its end.

    Raises:
        SystemExit: it failed; what it said is shown.
    """
    args = [str(part) for part in command]
    # A pipe-line needs the shell; `pipefail` so that a failing end does not look fast.
    words = ["bash", "-o", "pipefail", "-c", args[0]] if shell else args
    # A file, not a pipe: what a program leaves in the background may keep a pipe open.
    with tempfile.TemporaryFile("w+") as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            words,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            complaints.seek(0)
            said = complaints.read()[-2000:]
            raise SystemExit(f"{' '.join(args)} failed ({process.returncode}):\n{said}")
    return Run(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


Contestant = Callable[[], Run]


@dataclass(frozen=True)
class Goal:
    """``ours`` against ``peer``: at least so many times faster, or at most so many times its time.

    Without a peer ``at_most`` is in seconds.
    """

    peer: str | None
    at_least: float | None = None
    at_most: float | None = None

    def met(self, ratio: float) -> bool:
        """Is ``ratio`` (of ``Result.ratio``) good enough?"""
        if self.at_least is not None:
            return ratio >= self.at_least
        assert self.at_most is not None
        return ratio <= self.at_most

    @property
    def text(self) -> str:
        """In words."""
        if self.peer is None:
            return f"< {self.at_most:g} s"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}x faster than {self.peer}"
        return f"≤ {self.at_most:g}x the time of {self.peer}"


@dataclass
class Work:
    """One line of the table: a piece of work, who does it, what ours must reach.

    ``once`` names contestants that take so long that some runs measure them a single time.
    """

    key: str
    title: str
    contestants: dict[str, Contestant]
    goals: list[Goal]
    once: frozenset[str] = frozenset()


@dataclass
class Result:
    """What a work measured."""

    work: Work
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """The median of one contestant."""
        return statistics.median(run.seconds for run in self.runs[name])

    def largest(self, name: str, what: str) -> float | None:
        """The largest value of a field over the runs; None: it was not measured."""
        values = [getattr(run, what) for run in self.runs[name]]
        return None if None in values else max(values)

    def ratio(self, goal: Goal) -> float:
        """Ours against a goal's peer: how many times faster, or how many times its time."""
        ours = self.seconds("ours")
        if goal.peer is None:
            return ours
        peer = self.seconds(goal.peer)
        return peer / ours if goal.at_least is not None else ours / peer


def measure(work: Work, rounds: int, *, once: bool = False) -> Result:
    """Let all contestants of a work run in turn, ``rounds`` times (``once``: its slowest once)."""
    result = Result(work)
    for number in range(rounds):
        for name, contestant in work.contestants.items():
            if number and once and name in work.once:
                continue
            run = contestant()
            result.runs.setdefault(name, []).append(run)
            requests = "" if run.requests is None else f", {run.requests:,} requests"
            say(f"  {work.key}: {name} {run.seconds:.2f} s ({run.cpu:.2f} s CPU){requests}")
    return result
