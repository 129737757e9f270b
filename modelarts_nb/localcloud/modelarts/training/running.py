"""A job from its creation to its end, in a thread of its own that waits for messages.

Creating, Pending (queuing, then preparing), Running, and then Completed, Failed or Terminated. What
is remembered changes in short transactions; the work between them holds none.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.keypairs import public_keys
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.modelarts.training import preparing
from modelarts_nb.localcloud.modelarts.training.jobs import ENDED, Job, Level, find, save, tell
from modelarts_nb.localcloud.modelarts.training.runtime import Message, identity_of, training
from modelarts_nb.localcloud.plane.errors import PlaneError
from modelarts_nb.localcloud.plane.processes import end_processes
from modelarts_nb.localcloud.plane.training.identity import TaskIdentity
from modelarts_nb.localcloud.plane.training.process import exit_code, start
from modelarts_nb.localcloud.plane.training.usage import Meter
from modelarts_nb.localcloud.web.problem import CloudError

log = logging.getLogger("localcloud")

_TROUBLE = (PlaneError, CloudError, OSError)
_KILLED = 137
_MOMENT = 0.5
_LAST_WORDS = 5.0  # seconds until the exit codes of killed processes are known


def now_of(cloud: Cloud) -> int:
    """Now, as the API says times."""
    return int(cloud.now() * 1000)


def change(
    cloud: Cloud,
    job_id: str,
    act: Callable[[Job], None],
    event: str = "",
    level: Level = "Info",
) -> Job | None:
    """Change a job in a transaction of its own and say so; None when it was deleted."""
    with cloud.store.write() as db:
        job = find(db, job_id)
        if job is not None:
            act(job)
            save(db, job)
            if event:
                tell(db, job_id, now_of(cloud), event, level)
        return job


class Stopped(Exception):
    """The job is not to go on: it was stopped or deleted."""


class CloudStops(Exception):
    """The local cloud ends; what is remembered stays as it is."""


class Run:
    """One run of one job.

    Args:
        cloud: where.
        job_id: which.
    """

    def __init__(self, cloud: Cloud, job_id: str) -> None:
        self._cloud = cloud
        self._id = job_id
        self._mail = training(cloud).mailbox(job_id)
        self._identities: dict[str, TaskIdentity] = {}
        self._codes: dict[str, int] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def perform(self) -> None:
        """Go through all phases; returns when nothing of the job runs any more."""
        try:
            # The mailbox is there by now: who stops the cloud later finds it.
            if self._cloud.stopping.is_set():
                raise CloudStops
            self._go()
        except CloudStops:
            self._end_processes()
        except Stopped:
            self._end_processes()
            self._finish("Terminated", "The training job was stopped.")
        except _TROUBLE as error:
            self._end_processes()
            words = error.message if isinstance(error, CloudError) else str(error)
            self._finish("Failed", f"The training job failed: {words}", "Error")
        except Exception:
            log.exception("training job %s", self._id)
            self._end_processes()
            self._finish("Failed", "The local cloud has a fault of its own; see its log.", "Error")
        finally:
            training(self._cloud).gone(self._id)

    def _go(self) -> None:
        pace = runtime(self._cloud).pace
        self._pause(pace.creating / 2)
        self._begin_stage("scheduling", "Pending", "Queuing", "The training job is queuing.")
        self._pause(pace.creating / 2)
        job = self._begin_stage(
            "preparing", "Pending", "Creating", "Resources are there; the containers are prepared."
        )
        for task in job.tasks:
            self._identities[task] = identity_of(self._cloud, job, task, alive=True)
            # What an earlier life left running would write into the fresh home.
            end_processes(self._identities[task].marker, grace=0)
            preparing.prepare(self._cloud, job, self._identities[task])
            self._hear(block=False)
        self._start(job)
        self._attend(job)

    def _begin_stage(self, name: str, phase: str, secondary: str, event: str) -> Job:
        now = now_of(self._cloud)

        def begin(job: Job) -> None:
            if job.phase in {*ENDED, "Terminating"}:
                raise Stopped
            job.become(phase, secondary)
            next_stage(job, name, now)

        job = change(self._cloud, self._id, begin, event)
        if job is None:
            raise Stopped
        return job

    def _start(self, job: Job) -> None:
        ports = {task: self._listen(job, task) for task in job.tasks} if job.pairs else {}
        now = now_of(self._cloud)
        for index, task in enumerate(job.tasks):
            identity = self._identities[task]
            child = start(
                identity.folders,
                preparing.command(job, identity.folders),
                preparing.variables(self._cloud, job, identity, index),
                preparing.folder(job, identity.folders),
            )
            self._children[task] = child
            threading.Thread(target=self._wait, args=(task, child), daemon=True).start()

        def running(job: Job) -> None:
            if job.phase == "Terminating":
                raise Stopped
            job.become("Running")
            job.started = job.started or now
            job.ports, job.listening = ports, bool(ports)
            job.records.append({"start_at": now // 1000, "start_type": "init_or_rescheduled"})
            next_stage(job, "running", now)

        if change(self._cloud, self._id, running, "The training job is running.") is None:
            raise Stopped

    def _listen(self, job: Job, task: str) -> int:
        def keys() -> list[str]:
            with self._cloud.store.read() as db:
                return public_keys(db, job.project_id, job.user_id, job.pairs)

        port = job.ports.get(task, 0)
        return runtime(self._cloud).ssh.open(self._identities[task], keys, port=port)

    def _wait(self, task: str, child: subprocess.Popen[bytes]) -> None:
        self._mail.put(Message("ended", task, exit_code(child.wait())))

    def _attend(self, job: Job) -> None:
        """Wait for all tasks, measure them meanwhile."""
        meters = {task: Meter(found.marker) for task, found in self._identities.items()}
        until = job.stop_after and job.stop_after + now_of(self._cloud)
        next_look = time.monotonic() + training(self._cloud).metrics
        while len(self._codes) < job.nodes:
            self._hear(max(0.0, next_look - time.monotonic()))
            if any(self._codes.values()):
                break
            if time.monotonic() >= next_look:
                next_look += training(self._cloud).metrics
                self._measure(meters)
            if until and now_of(self._cloud) >= until:
                self._say("The training job has run as long as it may (auto_stop).", "Warning")
                raise Stopped
        failed = {task: code for task, code in self._codes.items() if code}
        self._end_processes()
        for task in job.tasks:
            preparing.bring_home(self._cloud, job, self._identities[task])
        if failed:
            task, code = next(iter(failed.items()))
            words = f"The training job failed: {task} ended with exit code {code}."
            self._finish("Failed", words, "Error", failed=task)
        else:
            self._finish("Completed", "The training job is completed.")

    def _measure(self, meters: dict[str, Meter]) -> None:
        measured = {task: meter.measure() for task, meter in meters.items()}
        with self._cloud.store.write() as db:
            if find(db, self._id) is None:
                return
            for task, usage in measured.items():
                db.run(
                    "INSERT INTO modelarts_job_metric (job_id, task, cpu, memory)"
                    " VALUES (?, ?, ?, ?)",
                    self._id,
                    task,
                    usage.cpu,
                    usage.memory,
                )

    def _hear(self, seconds: float | None = None, *, block: bool = True) -> None:
        """Take the next message, if one comes in time.

        Raises:
            Stopped, CloudStops: it says so.
        """
        try:
            message = self._mail.get(block, seconds)
        except Empty:
            return
        if message.kind == "stop":
            raise Stopped
        if message.kind == "cloud":
            raise CloudStops
        self._codes[message.task] = message.exit_code

    def _pause(self, seconds: float) -> None:
        self._hear(seconds, block=seconds > 0)

    def _end_processes(self) -> None:
        """Hang up every session, close the endpoints, end every process of every task.

        How the training processes ended is known afterwards.
        """
        grace = runtime(self._cloud).grace
        for identity in self._identities.values():
            runtime(self._cloud).ssh.close(identity.folders.notebook)
        self._end_marked(grace)
        until = time.monotonic() + _LAST_WORDS
        while not self._all_ended(_MOMENT) and time.monotonic() < until:
            # A process that has just begun cannot be seen yet by what it carries.
            for task in self._children.keys() - self._codes.keys():
                self._children[task].kill()
            self._end_marked(0)

    def _end_marked(self, grace: float) -> None:
        for identity in self._identities.values():
            try:
                end_processes(identity.marker, grace=grace)
            except PlaneError as error:
                self._say(str(error), "Error")

    def _all_ended(self, seconds: float) -> bool:
        """Whether it is known of every training process how it ended, in this time."""
        until = time.monotonic() + seconds
        while len(self._codes) < len(self._children):
            try:
                message = self._mail.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                return False
            if message.kind == "ended":
                self._codes[message.task] = message.exit_code
        return True

    def _say(self, event: str, level: Level) -> None:
        with self._cloud.store.write() as db:
            if find(db, self._id) is not None:
                tell(db, self._id, now_of(self._cloud), event, level)

    def _finish(self, phase: str, event: str, level: Level = "Info", failed: str = "") -> None:
        now = now_of(self._cloud)

        def finished(job: Job) -> None:
            job.become(phase)
            job.ended, job.listening = now, False
            job.statuses = self._statuses(job)
            if job.records and "end_at" not in job.records[-1]:
                reason = {"end_reason": phase, **({"end_related_task": failed} if failed else {})}
                job.records[-1] |= {"end_at": now // 1000, **reason}
            next_stage(job, "end", now)

        change(self._cloud, self._id, finished, event, level)

    def _statuses(self, job: Job) -> list[dict[str, Any]]:
        """How the tasks ended; one that cannot even be killed counts as killed."""
        codes = {task: self._codes.get(task, _KILLED) for task in job.tasks if self._children}
        return [
            {
                "task": task,
                "exit_code": code,
                "message": f"The process ended with exit code {code}." if code else "",
            }
            for task, code in codes.items()
        ]


def next_stage(job: Job, name: str, now: int) -> None:
    """End the current stage of a job and begin the next; ``scheduling`` begins another run."""
    if name == "scheduling" or not job.stages:
        job.stages.append([])
    current = job.stages[-1]
    if current:
        current[-1]["end"] = now
    current.append({"name": name, "start": now, "end": now if name == "end" else 0})
