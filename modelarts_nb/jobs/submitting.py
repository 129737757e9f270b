"""Submitting a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudForbidden, CloudNotFound, StateFailed
from modelarts_nb.cloud.shape import items, obj, text
from modelarts_nb.cloud.waiting import follow
from modelarts_nb.jobs.listing import look
from modelarts_nb.jobs.model import ENDED, RUNNING, Job, read_job
from modelarts_nb.jobs.records import list_events
from modelarts_nb.jobs.request import request_of
from modelarts_nb.jobs.spec import JobSpec, read_file
from modelarts_nb.progress import SILENT, Progress

# Seconds: a job may queue for long.
SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Submitted:
    """``job`` is None after a dry run; ``request`` is what was, or would have been, sent."""

    job: Job | None
    request: dict[str, Any]


def plan(file: Path | None, options: Mapping[str, Any]) -> JobSpec:
    """A file and options together: what an option says counts, also beside the file.

    Maps are put together, key by key.

    Raises:
        NotFound, UsageError, AccessDenied, DiskFailure: as ``spec.read_file``.
    """
    values = read_file(file) if file else {}
    for key, value in options.items():
        if value is None:
            continue
        both = isinstance(value, Mapping) and isinstance(values.get(key), dict)
        values[key] = {**values[key], **value} if both else value
    return JobSpec(**values)


def submit(
    file: Path | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    workspace: str | None = None,
    engine: str | None = None,
    image: str | None = None,
    code: str | None = None,
    boot: str | None = None,
    command: str | None = None,
    workdir: str | None = None,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    pool: str | None = None,
    flavor: str | None = None,
    nodes: int | None = None,
    volumes: Sequence[str] | None = None,
    key_pairs: Sequence[str] | None = None,
    ssh: bool = True,
    log: str | None = None,
    hours: int | None = None,
    retries: int | None = None,
    dry_run: bool = False,
    wait: bool = False,
    timeout: float = SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Submitted:
    """Submit a training job.

    Args:
        file: YAML with the same keys.
        ssh: False: no SSH endpoint, whatever the file says.
        dry_run: make the request, send nothing.
        wait: follow it until it runs or has ended.
        timeout: seconds that it is followed.
        name, description, ...: see ``spec.JobSpec``.

    Raises:
        UsageError: something is missing or cannot be. Nothing was sent.
        NotFound: there is no such file.
        CloudNotFound: there is no such pool.
        StateFailed: it failed before it ran; says why.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    options = {
        "name": name,
        "description": description,
        "workspace": workspace,
        "engine": engine,
        "image": image,
        "code": code,
        "boot": boot,
        "command": command,
        "workdir": workdir,
        "inputs": inputs,
        "outputs": outputs,
        "parameters": parameters,
        "env": env,
        "pool": pool,
        "flavor": flavor,
        "nodes": nodes,
        "volumes": volumes,
        "key_pairs": key_pairs if ssh else (),
        "log": log,
        "hours": hours,
        "retries": retries,
    }
    spec = plan(file, options)
    spec.check()
    cloud = cloud or open_cloud()
    request = request_of(spec, find_pool(cloud, spec.pool, progress) if spec.pool else "")
    if dry_run:
        return Submitted(None, request)
    progress.phase("submitting")
    answer = cloud.call("modelarts", "create_training_job", body=request, progress=progress)
    job = read_job(answer)
    progress.log(f"{job.name} is submitted ({job.id})")
    if wait:
        job = _until_it_runs(cloud, job, timeout, progress)
    return Submitted(job, request)


def find_pool(cloud: Cloud, pool: str, progress: Progress) -> str:
    """The id of a dedicated pool that was named by id or by name.

    Raises:
        CloudNotFound: there is none; the hint names those there are.
        CloudError: the cloud refused or could not be reached.
    """
    try:
        answer = cloud.call("modelarts", "list_pools", progress=progress)
    except CloudForbidden as error:
        progress.log(f"{error.message}; {pool} is taken as its id")
        return pool
    found = {
        text(obj(item, "metadata"), "name"): text(
            obj(obj(item, "metadata"), "labels"), "os.modelarts/name"
        )
        for item in items(answer, "items")
    }
    for id, name in found.items():
        if pool in (id, name):
            return id
    names = ", ".join(name or id for id, name in found.items())
    raise CloudNotFound(
        f"There is no dedicated pool {pool[:100]!r}.",
        hint=f"There are: {names}." if names else "There is none: name a --flavor instead.",
    )


def _until_it_runs(cloud: Cloud, job: Job, timeout: float, progress: Progress) -> Job:
    told = ""

    def ended(found: Job) -> bool:
        nonlocal told
        if found.phase != told:
            told = found.phase
            progress.phase(told.lower())
        return found.phase == RUNNING or found.phase in ENDED

    found = follow(
        lambda: look(cloud, job.id, progress),
        ended,
        what=f"The job {job.name}",
        again=f"ma job show {job.name}",
        timeout=timeout,
        progress=progress,
    )
    if found.phase in ENDED and found.phase != "Completed":
        raise failed(cloud, found, progress)
    return found


def failed(cloud: Cloud, job: Job, progress: Progress) -> StateFailed:
    """The error of a job that did not end well, in the words of its last event."""
    events = list_events(job.id, level="Error", limit=1, cloud=cloud, progress=progress)
    ends = [f"{t.name} ended with exit code {t.exit_code}" for t in job.tasks if t.exit_code]
    why = (events[-1].message if events else "") or "; ".join(ends) or "the cloud gives no reason"
    return StateFailed(
        f"The job {job.name} is {job.phase}: {why}",
        hint=f"`ma job logs {job.name}` shows what it said, `ma job events {job.name}` what "
        "happened.",
        cause=f"phase {job.phase}, {job.secondary_phase}",
    )
