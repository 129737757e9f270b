"""Measuring programs: time, memory, requests; ours and the peers in turn, in the same run."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.processes import Tree, busy
from benchmarks.tools import say

#: How long the machine is watched before a run, seconds.
_WATCHED = 0.25
#: Between two samples of memory at least so many seconds, and 20 times what a sample uses.
_PAUSE = 0.03
# A virtual machine may give memory that nobody uses back to its host, and gets it again slowly: by
# this alone the same run took 5 s or 12 s. So everybody gets memory that was used just before.
_TOUCH = "import mmap; mmap.mmap(-1, {}, flags=mmap.MAP_PRIVATE | mmap.MAP_POPULATE)"
_STOP_AFTER: ContextVar[float | None] = ContextVar("stop_after", default=None)


@dataclass(frozen=True)
class Run:
    """One measured run: seconds, peak memory of all its processes in MB (None: not measured),
    seconds on a core, requests to the slow disk (None: it was not on one), size of what it made in
    bytes (None: does not matter), the load average and the cores that others used when it began.
    ``stopped``: it would have taken longer.
    """

    seconds: float
    megabytes: float | None
    cpu: float = 0
    requests: int | None = None
    size: int | None = None
    load: float = 0
    others: float = 0
    stopped: bool = False


class Failed(Exception):
    """A program that is measured went wrong; says how."""


class Skip(Exception):
    """A piece of work cannot be measured here; says why."""


def run_command(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    shell: bool = False,
) -> Run:
    """Run a program to its end, or to that of the time that ``measure`` gives a slow peer.

    Raises:
        Failed: it ended with an error; has what it said.
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
        tree = Tree(process.pid)
        try:
            stopped = _watch(process.pid, tree, _STOP_AFTER.get())
            seconds = time.perf_counter() - began
        except BaseException:
            # We are stopped: nothing of it goes on, or a slow disk would stay busy.
            tree.sample()
            tree.kill()
            process.wait()
            raise
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not stopped:
            complaints.seek(0)
            said = complaints.read()[-2000:]
            raise Failed(f"{' '.join(args)} failed ({process.returncode}):\n{said}")
    cpu = round(usage.ru_utime + usage.ru_stime, 3)
    memory = round(tree.peak / 1e6, 1) or None
    return Run(round(seconds, 4), memory, cpu, stopped=stopped)


def _watch(pid: int, tree: Tree, limit: float | None) -> bool:
    """Sample until the process ends, or until ``limit`` seconds: then it is ended, and True."""
    until = None if limit is None else time.perf_counter() + limit
    handle = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    pause = _PAUSE
    try:
        while not poll.poll(pause * 1000):
            used = time.thread_time()
            tree.sample()
            pause = max(_PAUSE, 20 * (time.thread_time() - used))
            if until is not None and time.perf_counter() > until:
                tree.kill()
                poll.poll()
                return True
    finally:
        os.close(handle)
    return False


Contestant = Callable[[], Run]


@dataclass(frozen=True)
class Goal:
    """Ours against ``peer``: at least so many times faster, or at most so many times as much.

    Without a peer ``at_most`` is in the unit of ``what``, a field of ``Run``.
    """

    peer: str | None
    at_least: float | None = None
    at_most: float | None = None
    what: str = "seconds"

    def met(self, ratio: float) -> bool:
        """Is ``ratio`` (of ``Row.ratio``) good enough?"""
        if self.at_least is not None:
            return ratio >= self.at_least
        assert self.at_most is not None
        return ratio <= self.at_most

    @property
    def text(self) -> str:
        """In words."""
        name = {"seconds": "time", "megabytes": "memory", "size": "size"}[self.what]
        if self.peer is None:
            assert self.at_most is not None
            return f"< {self.at_most:g} s" if name == "time" else f"{name} < {self.at_most:g} MB"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}x faster than {self.peer}"
        return f"≤ {self.at_most:g}x the {name} of {self.peer}"


@dataclass(frozen=True)
class Work:
    """One line of the table: a piece of work, who does it, what ours must reach.

    Args:
        key: its name on the command line and in the results.
        title: in words.
        prepare: makes what is needed and says who takes part; may raise ``Skip``.
        goals: what ours must reach.
        guess: seconds of one round of all on two quiet cores.
        slow: contestants that ``--once`` measures a single time.
        cited: seconds of peers that are not measured here.
        memory: bytes that a run takes anew, what it writes to a RAM disk or a slow one included.
    """

    key: str
    title: str
    prepare: Callable[[], dict[str, Contestant]]
    goals: tuple[Goal, ...] = ()
    guess: float = 1
    slow: frozenset[str] = frozenset()
    cited: Mapping[str, float] = field(default_factory=dict)
    memory: int = 1 << 29


def measure(work: Work, rounds: int, *, once: bool, decide: bool) -> dict[str, list[Run]]:
    """Let all contestants of a work run in turn.

    Args:
        work: what.
        rounds: how often.
        once: the slow ones a single time.
        decide: stop a slow one when it is clear that ours is as many times faster as its goal says.

    Raises:
        Skip: it cannot be measured here.
        Failed: one of them went wrong.
    """
    contestants = work.prepare()
    runs: dict[str, list[Run]] = {}
    for number in range(rounds):
        for name, contestant in contestants.items():
            if number and once and name in work.slow:
                continue
            os.sync()  # what the last run made; else its writing would look like somebody else's
            subprocess.run([sys.executable, "-c", _TOUCH.format(work.memory)], check=False)
            limit = _enough(work, name, runs) if decide and name in work.slow else None
            load, others = round(os.getloadavg()[0], 2), round(busy(_WATCHED), 2)
            token = _STOP_AFTER.set(limit)
            try:
                run = replace(contestant(), load=load, others=others)
            finally:
                _STOP_AFTER.reset(token)
            runs.setdefault(name, []).append(run)
            _tell(work, name, run)
    return runs


def _enough(work: Work, name: str, runs: dict[str, list[Run]]) -> float | None:
    """Seconds after which a peer has lost, with a third to spare."""
    factors = [goal.at_least for goal in work.goals if goal.peer == name and goal.at_least]
    return 4 / 3 * max(factors) * runs["ours"][0].seconds if factors and runs else None


def _tell(work: Work, name: str, run: Run) -> None:
    requests = "" if run.requests is None else f", {run.requests:,} requests"
    memory = "" if run.megabytes is None else f", {run.megabytes:.0f} MB"
    more = "stopped, as ours is so much faster: > " if run.stopped else ""
    beside = f"; others used {run.others:.1f} cores" if run.others > 0.5 else ""
    say(
        f"  {work.key}: {name} {more}{run.seconds:.2f} s ({run.cpu:.2f} s CPU{memory}{requests})"
        f"{beside}"
    )
