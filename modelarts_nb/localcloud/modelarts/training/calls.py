"""Creating, showing, changing, stopping and deleting training jobs."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from modelarts_nb.localcloud.modelarts import keypairs
from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.pools import pool_row
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.training import jobs, life, request
from modelarts_nb.localcloud.modelarts.training.jobs import Job, named
from modelarts_nb.localcloud.modelarts.training.running import now_of
from modelarts_nb.localcloud.modelarts.training.runtime import Message, training
from modelarts_nb.localcloud.modelarts.training.view import shown
from modelarts_nb.localcloud.modelarts.workspaces import enter
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import Reply
from modelarts_nb.localcloud.web.service import ASKED_INSIDE

_ALL = "/v2/{project_id}/training-jobs"
_ONE = _ALL + "/{training_job_id}"
MOST = 100  # jobs of a project that have not ended


@SERVICE.route("POST", _ALL, action=ASKED_INSIDE)
def create_training_job(call: Call) -> Any:
    """A new job, which starts at once."""
    body = call.body()
    fields = Fields(body)
    spec = fields.object("spec") if fields.has("spec") else Fields({}, "spec")
    resource = spec.object("resource")
    pool_id = resource.text("pool_id", "", most=64)
    context = {"modelarts:poolType": "dedicated" if pool_id else "public"}
    if pool_id:
        context["modelarts:poolId"] = pool_id
    call.require(request.ACTION, context)
    metadata = fields.object("metadata")
    if fields.choice("kind", *_KINDS, default="job") != "job" or fields.objects("tasks"):
        raise refusal("2788", "the local cloud runs jobs of kind job only")
    workspace_id = metadata.text("workspace_id", "0", most=64)
    enter(call, workspace_id)
    if pool_id:
        pool_row(call, pool_id)
    need_agency(call, call.caller.user_id, "a training job")
    name = metadata.text("name", pattern=request.NAME, most=64)
    _need_room(call, name)
    flavor_id, nodes = request.resource(resource, pool_id)
    job = Job(
        id=str(uuid.uuid4()),
        project_id=call.project_id,
        domain_id=call.caller.domain_id,
        user_id=keypairs.user_of(call.caller),
        user_name=call.caller.user_name,
        name=name,
        created=now_of(call.cloud),
        description=metadata.text("description", "", most=256),
        workspace_id=workspace_id,
        annotations=request.annotation_texts(metadata),
        algorithm=_algorithm(call, fields, body),
        flavor_id=flavor_id,
        nodes=nodes,
        pool_id=pool_id,
        volumes=request.volumes(call, spec, pool_id),
        log_export=request.log_export(call, spec),
        stop_after=request.stop_after(spec),
        pairs=request.pairs(call, fields.raw_object("endpoints"))
        if fields.has("endpoints")
        else [],
    )
    jobs.add(call.db, job)
    jobs.tell(call.db, job.id, job.created, "The training job was created.")
    call.afterwards(partial(life.perform, call.cloud, job.id))
    return Reply(201, shown(call, job))


_KINDS = (
    *("job", "federated_pool_job", "edge_job", "hetero_job", "mrs_job", "autosearch_job"),
    *("diag_job", "visualization_job"),
)


def _algorithm(call: Call, fields: Fields, body: dict[str, Any]) -> dict[str, Any]:
    return request.algorithm(call, fields.object("algorithm"), body["algorithm"])


def _need_room(call: Call, name: str) -> None:
    theirs = jobs.every(call.db, call.project_id)
    if any(job.name == name for job in theirs):
        raise refusal("2751", name)
    if sum(job.phase not in jobs.ENDED for job in theirs) >= MOST:
        raise refusal("2815", f"{MOST} training jobs at a time")


@SERVICE.route("GET", _ONE, action="modelarts:trainJob:get")
def show_training_job(call: Call) -> Any:
    """One job."""
    return shown(call, named(call))


@SERVICE.route("GET", _ONE + "/tasks", action="modelarts:trainJob:get")
def list_tasks(call: Call) -> Any:
    """The tasks of a job and where they run; a bare list. All tasks are this machine."""
    job = named(call)
    wanted = call.request.number("schedule_count", 0)
    times = range(1, job.runs + 2) if not wanted else [wanted]
    return [
        {
            "task": task,
            "ip": "127.0.0.1" if job.started else "",
            "host_ip": "127.0.0.1" if job.started and job.pool_id else "",
            "schedule_count": count,
        }
        for task in job.tasks
        for count in times
        if count <= job.runs + 1
    ]


@SERVICE.route("PUT", _ONE, action="modelarts:trainJob:update")
def change_description(call: Call) -> Any:
    """Another description; nothing else of a job can be changed here."""
    job, fields = named(call), Fields(call.body())
    job.description = fields.object("metadata").text("description", "", most=256)
    jobs.save(call.db, job)
    return shown(call, job)


@SERVICE.route("POST", _ONE + "/actions", action="modelarts:trainJob:update")
def stop_training_job(call: Call) -> Any:
    """Stop a job. Which right that takes is not public; it is the one to change a job."""
    job = named(call)
    action = Fields(call.body()).text("action_type", most=32)
    if action not in {"terminate", "restart"}:
        raise refusal("2788", "action_type must be terminate or restart")
    if action == "restart":
        raise refusal("2812", action)
    if job.phase not in jobs.STOPPABLE:
        raise refusal("2813", f"{job.name} is {job.phase}")
    job.become("Terminating")
    jobs.save(call.db, job)
    jobs.tell(call.db, job.id, now_of(call.cloud), "The training job is being stopped.")
    call.afterwards(partial(training(call.cloud).post, job.id, Message("stop")))
    return Reply(202, shown(call, job))


@SERVICE.route("DELETE", _ONE, action="modelarts:trainJob:delete")
def delete_training_job(call: Call) -> Any:
    """Delete a job with all that is known of it; one that runs is stopped, as for Terraform."""
    _delete(call, named(call))
    return Reply(202)


@SERVICE.route("POST", _ALL + "/batch-delete", action="modelarts:trainJob:delete")
def batch_delete(call: Call) -> Any:
    """Delete several jobs; all of them or none."""
    for item in Fields(call.body()).objects("jobs", least=1, most=50):
        _delete(call, named(call, item.object("metadata").text("id", most=64)))
    return Reply(202)


def _delete(call: Call, job: Job) -> None:
    jobs.forget(call.db, job.id)

    def leave_nothing() -> None:
        training(call.cloud).post(job.id, Message("stop"))
        life.sweep(call.cloud)

    call.afterwards(leave_nothing)


@SERVICE.route(
    "GET", "/v2/{project_id}/training-job-names", action="modelarts:trainJob:list"
)  # fmt: skip
def validate_name(call: Call) -> Any:
    """Whether a name is free."""
    name = call.request.get("job_name") or ""
    return {"is_duplicate": any(j.name == name for j in jobs.every(call.db, call.project_id))}
