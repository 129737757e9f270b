"""Which training jobs there are, and one of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudNotFound
from modelarts_nb.cloud.naming import is_id
from modelarts_nb.cloud.shape import items
from modelarts_nb.errors import UsageError
from modelarts_nb.jobs.model import PHASES, Job, Task, read_job
from modelarts_nb.jobs.paging import every
from modelarts_nb.progress import SILENT, Progress

LIMIT = 50
# The service takes 1 to 50.
_PAGE = 50


def list_jobs(
    *,
    name: str | None = None,
    phase: Sequence[str] = (),
    user: str | None = None,
    pool: str | None = None,
    workspace: str | None = None,
    limit: int = LIMIT,
    offset: int = 0,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> list[Job]:
    """Jobs that fit everything that was said, the newest first.

    Args:
        name, user: a part of it.
        phase: one of these; see ``model.PHASES``. In any case.
        pool: the id or name of a dedicated pool, or ``public``.
        workspace: its id; None: the default one.
        limit: at most so many; 0: all.
        offset: so many of the newest are left out: the next page begins behind the last.

    Raises:
        UsageError: no such phase, or a negative limit or offset.
        CloudError: the cloud refused or could not be reached.
    """
    wanted = _phases(phase)
    if limit < 0:
        raise UsageError(f"The limit cannot be {limit}.", hint="0 is all of them.")
    if offset < 0:
        raise UsageError(f"The offset cannot be {offset}.", hint="0 begins with the newest.")

    def fits(job: Job) -> bool:
        return (
            (not wanted or job.phase in wanted)
            and (not name or name.lower() in job.name.lower())
            and (not user or user.lower() in job.user.lower())
            and (not pool or _is_in(job, pool))
        )

    fitting = filter(fits, _all(cloud or open_cloud(), workspace, progress))
    return list(islice(fitting, offset, offset + limit if limit else None))


def show(job: str, *, cloud: Cloud | None = None, progress: Progress = SILENT) -> Job:
    """One job in full.

    Args:
        job: its id, or its name in the default workspace.

    Raises:
        CloudNotFound: there is none of this id or name.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    return look(cloud, resolve(cloud, job, progress), progress)


def look(cloud: Cloud, id: str, progress: Progress = SILENT) -> Job:
    """The job of an id, as it is now."""
    answer = cloud.call(
        "modelarts", "show_training_job_details", training_job_id=id, progress=progress
    )
    return read_job(answer)


def resolve(cloud: Cloud, job: str, progress: Progress = SILENT) -> str:
    """The id of a job that was named by id or name. See ``show``."""
    asked = job.strip()
    if is_id(asked):
        return asked
    # The service keeps names apart, so the first one is the one.
    for found in _all(cloud, None, progress) if asked else ():
        if asked in (found.name, found.id):
            return found.id
    raise CloudNotFound(
        f"There is no training job {asked[:100]!r}.",
        hint="`ma job list` shows those of the default workspace; one of another workspace needs "
        "its id.",
    )


def find_task(job: Job, task: str) -> Task:
    """The task of a name.

    Raises:
        CloudNotFound: the job has none of this name; the hint names those it has.
    """
    for found in job.tasks:
        if found.name == task:
            return found
    names = ", ".join(found.name for found in job.tasks)
    raise CloudNotFound(
        f"The job {job.name or job.id} has no task {task[:100]!r}.",
        hint=f"It has: {names}." if names else f"It has none yet: it is {job.phase}.",
    )


def find_tasks(job: Job, names: Sequence[str]) -> list[Task]:
    """The tasks of these names, each once; all of them where none is named.

    Raises:
        CloudNotFound: as ``find_task``.
    """
    return [find_task(job, name) for name in dict.fromkeys(names)] or list(job.tasks)


def _all(cloud: Cloud, workspace: str | None, progress: Progress) -> Iterator[Job]:
    body = {"limit": _PAGE, "sort_by": "create_time", "order": "desc"}
    if workspace:
        body["workspace_id"] = workspace

    def fetch(offset: int) -> list[Job]:
        answer = cloud.call(
            "modelarts",
            "list_training_jobs",
            body={**body, "offset": offset},
            progress=progress,
        )
        return [read_job(item) for item in items(answer, "items")]

    seen: set[str] = set()
    for job in every(fetch, _PAGE, lambda found: found.id):
        # A job that was made meanwhile moves the others by one.
        if job.id not in seen:
            seen.add(job.id)
            yield job


def _phases(given: Sequence[str]) -> set[str]:
    known = {phase.lower(): phase for phase in PHASES}
    if unknown := [word for word in given if word.lower() not in known]:
        raise UsageError(
            f"There is no phase {', '.join(sorted(unknown))[:200]}.",
            hint=f"There are: {', '.join(PHASES)}.",
        )
    return {known[word.lower()] for word in given}


def _is_in(job: Job, pool: str) -> bool:
    if job.pool is None:
        return pool == "public"
    return pool in (job.pool.id, job.pool.name)
