"""Beginning and end of training jobs with the local cloud, and their deletion."""

from __future__ import annotations

import logging
import os
from functools import partial

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.training import demo, kubeconfig
from modelarts_nb.localcloud.modelarts.training.jobs import ENDED, Job, every, find
from modelarts_nb.localcloud.modelarts.training.running import Run, change, next_stage, now_of
from modelarts_nb.localcloud.modelarts.training.runtime import identity_of, training
from modelarts_nb.localcloud.plane.errors import PlaneError
from modelarts_nb.localcloud.plane.processes import end_processes
from modelarts_nb.localcloud.plane.training.identity import TaskFolders

log = logging.getLogger("localcloud")


def begin_run(cloud: Cloud, job_id: str) -> None:
    """Run a job in the background."""
    cloud.in_background(lambda: perform(cloud, job_id))


def perform(cloud: Cloud, job_id: str) -> None:
    """Run a job to its end; one that was deleted meanwhile leaves nothing behind."""
    Run(cloud, job_id).perform()
    with cloud.store.read() as db:
        deleted = find(db, job_id) is None
    if deleted:
        sweep(cloud)


def sweep(cloud: Cloud) -> None:
    """Delete the folders of tasks whose job is no more."""
    below = runtime(cloud).folder / TaskFolders.KIND
    with training(cloud).sweeping:
        names = sorted(os.listdir(below)) if below.is_dir() else []
        # Looked up after the folders: a job is remembered before it has one.
        with cloud.store.read() as db:
            known = {f"{job.id}-{task}" for job in every(db) for task in job.tasks}
        for name in names:
            # A job that is under way has its own removed when it has ended.
            if (
                name not in known
                and name.rpartition("-worker-")[0] not in training(cloud).mailboxes
            ):
                _remove(cloud, name)


def _remove(cloud: Cloud, name: str) -> None:
    try:
        folders = TaskFolders(runtime(cloud).folder, runtime(cloud).identity, name)
        training(cloud).forget_logs(folders)
        folders.remove()
    except (PlaneError, OSError) as error:
        log.warning("the folder of task %s stays: %s", name, error)


@SERVICE.at_start
def begin(cloud: Cloud) -> None:
    """Open the cluster's API; end what the last life left running; go on with what can go on."""
    kubeconfig.open_cluster(cloud)
    demo.make(cloud)
    with cloud.store.read() as db:
        jobs = every(db)
    for job in jobs:
        if job.phase not in ENDED:
            _pick_up(cloud, job)
    cloud.in_background(partial(sweep, cloud))


def _pick_up(cloud: Cloud, job: Job) -> None:
    """Processes do not outlive the local cloud, however it ended: for a job that is a lost node."""
    for task in job.tasks:
        try:
            end_processes(identity_of(cloud, job, task).marker, grace=0)
        except PlaneError as error:
            log.warning("job %s: %s", job.id, error)
    now = now_of(cloud)
    if job.phase == "Terminating":
        change(
            cloud,
            job.id,
            partial(_ended, now, "Terminated", "Terminated"),
            "The training job was stopped.",
        )
        return
    if job.phase in {"Creating", "Pending"}:
        begin_run(cloud, job.id)
        return
    lost = "The local cloud ended while the training job ran, and its processes with it"
    if job.runs < job.retries():
        words = f"{lost}: it is run again (fault-tolerance/job-unconditional-retry)."
        change(cloud, job.id, partial(_again, now), words, "Warning")
        begin_run(cloud, job.id)
        return
    change(cloud, job.id, partial(_ended, now, "Abnormal", "Lost"), f"{lost}.", "Error")


def _ended(now: int, phase: str, secondary: str, job: Job) -> None:
    job.become(phase, secondary)
    job.ended, job.listening = now, False
    _end_record(job, now)
    next_stage(job, "end", now)


def _again(now: int, job: Job) -> None:
    job.become("Pending", "Queuing")
    job.runs += 1
    job.listening = False
    _end_record(job, now, "job_reschedule")


def _end_record(job: Job, now: int, recover: str = "") -> None:
    if job.records and "end_at" not in job.records[-1]:
        job.records[-1] |= {"end_at": now // 1000, "end_reason": "The node was lost."}
        if recover:
            job.records[-1]["end_recover"] = recover


@SERVICE.at_stop
def end(cloud: Cloud) -> None:
    """End every process and connection of every job; what is remembered stays."""
    kubeconfig.close_cluster(cloud)
    training(cloud).stop()
