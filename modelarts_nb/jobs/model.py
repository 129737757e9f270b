"""A training job as the cloud describes it (``JobResponse`` of the SDK)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.shape import items, moment, number, obj, text, texts

RUNNING = "Running"
ENDED = frozenset({"Failed", "Completed", "Terminated", "Abnormal"})
PHASES = (
    *("Creating", "Pending", "Running", "Failed", "Completed", "Terminating", "Terminated"),
    "Abnormal",
)
# A number below this is seconds since the epoch, not milliseconds: 1973 against 5138.
_SECONDS = 100_000_000_000


@dataclass(frozen=True)
class Pool:
    """A dedicated pool."""

    id: str
    name: str


@dataclass(frozen=True)
class Task:
    """One container of a job. ``ssh`` is its address as the cloud sends it, empty while there is
    none; ``exit_code`` and ``message`` say how it ended, None and empty while it has not."""

    name: str
    ssh: str
    exit_code: int | None
    message: str


@dataclass(frozen=True)
class Volume:
    """An SFS Turbo folder in the containers."""

    source: str
    path: str
    read_only: bool


@dataclass(frozen=True)
class Job:
    """One job. Times are ISO 8601 in UTC, empty where there are none; ``seconds`` is how long it
    has run. ``pool`` is None in the public pool; ``key_pairs`` are those of its SSH endpoint, none
    where it has no such endpoint."""

    id: str
    name: str
    phase: str
    secondary_phase: str
    kind: str
    description: str
    user: str
    workspace: str
    created: str
    started: str
    seconds: int | None
    pool: Pool | None
    flavor: str
    nodes: int | None
    image: str
    command: str
    code: str
    key_pairs: tuple[str, ...]
    tasks: tuple[Task, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    volumes: tuple[Volume, ...]


def read_job(value: Any) -> Job:
    """A job from the cloud's JSON; whatever is missing is empty."""
    metadata, status = obj(value, "metadata"), obj(value, "status")
    algorithm, spec = obj(value, "algorithm"), obj(value, "spec")
    resource = obj(spec, "resource")
    ssh = obj(obj(value, "endpoints"), "ssh")
    pool_id = text(resource, "pool_id")
    duration = number(status, "duration")
    return Job(
        id=text(metadata, "id"),
        name=text(metadata, "name"),
        phase=text(status, "phase"),
        secondary_phase=text(status, "secondary_phase"),
        kind=text(value, "kind"),
        description=text(metadata, "description"),
        user=text(metadata, "user_name"),
        workspace=text(metadata, "workspace_id"),
        created=when(number(metadata, "create_time")),
        started=when(number(status, "start_time")),
        seconds=None if duration is None else duration // 1000,
        pool=Pool(pool_id, text(resource, "pool_name")) if pool_id else None,
        flavor=text(resource, "flavor_name") or text(resource, "flavor_id"),
        nodes=number(resource, "node_count"),
        image=_image(obj(algorithm, "engine")),
        command=text(algorithm, "command") or text(algorithm, "boot_file"),
        code=text(algorithm, "code_dir"),
        key_pairs=texts(ssh, "key_pair_names"),
        tasks=_tasks(status, ssh),
        inputs=_urls(algorithm, "inputs"),
        outputs=_urls(algorithm, "outputs"),
        volumes=tuple(
            Volume(
                text(nfs, "nfs_server_path"), text(nfs, "local_path"), nfs.get("read_only") is True
            )
            for nfs in (obj(volume, "nfs") for volume in items(spec, "volumes"))
            if nfs
        ),
    )


def when(value: int | None) -> str:
    """A time that the cloud gives in milliseconds or in seconds, as ISO 8601 in UTC."""
    if value is not None and 0 < value < _SECONDS:
        value *= 1000
    return moment(value)


def _image(engine: dict[str, Any]) -> str:
    named = " ".join(filter(None, (text(engine, "engine_name"), text(engine, "engine_version"))))
    return text(engine, "image_url") or named or text(engine, "engine_id")


def _tasks(status: dict[str, Any], ssh: dict[str, Any]) -> tuple[Task, ...]:
    """In the order of their numbers: ``worker-10`` after ``worker-9``."""
    urls = {text(entry, "task"): text(entry, "url") for entry in items(ssh, "task_urls")}
    ends = {text(entry, "task"): entry for entry in items(status, "task_statuses")}
    names = dict.fromkeys((*texts(status, "tasks"), *urls, *ends))
    return tuple(
        Task(
            name,
            urls.get(name, ""),
            number(ends.get(name), "exit_code"),
            text(ends.get(name), "message"),
        )
        for name in sorted(filter(None, names), key=_by_number)
    )


def _by_number(name: str) -> tuple[str, int]:
    role, _, count = name.rpartition("-")
    return (role, int(count)) if count.isdecimal() and len(count) < 9 else (name, -1)


def _urls(algorithm: dict[str, Any], which: str) -> tuple[str, ...]:
    found = (
        text(obj(obj(stream, "remote"), "obs"), "obs_url") for stream in items(algorithm, which)
    )
    return tuple(url for url in found if url)
