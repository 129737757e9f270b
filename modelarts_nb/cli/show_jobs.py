"""How training jobs look to a person at a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from modelarts_nb.cli.show import table

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 40
# Of tasks, in turn: readable on dark and on light.
_COLOURS = (36, 35, 33, 32, 34, 31)


def jobs(found: list[Any]) -> Any:
    """A table of jobs."""
    rows = [
        (
            j.name,
            j.phase,
            duration(j.seconds) if j.started else "",
            _where(j),
            "" if j.nodes is None else str(j.nodes),
            j.user,
            j.created[:16].replace("T", " "),
            j.id,
        )
        for j in found
    ]
    return table(
        ("NAME", "PHASE", "RAN", "WHERE", "NODES", "USER", "MADE", "ID"),
        rows,
        empty="No training jobs fit. `ma job submit --help` shows how to make one.",
    )


def job(j: Any) -> str:
    """One job, a fact a line."""
    facts = {
        "name": j.name,
        "id": j.id,
        "phase": j.phase,
        "description": j.description,
        "ran": duration(j.seconds) if j.started else "",
        "where": _where(j),
        "nodes": "" if j.nodes is None else str(j.nodes),
        "image": j.image,
        "code": j.code,
        "command": _first_line(j.command),
        "inputs": ", ".join(j.inputs),
        "outputs": ", ".join(j.outputs),
        "user": j.user,
        "made": j.created,
        "started": j.started,
        "key pairs": ", ".join(j.key_pairs),
    }
    lines = [f"{key + ':':<14} {value}" for key, value in facts.items() if value]
    for volume in j.volumes:
        only = " (read only)" if volume.read_only else ""
        lines.append(f"{'volume:':<14} {volume.source} at {volume.path}{only}")
    for task in j.tasks:
        words = [task.name, *([task.ssh] if task.ssh else [])]
        if task.exit_code is not None:
            words.append(f"exit code {task.exit_code}")
        lines.append(f"{'task:':<14} {'  '.join(words)}")
    return "\n".join(lines)


def lines(found: Sequence[Any]) -> str:
    """Lines of logs; with the task before each where there are several."""
    mark = Marks(dict.fromkeys(line.task for line in found), colours=coloured(sys.stdout))
    return "\n".join(mark.line(line) for line in found)


class Marks:
    """The tasks before their lines, each in a colour of its own; nothing where there is one.

    Args:
        tasks: their names.
        colours: whether there may be any.
    """

    def __init__(self, tasks: Iterable[str], *, colours: bool) -> None:
        names = list(tasks)
        width = max((len(name) for name in names), default=0)
        self._before = {
            name: _painted(f"{name:<{width}} |", _COLOURS[k % len(_COLOURS)], colours) + " "
            for k, name in enumerate(names if len(names) > 1 else [])
        }

    def line(self, line: Any) -> str:
        """A line as it is shown."""
        return self._before.get(line.task, "") + str(line.text)


def coloured(stream: Any) -> bool:
    """Whether a stream takes colours: a terminal, and nobody said no (no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR")


def events(found: list[Any]) -> Any:
    """A table of events."""
    rows = [(e.time[:19].replace("T", " "), e.level, e.message) for e in found]
    return table(("TIME", "LEVEL", "EVENT"), rows, empty="Nothing has happened yet.")


def metrics(found: list[Any]) -> Any:
    """A table of what was used, with a line of bars: the highest is the highest of the line."""
    rows = [
        (
            m.task,
            m.name,
            _percent(m.values[-1]),
            _percent(sum(m.values) / len(m.values)),
            _percent(max(m.values)),
            sparkline(m.values),
        )
        for m in found
        if m.values
    ]
    return table(
        ("TASK", "METRIC", "NOW", "MEAN", "MOST", "COURSE"),
        rows,
        empty="Nothing was measured yet: the first values come after some minutes.",
    )


def submitted(found: Any) -> str:
    """The job that was made, or the request of a dry run, to be read or kept."""
    if found.job is None:
        return json.dumps(found.request, indent=2, ensure_ascii=False)
    return job(found.job)


def sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """Bars from 0 to the largest value; where there are more values than places, their means.

    Args:
        values: none below 0.
        width: characters at most.
    """
    places = min(width, len(values))
    cuts = [k * len(values) // places for k in range(places + 1)] if places else [0]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(cuts)]
    most = max(means, default=0)
    top = len(_BARS) - 1
    return "".join(_BARS[round(max(0.0, mean) / most * top) if most > 0 else 0] for mean in means)


def duration(seconds: int | None) -> str:
    """As ``2 h 05 min``; nothing where it is not known."""
    if seconds is None:
        return ""
    hours, rest = divmod(seconds, 3600)
    if hours:
        return f"{hours} h {rest // 60:02} min"
    return f"{rest // 60} min {rest % 60:02} s" if rest >= 60 else f"{rest} s"


def _where(j: Any) -> str:
    if j.pool is not None:
        return str(j.pool.name or j.pool.id)
    return f"public ({j.flavor})" if j.flavor else "public"


def _first_line(command: str) -> str:
    first, _, rest = command.strip().partition("\n")
    return f"{first} ..." if rest else first


def _painted(text: str, colour: int, colours: bool) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colours else text


def _percent(value: float) -> str:
    return f"{value:.1f} %"
