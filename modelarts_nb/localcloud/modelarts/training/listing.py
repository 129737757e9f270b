"""Searching training jobs: filters, order, pages (``JobSearches`` of the SDK)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.tables import pool_name
from modelarts_nb.localcloud.modelarts.training.jobs import Job, every
from modelarts_nb.localcloud.modelarts.training.view import shown
from modelarts_nb.localcloud.modelarts.workspaces import visible
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields

_SORT: dict[str, Callable[[Job], Any]] = {
    "create_time": lambda job: job.created,
    "name": lambda job: job.name,
    "status": lambda job: job.phase,
    "phase": lambda job: job.phase,
    "duration": lambda job: (job.ended - job.started) if job.ended else 0,
    "user_name": lambda job: job.user_name,
}
_KEYS: dict[str, Callable[[Call, Job], Any]] = {
    "id": lambda _call, job: job.id,
    "name": lambda _call, job: job.name,
    "phase": lambda _call, job: job.phase,
    "status": lambda _call, job: job.phase,
    "kind": lambda _call, job: job.kind,
    "user_name": lambda _call, job: job.user_name,
    "create_time": lambda _call, job: job.created,
    "pool_id": lambda _call, job: job.pool_id,
    "pool_name": lambda call, job: pool_name(call.db, job.pool_id) if job.pool_id else "",
    "description": lambda _call, job: job.description,
}


@SERVICE.route("POST", "/v2/{project_id}/training-job-searches", action="modelarts:trainJob:list")
def list_training_jobs(call: Call) -> Any:
    """The jobs of one workspace that fit; ``offset`` counts pages, as the reference says."""
    body = call.body() if call.request.body else {}
    fields = Fields(body)
    workspace = fields.text("workspace_id", "0", most=64)
    limit, offset = fields.number("limit", 10, most=2**31), fields.number("offset", 0, most=2**31)
    if not 1 <= limit <= 50:
        raise refusal("2764", f"limit {limit}")
    key = fields.text("sort_by", "create_time", most=64) or "create_time"
    order = fields.text("order", "desc", most=8) or "desc"
    if key not in _SORT or order not in {"asc", "desc"}:
        raise refusal("2790", f"{key} {order}")
    if fields.objects("tags") or fields.texts("host_ips"):
        raise refusal("2807", "tags or host_ips")
    kind = fields.text("train_type", "", most=16)
    tests = [_filter(entry) for entry in fields.objects("filters", most=20)]
    found = [
        job
        for job in every(call.db, call.project_id)
        if job.workspace_id == workspace
        and job.workspace_id in visible(call)
        and kind != "ftjob"
        and all(test(call, job) for test in tests)
    ]
    found.sort(key=_SORT[key], reverse=order == "desc")
    items = [shown(call, job) for job in found[offset * limit : (offset + 1) * limit]]
    return {
        "total": len(found),
        "count": len(items),
        "limit": limit,
        "offset": offset,
        "sort_by": key,
        "order": order,
        "group_by": "",
        "workspace_id": workspace,
        "ai_project": "",
        "items": items,
    }


def _filter(entry: Fields) -> Callable[[Call, Job], bool]:
    key, operator = entry.text("key", most=64), entry.text("operator", most=16)
    values = entry.texts("value", most=100)
    if key not in _KEYS:
        raise refusal("2807", key)
    look = _KEYS[key]
    if operator == "like":
        return lambda call, job: any(
            v.casefold() in str(look(call, job)).casefold() for v in values
        )
    if operator == "in":
        return lambda call, job: str(look(call, job)) in values
    if operator == "not":
        return lambda call, job: str(look(call, job)) not in values
    if operator == "between" and key == "create_time" and len(values) == 2:
        if not all(v.isascii() and v.isdigit() and len(v) <= 15 for v in values):
            raise refusal("2809", ", ".join(values))
        least, most = map(int, values)
        return lambda call, job: least <= look(call, job) <= most
    raise refusal("2808", f"{operator} of {key}")
