"""What lives only as long as the process: jobs under way, logs that are being read, ``exec``."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.modelarts.training.jobs import Job
from modelarts_nb.localcloud.plane.training.identity import TaskFolders, TaskIdentity
from modelarts_nb.localcloud.plane.training.keeper import VARIABLE, Keeper
from modelarts_nb.localcloud.plane.training.logfile import LogFile

if TYPE_CHECKING:
    from modelarts_nb.localcloud.plane.exec.server import ExecServer

_PATIENCE = 10.0  # seconds for jobs to end with the cloud
NAMESPACE = "modelarts"
CONTAINER = "modelarts-training"


@dataclass(frozen=True)
class Message:
    """What a job under way is told: a task has ended, or it is to stop, or the cloud stops."""

    kind: Literal["ended", "stop", "cloud"]
    task: str = ""
    exit_code: int = 0


Mailbox = SimpleQueue[Message]


@dataclass
class Training:
    """One per running cloud. ``metrics``: seconds between two measurements."""

    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    logs: dict[Path, LogFile] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    server: ExecServer | None = None
    metrics: float = 10.0
    keeper: Keeper | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    idle: threading.Condition = field(default_factory=threading.Condition)
    sweeping: threading.Lock = field(default_factory=threading.Lock)

    def mailbox(self, job_id: str) -> Mailbox:
        """Where a job under way hears what it is told; made by who asks first."""
        with self.lock:
            return self.mailboxes.setdefault(job_id, SimpleQueue())

    def post(self, job_id: str, message: Message) -> None:
        """Tell a job under way something; one that is not is told nothing."""
        with self.lock:
            found = self.mailboxes.get(job_id)
        if found is not None:
            found.put(message)

    def gone(self, job_id: str) -> None:
        """It is not under way any more."""
        with self.lock:
            self.mailboxes.pop(job_id, None)
        with self.idle:
            self.idle.notify_all()

    def token(self) -> str:
        """What processes carry that are to end with this process, however it ends."""
        with self.lock:
            if self.keeper is None:
                self.keeper = Keeper()
            return self.keeper.token

    def stop(self) -> None:
        """Tell every job that the cloud stops, and wait until nothing of them runs."""
        for job_id in list(self.mailboxes):
            self.post(job_id, Message("cloud"))
        with self.idle:
            ended = self.idle.wait_for(lambda: not self.mailboxes, _PATIENCE)
        if self.keeper is not None and ended:
            self.keeper.close()
            self.keeper = None

    def log(self, folders: TaskFolders) -> LogFile:
        """The log of a task, with what is known of it from earlier reads."""
        with self.lock:
            return self.logs.setdefault(folders.log, LogFile(folders.log))

    def forget_logs(self, folders: TaskFolders) -> None:
        """The task is deleted."""
        with self.lock:
            self.logs.pop(folders.log, None)


_trainings: WeakKeyDictionary[Cloud, Training] = WeakKeyDictionary()
_making = threading.Lock()


def training(cloud: Cloud) -> Training:
    """The one of this cloud."""
    with _making:
        return _trainings.setdefault(cloud, Training())


def pod_name(job_id: str, task: str) -> str:
    """What a task's pod is called (facts 3.2)."""
    return f"ma-job-{job_id}-{task}"


def hosts(job: Job) -> tuple[str, ...]:
    """How the tasks of a job find each other; here all are this machine."""
    return tuple(f"{pod_name(job.id, task)}.ma-job-{job.id}" for task in job.tasks)


def identity_of(cloud: Cloud, job: Job, task: str, *, alive: bool = False) -> TaskIdentity:
    """A task for the data plane; ``alive``: processes are to be started in it."""
    found = runtime(cloud)
    volumes = tuple((volume["local_path"], Path(volume["folder"])) for volume in job.volumes)
    folders = TaskFolders(found.folder, found.identity, f"{job.id}-{task}", volumes=volumes)
    extra = {VARIABLE: training(cloud).token()} if alive else {}
    return TaskIdentity(folders, job.project_id, extra, pod=pod_name(job.id, task))
