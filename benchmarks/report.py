"""The results as a table, a page and a chart."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.chart import bars
from benchmarks.measure import Goal, Result
from benchmarks.reference import Reference

_NOTES = Path(__file__).with_name("notes.md")
_PEERS = ("py-rattler", "conda-pack", "ipykernel", "zstandard")


def table(results: Sequence[Result]) -> str:
    """Goal by goal: what was measured, the ratio, whether it is met."""
    rows = ["| work | goal | ours | peer | ratio | met |", "|---|---|---|---|---|---|"]
    rows += [_row(row) for row in _rows(results)]
    return "\n".join(rows)


def _rows(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for goal in result.work.goals:
            ratio = result.ratio(goal)
            peer = "" if goal.peer is None else f"{goal.peer} {_runs(result, goal.peer)}"
            shown = f"{ratio:.2f}" if goal.peer and goal.at_most else f"{ratio:.1f}"
            yield (
                result.work.title,
                goal.text,
                _runs(result, "ours"),
                peer,
                f"{shown}x" if goal.peer else "",
                "yes" if goal.met(ratio) else "**no**",
            )


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _runs(result: Result, name: str) -> str:
    count = len(result.runs[name])
    return f"{_time(result.seconds(name))}{f' (n={count})' if count < 3 else ''}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def details(results: Sequence[Result]) -> str:
    """Everything measured: each contestant with memory, requests and sizes."""
    rows = [
        "| work | who | median | all runs, s | CPU, s | memory, MB | requests | result, MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        for name, runs in result.runs.items():
            requests, size = result.largest(name, "requests"), result.largest(name, "size")
            cells = (
                result.work.title,
                name,
                _time(result.seconds(name)),
                ", ".join(f"{run.seconds:.2f}" for run in runs),
                f"{result.largest(name, 'cpu'):.1f}",
                f"{result.largest(name, 'megabytes'):.0f}",
                "" if requests is None else f"{requests:,.0f}",
                "" if size is None else f"{size / 1e6:.0f}",
            )
            rows.append(_row(cells))
    return "\n".join(rows)


def write(docs: Path, results: Sequence[Result], references: Sequence[Reference]) -> None:
    """Write ``benchmarks.md`` and ``benchmarks.svg``."""
    chart = [
        (result.work.title, result.seconds("ours"), goal.peer, result.seconds(goal.peer))
        for result in results
        for goal in result.work.goals
        if goal.peer is not None and goal.at_least is not None
    ]
    (docs / "benchmarks.svg").write_text(bars(chart))
    (docs / "benchmarks.md").write_text(_page(results, references))


def _page(results: Sequence[Result], references: Sequence[Reference]) -> str:
    missed = sum(not goal.met(result.ratio(goal)) for result, goal in _goals(results))
    return f"""# Benchmarks

Written by `make bench` (`python benchmarks/run.py`); `make bench-quick` takes the small
environment and under five minutes. Ours and the peers run in turn in the same run; each figure is
the median of its runs. "1 ms disk" is `tests/slowfs`, a FUSE file system that answers every
request after 1 ms and was mounted anew, so with nothing cached, for every run. Times are whole
processes, the start of Python included. Ours saves what it wrote (`syncfs`) before it ends; of the
peers only the local `cp -a` does (`sync -f`). "(n=1)" was measured once: with `--once` the slowest
peers are. A hundred `ipykernel install` are ten (quick: three), multiplied.

{chr(10).join(f"- {one.described}" for one in references)}
- {_machine()}
- {", ".join(f"{name} {version(name)}" for name in _PEERS)}, {_first_line("tar", "--version")},
  {_first_line("zstd", "--version")}
- {time.strftime("%Y-%m-%d")}

## Goals

{table(results)}

{missed} of {sum(1 for _ in _goals(results))} goals are missed. `conda create --clone --copy` onto
the 1 ms disk was measured once before, 1.2 times slower than `cp -a`; conda is not installed here.

![How many times faster than the peers](benchmarks.svg)

## Everything measured

CPU is the most of the runs (without FUSE's own); memory the peak of the largest process (39 MB is
what the measuring process itself has: less is not seen); requests are those that the slow disk
answered.

{details(results)}

{_NOTES.read_text()}"""


def _goals(results: Sequence[Result]) -> Iterator[tuple[Result, Goal]]:
    for result in results:
        for goal in result.work.goals:
            yield result, goal


def _machine() -> str:
    load = os.getloadavg()[2]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, Linux {platform.release()}), Python "
        f"{platform.python_version()}; other work ran beside (load {load:.1f} at the end)"
    )


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].strip("* ")
