"""How a training job looks on the wire (``JobResponse``)."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.modelarts.catalog import FLAVORS
from modelarts_nb.localcloud.modelarts.tables import pool_name
from modelarts_nb.localcloud.modelarts.training import catalog
from modelarts_nb.localcloud.modelarts.training.jobs import Job
from modelarts_nb.localcloud.store import Db
from modelarts_nb.localcloud.web.call import Call


def shown(call: Call, job: Job) -> dict[str, Any]:
    """The job for its caller."""
    return rendered(call.db, job, int(call.cloud.now() * 1000))


def rendered(db: Db, job: Job, now: int) -> dict[str, Any]:
    """The job as JSON.

    Args:
        db: for names.
        job: the job.
        now: milliseconds since the epoch.
    """
    found: dict[str, Any] = {
        "kind": job.kind,
        "metadata": {
            "id": job.id,
            "name": job.name,
            "workspace_id": job.workspace_id,
            "description": job.description,
            "create_time": job.created,
            "user_name": job.user_name,
            "annotations": job.annotations,
        },
        "status": _status(job, now),
        # `environments` is a map as it was asked for; the SDK's model makes a list of it.
        "algorithm": {key: value for key, value in job.algorithm.items() if value},
        "spec": _spec(db, job),
        "endpoints": {},
    }
    if job.pairs:
        found["endpoints"] = {"ssh": {"key_pair_names": job.pairs, "task_urls": _urls(job)}}
    return found


def _status(job: Job, now: int) -> dict[str, Any]:
    duration = (job.ended or now) - job.started if job.started else 0
    return {
        "phase": job.phase,
        "secondary_phase": job.secondary,
        "duration": max(0, duration),
        "node_count_metrics": [[job.started, job.nodes]] if job.started else [],
        "tasks": job.tasks,
        "start_time": job.started,
        "task_statuses": job.statuses,
        "running_records": job.records,
    }


def _urls(job: Job) -> list[dict[str, str]]:
    if not job.listening:
        return []
    return [
        {"task": task, "url": f"ssh://ma-user@127.0.0.1:{job.ports[task]}"}
        for task in job.tasks
        if task in job.ports
    ]


def _spec(db: Db, job: Job) -> dict[str, Any]:
    resource: dict[str, Any] = {"policy": "regular", "node_count": job.nodes}
    if job.pool_id:
        resource |= {"pool_id": job.pool_id, "pool_name": pool_name(db, job.pool_id)}
    elif job.flavor_id:
        resource |= {
            "flavor_id": job.flavor_id,
            "flavor_name": job.flavor_id,
            "flavor_detail": catalog.detail(FLAVORS[job.flavor_id]),
        }
    spec: dict[str, Any] = {"resource": resource, "volumes": [_volume(v) for v in job.volumes]}
    if job.log_export:
        spec["log_export_path"] = {"obs_url": job.log_export}
    return spec


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    return {"nfs": {key: value for key, value in volume.items() if key != "folder"}}
