"""What happened to a job, and what its tasks use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.cloud.shape import items, obj, text
from modelarts_nb.jobs.listing import find_tasks, look, resolve
from modelarts_nb.jobs.model import when
from modelarts_nb.jobs.paging import every
from modelarts_nb.progress import SILENT, Progress

# The service takes 1 to 100.
_PAGE = 100
# The metrics are not there yet.
_NOT_YET = "ModelArts.2777"
Level = Literal["Info", "Warning", "Error"]


@dataclass(frozen=True)
class Event:
    """Something that happened. ``time`` is as the cloud says it; where that is a number of
    milliseconds, ISO 8601 in UTC."""

    time: str
    level: str
    message: str
    source: str


@dataclass(frozen=True)
class Metric:
    """What a task used, in percent: one value a minute, the newest last. ``name`` is as the cloud
    has it: cpuUsage, memUsage, gpuUtil, gpuMemUsage, npuUtil, npuMemUsage."""

    task: str
    name: str
    values: tuple[float, ...]


def list_events(
    job: str,
    *,
    level: Level | None = None,
    limit: int = 0,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Event]:
    """What happened to a job, the oldest first.

    Args:
        job: its id or name.
        level: only of this one.
        limit: at most so many, the newest; 0: all.

    Raises:
        CloudNotFound: no such job.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, job, progress)
    fields: dict[str, Any] = {"level": level} if level else {}

    def fetch(offset: int) -> list[Event]:
        answer = cloud.call(
            "modelarts",
            "list_training_job_events",
            training_job_id=id,
            offset=offset,
            limit=_PAGE,
            order="desc",
            x_language="en-us",
            progress=progress,
            **fields,
        )
        return [_event(item) for item in items(answer, "events")]

    found = list(every(fetch, _PAGE, lambda event: event))
    # A service that does not heed `order` gives the oldest first already.
    if len(found) < 2 or found[0].time >= found[-1].time:
        found.reverse()
    return found[-limit:] if limit else found


def read_metrics(
    job: str,
    *,
    tasks: Sequence[str] = (),
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Metric]:
    """What the tasks of a job used, task by task; nothing of a task that has no metrics yet.

    Args:
        job: its id or name.
        tasks: names, as ``worker-0``; none: all of them.

    Raises:
        CloudNotFound: no such job or task.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    found = look(cloud, resolve(cloud, job, progress), progress)
    metrics: list[Metric] = []
    for task in find_tasks(found, tasks):
        progress.check()
        try:
            answer = cloud.call(
                "modelarts",
                "show_training_job_metrics",
                training_job_id=found.id,
                task_id=task.name,
                progress=progress,
            )
        except CloudConflict as error:
            if error.error_code != _NOT_YET:
                raise
            continue
        metrics += [_metric(task.name, item) for item in items(answer, "metrics")]
    return metrics


def _metric(task: str, item: object) -> Metric:
    values = obj(item).get("value")
    numbers = values if isinstance(values, list) else []
    return Metric(task, text(item, "metric"), tuple(float(n) for n in numbers if _is_number(n)))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _event(item: object) -> Event:
    said = text(item, "time")
    time = when(int(said)) if said.isascii() and said.isdigit() and len(said) < 16 else said
    return Event(time, text(item, "level"), text(item, "message"), text(item, "source"))
