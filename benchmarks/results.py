"""What was measured, kept in a JSON file that is written after every row."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measure import Goal, Run, Work

_PEERS = ("py-rattler", "conda-pack", "ipykernel", "zstandard")
_ROOT = Path(__file__).parent.parent


@dataclass
class Row:
    """One work measured: when, at which commit, in which whole run, and how long all of it took."""

    runs: dict[str, list[Run]]
    date: str
    commit: str
    whole: str
    elapsed: float
    rounds: int
    skipped: str = ""

    def median(self, name: str, what: str = "seconds") -> float | None:
        """The median of a field over the runs of one contestant; None: it was not measured."""
        values = [getattr(run, what) for run in self.runs.get(name, ())]
        return statistics.median(values) if values and None not in values else None

    def largest(self, name: str, what: str) -> float | None:
        """The largest value of a field over the runs; None: it was not measured."""
        values = [getattr(run, what) for run in self.runs.get(name, ())]
        return max(values) if values and None not in values else None

    def stopped(self, name: str) -> bool:
        """Was a run ended before the program was done?"""
        return any(run.stopped for run in self.runs.get(name, ()))

    def value(self, work: Work, name: str, what: str) -> float | None:
        """What a goal compares: the median time or size, the largest memory."""
        if name in work.cited and what == "seconds":
            return work.cited[name]
        return self.largest(name, what) if what == "megabytes" else self.median(name, what)

    def ratio(self, work: Work, goal: Goal) -> float | None:
        """Ours against a goal's peer: how many times faster, or how many times as much; without a
        peer the value itself. None: one of them was not measured."""
        ours = self.value(work, "ours", goal.what)
        if ours is None or goal.peer is None:
            return ours
        peer = self.value(work, goal.peer, goal.what)
        if peer is None:
            return None
        return peer / ours if goal.at_least is not None else ours / peer


@dataclass
class Results:
    """All rows by key, in one file."""

    path: Path
    rows: dict[str, Row] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    machine: str = ""
    versions: str = ""
    whole: str = ""

    @classmethod
    def read(cls, path: Path) -> Results:
        """What an earlier run wrote; nothing when there was none."""
        if not path.exists():
            return cls(path)
        read: dict[str, Any] = json.loads(path.read_text("utf-8"))
        rows = {
            key: Row(
                **{**row, "runs": {n: [Run(**r) for r in runs] for n, runs in row["runs"].items()}}
            )
            for key, row in read.pop("rows").items()
        }
        return cls(path, rows, **read)

    def begin(self) -> None:
        """A new whole run: rows of older ones stay until they are measured again."""
        self.whole = time.strftime("%Y-%m-%dT%H:%M:%S")

    def keep(self, key: str, row: Row) -> None:
        """Take a row and write the file in one step."""
        self.rows[key] = row
        self.machine, self.versions = machine(), _versions()
        value = dataclasses.asdict(self)
        rows = value.pop("rows")
        del value["path"]
        # A row a line: what a run changed can be read.
        lines = [f" {json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items()]
        head = json.dumps(value, indent=1).removesuffix("\n}")
        text = f'{head},\n "rows": {{\n' + ",\n".join(lines) + "\n }\n}\n"
        unfinished = self.path.with_name(f"{self.path.name}.new")
        unfinished.write_text(text, "utf-8")
        unfinished.replace(self.path)


def commit() -> str:
    """The commit that is measured; with a "+" when files of it were edited since."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        edited = _git("status", "--porcelain", "--untracked-files=no", "modelarts_nb", "benchmarks")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if edited else "")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(_ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def _versions() -> str:
    named = [f"{name} {version(name)}" for name in _PEERS]
    return ", ".join([*named, *(_first_line(name, "--version") for name in ("tar", "cp", "zstd"))])


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].strip("* ").removesuffix(", by Yann Collet")
