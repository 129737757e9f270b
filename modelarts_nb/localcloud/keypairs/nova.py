"""ECS's OpenStack door to key pairs (``os-keypairs``): one's own pairs only."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.iam.service import stamp
from modelarts_nb.localcloud.keypairs.keys import KeyRefused
from modelarts_nb.localcloud.keypairs.pairs import NAME, NameTaken, create, delete, owner, visible
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import Service

_KINDS = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}


def _shape(error: CloudError) -> dict[str, Any]:
    kind = _KINDS.get(error.status, "computeFault")
    return {kind: {"message": error.message, "code": error.code or error.status}}


ECS = Service(
    "ecs",
    forbidden=lambda action: CloudError(403, "", f"Policy doesn't allow {action} to be performed."),
    invalid=lambda message: CloudError(400, "", message),
    shape=_shape,
)
_PAIRS = "/v2.1/{project_id}/os-keypairs"
_RIGHT = "ecs:serverKeypairs:"


def _own(call: Call) -> list[Row]:
    rows = visible(call.db, call.project_id, owner(call.caller))
    return [row for row in rows if row["scope"] == "user"]


def _pair(call: Call, name: str) -> Row:
    row = next((row for row in _own(call) if row["name"] == name), None)
    if row is None:
        raise CloudError(404, "", f"Keypair {name[:255]} not found for user {owner(call.caller)}")
    return row


def _shown(row: Row) -> dict[str, Any]:
    return {**{key: row[key] for key in ("name", "public_key", "fingerprint")}, "type": "ssh"}


@ECS.route("GET", _PAIRS, action=_RIGHT + "list")
def list_keypairs(call: Call) -> Any:
    """The caller's pairs; ``limit`` and ``marker`` count from micro-version 2.35 on."""
    rows = _own(call)
    if _microversion(call) >= (2, 35):
        marker = call.request.get("marker") or ""
        limit = call.request.number("limit", 1000, least=1, most=1000)
        rows = [row for row in rows if row["name"] > marker][:limit]
    return {"keypairs": [{"keypair": _shown(row)} for row in rows]}


def _microversion(call: Call) -> tuple[int, int]:
    text = call.request.headers.get("openstack-api-version", "compute 2.1").split()[-1]
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (2, 1)


@ECS.route("GET", _PAIRS + "/{name}", action=_RIGHT + "get")
def show_keypair(call: Call) -> Any:
    """One pair."""
    row = _pair(call, call.params["name"])
    detail = {
        "id": row["id"],
        "user_id": row["owner_id"],
        "created_at": stamp(row["created"]).removesuffix("Z"),
        "deleted": False,
        "deleted_at": None,
        "updated_at": None,
    }
    return {"keypair": {**_shown(row), **detail}}


@ECS.route("POST", _PAIRS, action=_RIGHT + "create")
def create_keypair(call: Call) -> Any:
    """A new pair, whose private half is in this answer and nowhere else; or an imported one."""
    fields = Fields(call.body()).object("keypair")
    name = fields.text("name", pattern=NAME)
    if fields.choice("type", "ssh", "x509", default="ssh") != "ssh":
        raise BadRequest("The local cloud has no x509 key pairs.")
    user_id = fields.text("user_id", owner(call.caller))
    if user_id != owner(call.caller):
        message = f"keypair {name} does not match the user_id {user_id}"
        raise CloudError(403, "Ecs.0314", message)
    try:
        new = create(call, name, "user", fields.text("public_key", "", most=16384))
    except NameTaken:
        raise CloudError(409, "", f"Key pair '{name}' already exists.") from None
    except KeyRefused as error:
        raise BadRequest(str(error)) from None
    private = {"private_key": new.private} if new.private else {}
    return {"keypair": {**_shown(new.row), "user_id": new.row["owner_id"], **private}}


@ECS.route("DELETE", _PAIRS + "/{name}", action=_RIGHT + "delete")
def delete_keypair(call: Call) -> Any:
    """Delete a pair."""
    delete(call.db, _pair(call, call.params["name"]))
    return Reply(202)
