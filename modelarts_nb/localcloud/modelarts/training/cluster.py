"""Pods of training jobs, and who may enter them: the rules of Cloud Shell (seed 2.3.5).

Only jobs in a dedicated pool, only while they run, only with ``modelarts:trainJob:exec``.
"""

from __future__ import annotations

import hmac

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.training.jobs import Job, every
from modelarts_nb.localcloud.modelarts.training.records import stamp
from modelarts_nb.localcloud.modelarts.training.runtime import (
    CONTAINER,
    NAMESPACE,
    identity_of,
    pod_name,
    training,
)
from modelarts_nb.localcloud.plane.exec.cluster import Pod, Refusal
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.store import Db
from modelarts_nb.localcloud.web.call import Caller

EXEC = "modelarts:trainJob:exec"
_PHASES = {
    "Creating": "Pending",
    "Pending": "Pending",
    "Running": "Running",
    "Terminating": "Running",
    "Completed": "Succeeded",
}


class TrainingCluster:
    """The cluster of one local cloud.

    Args:
        cloud: where.
    """

    namespace = NAMESPACE

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def user_of(self, token: str) -> str | None:
        """See ``plane.exec.cluster.Cluster``."""
        known = training(self._cloud).tokens.items()
        given = token.encode()
        return next((u for t, u in known if hmac.compare_digest(t.encode(), given)), None)

    def pods(self, user: str) -> list[Pod]:
        """The pods of the project's jobs, for who may list jobs."""
        with self._cloud.store.read() as db:
            seen = [
                job
                for job in every(db)
                if (caller := self._caller(db, user, job))
                and self._cloud.decide(db, caller, "modelarts:trainJob:get", {}, "*").allowed
            ]
        return [_pod(job, task) for job in seen for task in job.tasks]

    def enter(self, user: str, pod: str, container: str) -> Identity:
        """See ``plane.exec.cluster.Cluster``. The rules in this order, each with its own words."""
        with self._cloud.store.read() as db:
            found = next(
                (
                    (job, task)
                    for job in every(db)
                    for task in job.tasks
                    if pod_name(job.id, task) == pod and self._caller(db, user, job)
                ),
                None,
            )
            if found is None:
                raise Refusal(404, "NotFound", f'pods "{pod}" not found')
            job, task = found
            caller = self._caller(db, user, job)
            allowed = caller is not None and self._cloud.decide(db, caller, EXEC, {}, "*").allowed
        if not allowed:
            raise Refusal(
                403,
                "Forbidden",
                f'pods "{pod}" is forbidden: User "{user}" cannot create resource "pods/exec": '
                f"the action {EXEC} is not allowed",
            )
        if not job.pool_id:
            raise Refusal(
                403,
                "Forbidden",
                f'pods "{pod}" is forbidden: the training job runs in the public resource pool, '
                "and exec is offered in dedicated resource pools only",
            )
        if job.phase != "Running":
            raise Refusal(
                400,
                "BadRequest",
                f"cannot exec into a container of a training job that is not running; "
                f"current phase is {job.phase}",
            )
        if container not in {"", CONTAINER}:
            raise Refusal(400, "BadRequest", f"container {container} is not valid for pod {pod}")
        return identity_of(self._cloud, job, task, alive=True)

    def fault(self, name: str) -> bool:
        """See ``plane.exec.cluster.Cluster``."""
        return self._cloud.faults.event(name) is not None

    def _caller(self, db: Db, user: str, job: Job) -> Caller | None:
        """The user of an id, in the project of a job; None where the job is another account's."""
        row = db.one(
            "SELECT name, domain_id FROM iam_user WHERE id = ? AND domain_id = ?",
            user,
            job.domain_id,
        )
        if row is None:
            return None
        return Caller("user", row["domain_id"], user, row["name"], "", project_id=job.project_id)


def _pod(job: Job, task: str) -> Pod:
    name = pod_name(job.id, task)
    ready = job.phase == "Running"
    labels = {
        "modelarts/job-id": job.id,
        "modelarts/job-name": job.name,
        "modelarts/task": task,
    }
    document = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": name,
            "creationTimestamp": stamp(job.created),
            "labels": labels,
            "annotations": {"kubectl.kubernetes.io/default-container": CONTAINER},
        },
        "spec": {"containers": [{"name": CONTAINER, "image": _image(job)}], "nodeName": "local"},
        "status": {
            "phase": _PHASES.get(job.phase, "Failed"),
            "hostIP": "127.0.0.1",
            "podIP": "127.0.0.1",
            "containerStatuses": [
                {
                    "name": CONTAINER,
                    "image": _image(job),
                    "imageID": "",
                    "ready": ready,
                    "started": ready,
                    "restartCount": job.runs,
                }
            ],
        },
    }
    return Pod(name, document)


def _image(job: Job) -> str:
    engine = job.algorithm.get("engine", {})
    return str(engine.get("image_url") or engine.get("engine_id") or "")
