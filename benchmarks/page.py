"""``docs/benchmarks.md`` and its chart, from the results alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.chart import Bar, bars
from benchmarks.measure import Work
from benchmarks.report import BUSY, details, disturbed, judged, measured, table
from benchmarks.results import Results

#: Kept by hand.
_NOTES = Path(__file__).with_name("notes.md")


def write(folder: Path, works: Sequence[Work], results: Results) -> None:
    """Write ``benchmarks.md`` and ``benchmarks.svg``."""
    chart = [
        Bar(work.title, ours, goal.peer, ratio * ours, ratio, goal.at_least)
        for work, row, goal, ratio in judged(works, results)
        if goal.peer and goal.at_least and (ours := row.median("ours"))
    ]
    (folder / "benchmarks.svg").write_text(bars(chart))
    (folder / "benchmarks.md").write_text(_page(works, results))


def _page(works: Sequence[Work], results: Results) -> str:
    verdicts = [goal.met(ratio) for _, _, goal, ratio in judged(works, results)]
    return f"""# Benchmarks

Written by `make bench` (`python benchmarks/run.py`) from `benchmarks.json`, which it keeps beside
this page; `make bench-quick` takes the small environment and under five minutes. Ours and the peers
run in turn in the same run; each figure is the median of its runs, "(n=1)" says that there were
fewer than three. "1 ms disk" is `tests/slowfs`, a FUSE file system that answers every request after
1 ms and was mounted anew, so with nothing cached, for every run; its files are in memory. Times are
whole processes, the start of Python included. On the local disk everybody's time includes saving
what was written (`sync -f`; ours does it by itself), except in packing, where only ours does; onto
the slow disk ours and `dd` save. A hundred `ipykernel install` are ten, multiplied. "(cited)" is
conda, which cannot be installed here: measured before, on the same kind of machine and on
environments of nearly the same size (big 3.4 GB, small 223 MB; n=1).

{chr(10).join(f"- {text}" for text in results.references.values())}
- {results.machine}
- {results.versions}
{chr(10).join(f"- {text}" for text in _when(works, results))}

## Goals

{table(works, results)}

{verdicts.count(False)} of {len(verdicts)} goals are missed. {_doubts(works, results)}

![How many times faster than the peers](benchmarks.svg)

{_missing(works, results)}## Everything measured

- **Who / ours**: how many times our time that contestant took.
- **CPU**: the most of the runs, without FUSE's own.
- **Memory**: the peak of the sum over the process and all that it started, each with its
  proportional set size (shared pages count once), sampled every 30 ms or more; or the largest
  process's own high-water mark, where that is more. What the kernel caches does not count.
- **Requests**: those that the slow disk answered.
- **Load at start**: the load average over the minute before each run; what was measured just before
  counts in it. **Others**: cores in use during a quarter of a second before each run, in which
  nothing of ours ran.
- py-rattler compiles nothing, so it installs a quarter to a half fewer files than the others copy.

{details(works, results)}

{_NOTES.read_text()}"""


def _when(works: Sequence[Work], results: Results) -> Iterator[str]:
    """Dates and commits; the rows of each where there are several."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for work, row in measured(works, results):
        groups[row.date, row.commit].append(work.key)
    for (date, commit), keys in groups.items():
        yield f"{date}, commit {commit}" + (f": {', '.join(keys)}" if len(groups) > 1 else "")


def _doubts(works: Sequence[Work], results: Results) -> str:
    titles = [work.title for work, row in measured(works, results) if disturbed(row)]
    if not titles:
        return "The machine was quiet: before no run did others use more than half a core."
    return (
        f"⚠: **the machine was not quiet**; before a run of these, others used more than {BUSY:g} "
        f"cores: {'; '.join(titles)}."
    )


def _missing(works: Sequence[Work], results: Results) -> str:
    lines = []
    for work in works:
        row = results.rows.get(work.key)
        if row is None or not row.runs:
            lines.append(f"- {work.title}: {row.skipped if row else 'not yet'}")
    return "\n".join(["## Not measured", "", *lines, "", ""]) if lines else ""
