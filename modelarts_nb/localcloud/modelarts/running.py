"""Start, stop, lease."""

from __future__ import annotations

from functools import partial
from typing import Any

from modelarts_nb.localcloud.modelarts import keypairs, lifecycle, notebooks, request
from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.notebooks import named
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.view import lease as shown_lease
from modelarts_nb.localcloud.modelarts.view import shown
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields

_ONE = "/v1/{project_id}/notebooks/{id}"
_NOT_TO_START = {
    "RUNNING": "6305",
    "INIT": "6306",
    "CREATING": "6306",
    "STARTING": "6306",
    "STOPPING": "6308",
    "CREATE_FAILED": "6333",
}
_NOT_TO_STOP = {"STOPPED": "6307", "STOPPING": "6308"}


@SERVICE.route("POST", _ONE + "/start", action="modelarts:notebook:start")
def start_notebook(call: Call) -> Any:
    """Start a notebook; query ``duration`` in milliseconds and ``type``."""
    notebook = named(call)
    if notebook.status not in {"STOPPED", "START_FAILED", "ERROR"}:
        code = _NOT_TO_START.get(notebook.status)
        raise refusal(code, notebook.id) if code else refusal("6357", notebook.status)
    need_agency(call, notebook.user_id, "a notebook")
    if notebook.ssh is not None:
        keypairs.need(call, notebook.ssh["key_pair_names"])
    query = Fields(_lease_query(call))
    notebook.lease_asked, notebook.lease_type = request.lease(query, never=True)
    now = lifecycle.milliseconds(call.cloud)
    notebook.renew(now, notebook.lease_asked)
    notebook.status, notebook.fail_reason = "STARTING", ""
    notebook.pairs = notebook.ssh["key_pair_names"] if notebook.ssh else []
    notebook.started_by = keypairs.user_of(call.caller)
    notebooks.save(call.db, notebook)
    call.afterwards(partial(lifecycle.start, call.cloud, notebook.id))
    return shown(call, notebook)


def _lease_query(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    duration = call.request.get("duration")
    if duration:
        never = duration == str(request.NEVER)
        found["duration"] = request.NEVER if never else call.request.number("duration", 0)
    if kind := call.request.get("type"):
        found["type"] = kind
    return found


@SERVICE.route("POST", _ONE + "/stop", action="modelarts:notebook:stop")
def stop_notebook(call: Call) -> Any:
    """Stop a running notebook."""
    notebook = named(call)
    if notebook.status not in {"RUNNING", "ERROR"}:
        code = _NOT_TO_STOP.get(notebook.status)
        raise refusal(code, notebook.id) if code else refusal("6357", notebook.status)
    lifecycle.begin_stop(notebook, lifecycle.milliseconds(call.cloud))
    notebooks.save(call.db, notebook)
    call.afterwards(partial(lifecycle.stop, call.cloud, notebook.id))
    return shown(call, notebook)


@SERVICE.route("GET", _ONE + "/lease", action="modelarts:notebook:get")
def show_lease(call: Call) -> Any:
    """What is left of the time."""
    return shown_lease(named(call))


@SERVICE.route("PATCH", _ONE + "/lease", action="modelarts:notebook:updateStopPolicy")
def renew_lease(call: Call) -> Any:
    """Let the time end so many milliseconds from now: ``duration`` in the query or the body."""
    notebook = named(call)
    if notebook.status != "RUNNING":
        raise refusal("6327", notebook.id)
    body = call.body() if call.request.body else {}
    asked, kind = request.lease(Fields({**_lease_query(call), **body}), never=True)
    notebook.lease_type = kind
    notebook.renew(lifecycle.milliseconds(call.cloud), asked)
    notebooks.save(call.db, notebook)
    return shown_lease(notebook)
