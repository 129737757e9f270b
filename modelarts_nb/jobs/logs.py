"""What the tasks of a job say: the newest lines, and following them without gaps or doubles.

The service gives pages of lines beside a base line (``ShowTrainingJobLogsFromAom``). Its reference
does not say whether the base line is part of the page, nor in which order a page comes: both are
seen from the numbers of its first and last line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud, sleep
from modelarts_nb.cloud.errors import CloudBusy, CloudConflict, CloudUnreachable
from modelarts_nb.cloud.shape import number, obj, text
from modelarts_nb.errors import UsageError
from modelarts_nb.jobs.listing import find_tasks, look, resolve
from modelarts_nb.jobs.model import ENDED, Job
from modelarts_nb.progress import SILENT, Progress

LINES = 50
# The service gives 1 to 500.
_PAGE = 500
# Seconds between two looks while nothing comes: the first and the longest.
_FIRST, _LONGEST = 0.5, 3.0
# So long the cloud may be out of reach while a log is followed.
_PATIENCE = 120.0
# The log is not there yet.
_NOT_YET = {"ModelArts.2776", "ModelArts.2818"}


@dataclass(frozen=True)
class Line:
    """One line of a task's log, without its end."""

    task: str
    text: str


def read_logs(
    job: str,
    *,
    tasks: Sequence[str] = (),
    all_tasks: bool = False,
    lines: int = LINES,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Line]:
    """The newest lines, task by task, the oldest first.

    Args:
        job: its id or name.
        tasks: names, as ``worker-0``; none: the first one.
        all_tasks: of all of them.
        lines: at most so many of each task; 0: all there are.

    Raises:
        UsageError: a negative number of lines.
        CloudNotFound: no such job or task, or its log was cleaned away.
        CloudError: the cloud refused or could not be reached.
    """
    _check(tasks, all_tasks, lines)
    cloud = cloud or open_cloud()
    found = look(cloud, resolve(cloud, job, progress), progress)
    cursors = _cursors(cloud, found, tasks, all_tasks, progress)
    return [Line(cursor.task, line) for cursor in cursors for line in cursor.newest(lines or None)]


def follow(
    job: str,
    *,
    tasks: Sequence[str] = (),
    all_tasks: bool = False,
    lines: int = LINES,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Iterator[Line]:
    """The newest lines, and then every line that comes, until the job has ended.

    Args:
        job, tasks, all_tasks: see ``read_logs``.
        lines: so many that are there already; -1: none, 0: all.

    Raises:
        Cancelled: the user does not want to wait.
        CloudUnreachable, CloudBusy: the cloud was out of reach for two minutes.
        UsageError, CloudError: see ``read_logs``.
    """
    _check(tasks, all_tasks, max(lines, 0))
    cloud = cloud or open_cloud()
    found = look(cloud, resolve(cloud, job, progress), progress)
    while not found.tasks and found.phase not in ENDED:
        # A job that was just made need not have any yet.
        sleep(_LONGEST, progress)
        found = look(cloud, found.id, progress)
    cursors = _cursors(cloud, found, tasks, all_tasks, progress)
    for cursor in cursors:
        begun = cursor.newest(1 if lines < 0 else lines or None)
        yield from (Line(cursor.task, line) for line in begun if lines >= 0)
    if cursors:
        yield from _coming(cloud, cursors, progress)


def _coming(cloud: Cloud, cursors: list[_Cursor], progress: Progress) -> Iterator[Line]:
    pause, seen, ended = _FIRST, time.monotonic(), False
    while True:
        came = False
        try:
            # Asked before the lines: what is said until its end is among them.
            ended = look(cloud, cursors[0].job, progress).phase in ENDED
            for cursor in cursors:
                for line in cursor.next():
                    came = True
                    yield Line(cursor.task, line)
            seen = time.monotonic()
        except (CloudUnreachable, CloudBusy) as error:
            if time.monotonic() - seen > _PATIENCE:
                raise
            ended = False
            progress.log(error.message)
        if ended and not came:
            return
        pause = _FIRST if came else min(pause * 1.5, _LONGEST)
        if not ended:
            sleep(pause, progress)


def _check(tasks: Sequence[str], all_tasks: bool, lines: int) -> None:
    if lines < 0:
        raise UsageError(f"There cannot be {lines} lines.", hint="0 is all there are.")
    if tasks and all_tasks:
        raise UsageError("Either some tasks or all of them.", hint="Leave one of the two out.")


def _cursors(
    cloud: Cloud, job: Job, tasks: Sequence[str], all_tasks: bool, progress: Progress
) -> list[_Cursor]:
    chosen = find_tasks(job, tasks)
    if not tasks and not all_tasks:
        chosen = chosen[:1]
    return [_Cursor(cloud, job.id, task.name, progress) for task in chosen]


@dataclass(frozen=True)
class _Page:
    """Lines, the oldest first, and the numbers of the first and the last."""

    lines: list[str]
    oldest: str
    newest: str


@dataclass
class _Cursor:
    """How far the log of a task was read; ``newest`` lines first, then what is ``next``."""

    cloud: Cloud
    job: str
    task: str
    progress: Progress
    _base: str = ""

    def newest(self, count: int | None) -> list[str]:
        """The newest lines, the oldest of them first; None: all."""
        pages: list[list[str]] = []
        have, before = 0, ""
        while count is None or have < count:
            wanted = _PAGE if count is None else min(_PAGE, count - have)
            page = self._fetch("desc", before, wanted)
            if page is None or not page.lines or (before and not _older(page.oldest, before)):
                break
            pages.append(page.lines)
            have += len(page.lines)
            before = page.oldest
            self._base = self._base or page.newest
        found = [line for page in reversed(pages) for line in page]
        return found if count is None else found[-count:]

    def next(self) -> Iterator[str]:
        """What has come since the last time."""
        if not self._base:
            # There was nothing at all; the service cannot be asked for its beginning.
            yield from self.newest(None)
            return
        while (page := self._fetch("asc", self._base, _PAGE)) is not None and page.lines:
            if not _older(self._base, page.newest):
                return  # it does not heed the base line
            self._base = page.newest
            yield from page.lines

    def _fetch(self, order: str, base: str, lines: int) -> _Page | None:
        """A page, without its base line; None: there is no log yet."""
        # The base line may be one of them.
        wanted = min(lines + 1, _PAGE) if base else lines
        fields: dict[str, Any] = {"base_line": base} if base else {}
        try:
            answer = self.cloud.call(
                "modelarts",
                "show_training_job_logs_from_aom",
                training_job_id=self.job,
                task_id=self.task,
                lines=wanted,
                order=order,
                progress=self.progress,
                **fields,
            )
        except CloudConflict as error:
            if error.error_code in _NOT_YET:
                return None
            raise
        if not obj(answer):
            return None
        return _page(answer, order, base)


def _page(answer: object, order: str, base: str) -> _Page:
    first, last = text(answer, "start_line"), text(answer, "end_line")
    content, count = text(answer, "content"), number(answer, "lines")
    lines = content.split("\n") if content or count else []
    if lines and not lines[-1] and (count is None or len(lines) > count):
        lines.pop()
    if _rank(first) > _rank(last):
        lines.reverse()
        first, last = last, first
    if base and lines and base == (first if order == "asc" else last):
        lines = lines[1:] if order == "asc" else lines[:-1]
    return _Page(lines, first, last)


def _older(line: str, than: str) -> bool:
    return _rank(line) < _rank(than)


def _rank(line: str) -> tuple[int, str]:
    """Numbers of lines by their value, without believing that they are numbers."""
    bare = line.lstrip("0")
    return len(bare), bare
