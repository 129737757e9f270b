"""Creating, changing and deleting notebooks."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from modelarts_nb.localcloud.modelarts import hooks, keypairs, lifecycle, notebooks, request
from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.notebooks import BUSY, Notebook, named
from modelarts_nb.localcloud.modelarts.pools import pool_row
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.view import shown
from modelarts_nb.localcloud.modelarts.volumes import volume
from modelarts_nb.localcloud.modelarts.workspaces import enter
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.service import ASKED_INSIDE

_ONE = "/v1/{project_id}/notebooks/{id}"
# What a request may hold and the local cloud cannot do. Empty values of them are harmless.
_REFUSED = ("data_volumes", "user_vpc", "affinity", "run_user", "public_network_config")
MOST = 50  # notebooks of a user; the cloud's own quota depends on the account


@SERVICE.route("POST", "/v1/{project_id}/notebooks", action=ASKED_INSIDE)
def create_notebook(call: Call) -> Any:
    """A new notebook, which starts at once."""
    fields = Fields(call.body())
    pool_id = fields.text("pool_id", "", most=64)
    context = {"modelarts:poolType": "dedicated" if pool_id else "public"}
    if pool_id:
        context["modelarts:poolId"] = pool_id
    call.require("modelarts:notebook:create", context)
    workspace_id = fields.text("workspace_id", "0", most=64)
    enter(call, workspace_id)
    if pool_id:
        pool_row(call, pool_id)
    need_agency(call, call.caller.user_id, "a notebook")
    _need_room(call)
    _refuse_unknown(call, fields)
    flavor, image_id, spec = request.flavor_and_image(fields, pool_id)
    now = lifecycle.milliseconds(call.cloud)
    notebook = Notebook(
        id=str(uuid.uuid4()),
        project_id=call.project_id,
        domain_id=call.caller.domain_id,
        user_id=keypairs.user_of(call.caller),
        name=request.name(fields),
        description=request.description(fields),
        flavor=flavor,
        image_id=image_id,
        created=now,
        updated=now,
        volume=volume(call, fields.object("volume"), pool_id),
        pool_id=pool_id,
        workspace_id=workspace_id,
        custom_spec=spec,
        hooks=hooks.parse(fields.object("hooks")) if fields.has("hooks") else {},
        endpoints=request.endpoints(call, fields),
        started_by=keypairs.user_of(call.caller),
    )
    notebook.pairs = notebook.ssh["key_pair_names"] if notebook.ssh else []
    asked = fields.object("lease") if fields.has("lease") else fields
    if fields.has("lease"):
        duration, notebook.lease_type = request.lease(asked, never=True)
    else:
        duration = request.checked(
            fields.number("duration", notebook.lease_asked, least=request.NEVER), never=True
        )
    notebook.renew(now, duration)
    notebooks.add(call.db, notebook)
    call.afterwards(partial(lifecycle.create, call.cloud, notebook.id))
    return shown(call, notebook)


def _need_room(call: Call) -> None:
    theirs = [
        n
        for n in notebooks.every(call.db, call.project_id)
        if n.user_id == keypairs.user_of(call.caller)
    ]
    if len(theirs) >= MOST:
        raise refusal("0113", f"{len(theirs)} of {MOST}")


def _refuse_unknown(call: Call, fields: Fields) -> None:
    if fields.choice("feature", "NOTEBOOK", "DEFAULT", default="NOTEBOOK") == "DEFAULT":
        raise refusal("6360", "the local cloud has no free CodeLab instances")
    for name in _REFUSED:
        if call.body().get(name):
            raise refusal("0104", f"the local cloud does not offer {name}")


@SERVICE.route("GET", _ONE, action="modelarts:notebook:get")
def show_notebook(call: Call) -> Any:
    """One notebook."""
    return shown(call, named(call))


@SERVICE.route("PUT", _ONE, action="modelarts:notebook:update")
def update_notebook(call: Call) -> Any:
    """Change a notebook.

    Name, description, hooks and the SSH endpoint may be changed while it runs; hooks and endpoint
    are in force from the next start. Flavor and image want it stopped (6347).
    """
    fields, notebook = Fields(call.body()), named(call)
    if notebook.status in BUSY:
        raise refusal("6357", notebook.status)
    _refuse_unknown(call, fields)
    wanted = [key for key in ("flavor", "custom_spec", "image_id") if fields.has(key)]
    if wanted and notebook.status == "RUNNING":
        raise refusal("6347", wanted[0])
    notebook.name = request.name(fields, notebook.name)
    notebook.description = request.description(fields, notebook.description)
    if wanted:
        notebook.flavor, notebook.image_id, notebook.custom_spec = request.flavor_and_image(
            fields, notebook.pool_id, notebook.flavor, notebook.image_id
        )
    if fields.has("endpoints"):
        notebook.endpoints = request.endpoints(call, fields)
    if fields.has("hooks"):
        notebook.hooks = hooks.parse(fields.object("hooks"))
    if fields.has("storage_new_size"):
        _grow(notebook, fields.number("storage_new_size"))
    notebook.updated = lifecycle.milliseconds(call.cloud)
    notebooks.save(call.db, notebook)
    return shown(call, notebook)


def _grow(notebook: Notebook, size: int) -> None:
    volume = notebook.volume
    if volume["category"] != "EVS":
        raise refusal("6702", f"storage_new_size of {volume['category']}")
    if not volume["capacity"] < size <= 4096:
        raise refusal("6331", size)
    volume["capacity"] = size


@SERVICE.route("DELETE", _ONE, action="modelarts:notebook:delete")
def delete_notebook(call: Call) -> Any:
    """Delete a notebook with its disk; a running one is stopped first, as for Terraform."""
    notebook = named(call)
    if notebook.status in BUSY:
        raise refusal("6357", notebook.status)
    notebook.status, notebook.updated = "DELETING", lifecycle.milliseconds(call.cloud)
    notebooks.save(call.db, notebook)
    call.afterwards(partial(lifecycle.delete, call.cloud, notebook.id))
    return shown(call, notebook)
