"""The results as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.measure import Goal, Run, Work
from benchmarks.results import Results, Row

#: Cores used by others when a run began that make its figure doubtful.
BUSY = 0.5


def measured(works: Sequence[Work], results: Results) -> Iterator[tuple[Work, Row]]:
    """The works that have figures."""
    for work in works:
        row = results.rows.get(work.key)
        if row is not None and row.runs:
            yield work, row


def judged(works: Sequence[Work], results: Results) -> Iterator[tuple[Work, Row, Goal, float]]:
    """Every goal that can be judged, with its ratio."""
    for work, row in measured(works, results):
        for goal in work.goals:
            ratio = row.ratio(work, goal)
            if ratio is not None:
                yield work, row, goal, ratio


def disturbed(row: Row) -> bool:
    """Did others use the machine when a run of this row began?"""
    return any(run.others > BUSY for runs in row.runs.values() for run in runs)


def table(works: Sequence[Work], results: Results) -> str:
    """Goal by goal: what was measured, the ratio, whether it is met."""
    rows = ["| work | goal | ours | peer | ratio | met |", "|---|---|---|---|---|---|"]
    for work, row, goal, ratio in judged(works, results):
        peer = "" if goal.peer is None else f"{goal.peer}: {_value(work, row, goal.peer, goal)}"
        shown = f"{ratio:.1f}x" if goal.at_least else f"{ratio:.2f}x"
        bound = "> " if goal.peer and row.stopped(goal.peer) else ""
        rows.append(
            _cells(
                work.title + (" ⚠" if disturbed(row) else ""),
                goal.text,
                _value(work, row, "ours", goal),
                peer,
                bound + shown if goal.peer else "",
                "yes" if goal.met(ratio) else "**no**",
            )
        )
    return "\n".join(rows)


def details(works: Sequence[Work], results: Results) -> str:
    """Everything measured: each contestant with memory, requests and sizes."""
    rows = [
        "| work | who | median | who / ours | all runs, s | CPU, s | memory, MB | requests "
        "| result, MB | load at start | others, cores |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for work, row in measured(works, results):
        for name, runs in row.runs.items():
            rows.append(_cells(*_figures(work, row, name, runs)))
        for name, seconds in work.cited.items():
            ours = row.median("ours")
            ratio = f"{seconds / ours:.2f}x" if ours else ""
            rows.append(_cells(work.title, name, _time(seconds), ratio, *[""] * 7))
    return "\n".join(rows)


def _figures(work: Work, row: Row, name: str, runs: list[Run]) -> Iterator[str]:
    median, ours = row.median(name), row.median("ours")
    assert median is not None
    memory, requests, size = (row.largest(name, what) for what in ("megabytes", "requests", "size"))
    bound = "> " if row.stopped(name) else ""
    yield work.title
    yield name
    yield bound + _time(median)
    yield "" if name == "ours" or not ours else f"{bound}{median / ours:.2f}x"
    yield ", ".join(f"{run.seconds:.2f}" for run in runs)
    yield f"{max(run.cpu for run in runs):.1f}"
    yield "" if memory is None else f"{memory:.0f}"
    yield "" if requests is None else f"{requests:,.0f}"
    yield "" if size is None else f"{size / 1e6:.0f}"
    yield ", ".join(f"{run.load:.1f}" for run in runs)
    yield ", ".join(f"{run.others:.1f}" for run in runs)


def _value(work: Work, row: Row, name: str, goal: Goal) -> str:
    value = row.value(work, name, goal.what)
    assert value is not None
    if goal.what != "seconds":
        return f"{value / (1e6 if goal.what == 'size' else 1):.0f} MB"
    count = len(row.runs.get(name, ()))
    few = f" (n={count})" if 0 < count < 3 else ""
    return f"{'> ' if row.stopped(name) else ''}{_time(value)}{few}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
