"""Progress as a bar, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from modelarts_nb.disk.space import human_bytes


class _Work(ProgressColumn):
    """``24,310 of 41,268 files  118 MB/s  14 s left``."""

    def render(self, task: Task) -> Text:
        files, total = task.fields["files"], task.fields["total_files"]
        parts = []
        if files or total:
            parts.append(f"{files:,} of {total:,} files" if total else f"{files:,} files")
        if task.fields["bytes"] and task.speed and task.fields["total_bytes"]:
            parts.append(f"{human_bytes(task.speed)}/s")
        if task.time_remaining:
            parts.append(f"{task.time_remaining:.0f} s left")
        return Text("  ".join(parts))


class _Bar:
    """Our ``Progress`` over rich's."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._task = shown.add_task(
            "", total=None, files=0, bytes=0, total_files=None, total_bytes=None
        )

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self._shown.reset(
            self._task,
            total=bytes or files,
            description=name,
            files=0,
            bytes=0,
            total_files=files,
            total_bytes=bytes,
        )

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        task = self._shown.tasks[0]
        by_bytes = bool(task.fields["total_bytes"])
        self._shown.update(
            self._task,
            advance=bytes if by_bytes else files,
            files=task.fields["files"] + files,
            bytes=task.fields["bytes"] + bytes,
        )

    def log(self, message: str) -> None:
        self._shown.console.print(Text(message, style="dim"))

    def check(self) -> None:
        pass


@contextmanager
def bar_progress() -> Iterator[_Bar]:
    """A bar on stderr that disappears when the work is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f} %"),
        _Work(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bar(shown)
