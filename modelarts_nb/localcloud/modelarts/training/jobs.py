"""A training job as the service remembers it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.workspaces import visible
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call

Level = Literal["Info", "Warning", "Error"]
# Nothing of these runs or will.
ENDED = {"Completed", "Failed", "Terminated", "Abnormal"}
STOPPABLE = {"Creating", "Pending", "Running"}
SOURCE = "training-job"


@dataclass
class Job:
    """One job; parts as on the wire, times in milliseconds since the epoch (UTC).

    Attributes:
        volumes: paths in the containers and the folders that are mounted there.
        ports: of the tasks' SSH endpoints, the same as long as the job exists.
        statuses: of tasks that have ended: ``task``, ``exit_code``, ``message``.
        stages: ``name``, ``start``, ``end`` of the steps of each run.
        runs: how often it was started.
    """

    id: str
    project_id: str
    domain_id: str
    user_id: str
    user_name: str
    name: str
    created: int
    description: str = ""
    kind: str = "job"
    workspace_id: str = "0"
    annotations: dict[str, str] = field(default_factory=dict)
    algorithm: dict[str, Any] = field(default_factory=dict)
    flavor_id: str = ""
    nodes: int = 1
    pool_id: str = ""
    volumes: list[dict[str, Any]] = field(default_factory=list)
    log_export: str = ""
    stop_after: int = 0
    pairs: list[str] = field(default_factory=list)
    phase: str = "Creating"
    secondary: str = "Creating"
    started: int = 0
    ended: int = 0
    listening: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    stages: list[list[dict[str, Any]]] = field(default_factory=list)
    runs: int = 0

    @property
    def tasks(self) -> list[str]:
        """``worker-0`` and so on."""
        return [f"worker-{number}" for number in range(self.nodes)]

    def become(self, phase: str, secondary: str = "") -> None:
        """Go on to a phase."""
        self.phase, self.secondary = phase, secondary or phase

    def retries(self) -> int:
        """How often it may be run again after its node was lost, by its annotations."""
        if self.annotations.get("fault-tolerance/job-unconditional-retry") != "true":
            return 0
        text = self.annotations.get("fault-tolerance/job-retry-num", "0")
        return int(text) if text.isascii() and text.isdigit() else 0


def add(db: Db, job: Job) -> None:
    """Remember a new one."""
    db.run(
        "INSERT INTO modelarts_job VALUES (?, ?, ?, ?)",
        job.id,
        job.project_id,
        job.created,
        json.dumps(asdict(job)),
    )


def save(db: Db, job: Job) -> None:
    """Remember what has changed."""
    db.run("UPDATE modelarts_job SET document = ? WHERE id = ?", json.dumps(asdict(job)), job.id)


def forget(db: Db, job_id: str) -> None:
    """It is no more, nor what was remembered about it."""
    db.run("DELETE FROM modelarts_job WHERE id = ?", job_id)


def find(db: Db, job_id: str) -> Job | None:
    """A job, whoever's; None when there is none."""
    row = db.one("SELECT document FROM modelarts_job WHERE id = ?", job_id)
    return None if row is None else _read(row)


def every(db: Db, project_id: str | None = None) -> list[Job]:
    """All of a project, or of the whole cloud, oldest first."""
    rows = db.all(
        "SELECT document FROM modelarts_job WHERE ? IS NULL OR project_id = ? ORDER BY created, id",
        project_id,
        project_id,
    )
    return [_read(row) for row in rows]


def _read(row: Row) -> Job:
    return Job(**json.loads(row["document"]))


def named(call: Call, job_id: str | None = None) -> Job:
    """The job of an id or of a call's path, in a workspace that the caller may use.

    Raises:
        CloudError: there is none.
    """
    asked = job_id or call.params["training_job_id"]
    job = find(call.db, asked)
    if job is None or job.project_id != call.project_id or job.workspace_id not in visible(call):
        raise refusal("2775", asked)
    return job


def task_of(call: Call, job: Job) -> str:
    """The task of a call's path.

    Raises:
        CloudError: the job has none of this name.
    """
    task = call.params["task_id"]
    if task not in job.tasks:
        raise refusal("2788", f"task_id {task}")
    return task


def tell(db: Db, job_id: str, at: int, message: str, level: Level = "Info") -> None:
    """Remember an event."""
    db.run(
        "INSERT INTO modelarts_job_event (job_id, at, level, message, source)"
        " VALUES (?, ?, ?, ?, ?)",
        job_id,
        at,
        level,
        message[:2000],
        SOURCE,
    )
