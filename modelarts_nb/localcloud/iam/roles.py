"""Policies: the cloud's own, and an account's custom ones."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from modelarts_nb.localcloud.iam.access import is_global
from modelarts_nb.localcloud.iam.account import add_role
from modelarts_nb.localcloud.iam.actions import names_something
from modelarts_nb.localcloud.iam.invalid import PolicyInvalid
from modelarts_nb.localcloud.iam.policy import parse_policy
from modelarts_nb.localcloud.iam.service import IAM, KEYSTONE, conflict, links, not_found, page
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.service import ASKED_INSIDE


def shown(call: Call, row: Row) -> dict[str, Any]:
    """A policy as the API shows it."""
    document = json.loads(row["document"])
    return {
        "id": row["id"],
        "domain_id": row["domain_id"],
        "name": row["name"],
        "display_name": row["display_name"],
        "type": row["type"],
        "catalog": row["catalog"],
        "description": row["description"],
        "description_cn": None,
        "policy": {"Depends": [], **document},
        "created_time": str(int(row["created"] * 1000)),
        "updated_time": str(int(row["updated"] * 1000)),
        "links": {"self": f"{call.cloud.endpoint}/v3/roles/{row['id']}"},
    }


def role(call: Call, role_id: str, *, custom: bool = False) -> Row:
    """A policy that the caller's account can grant.

    Raises:
        CloudError: there is none.
    """
    row = call.db.one("SELECT * FROM iam_role WHERE id = ?", role_id)
    own = row is not None and row["domain_id"] == call.caller.domain_id
    if row is None or not (own or (row["domain_id"] is None and not custom)):
        raise not_found("role", role_id)
    return row


@KEYSTONE.route("GET", "/v3/roles", action="iam:roles:listRoles")
def list_permissions(call: Call) -> Any:
    """System policies; the account's custom ones where its ``domain_id`` is given."""
    request = call.request
    domain_id = request.get("domain_id")
    if domain_id not in {None, "", call.caller.domain_id}:
        raise BadRequest("domain_id is not that of the account.")
    rows = call.db.all(
        "SELECT * FROM iam_role WHERE domain_id IS ? ORDER BY display_name", domain_id or None
    )
    wanted = {key: request.get(key) for key in ("name", "display_name", "catalog")}
    found = [
        row
        for row in rows
        if all(value in {None, "", row[key]} for key, value in wanted.items())
        and _is_of(row, request.get("permission_type"))
    ]
    return {
        "roles": [shown(call, row) for row in page(call, found)],
        "total_number": len(found),
        "links": links(call),
    }


def _is_of(row: Row, kind: str | None) -> bool:
    is_policy = json.loads(row["document"])["Version"] == "1.1"
    return kind not in {"policy", "role"} or (kind == "policy") == is_policy


@KEYSTONE.route("GET", "/v3/roles/{role_id}", action="iam:roles:getRole")
def show_permission(call: Call) -> Any:
    """One policy."""
    return {"role": shown(call, role(call, call.params["role_id"]))}


@IAM.route("GET", "/v3.0/OS-ROLE/roles", action="iam:roles:listRoles")
def list_custom_policies(call: Call) -> Any:
    """The account's custom policies."""
    rows = call.db.all(
        "SELECT * FROM iam_role WHERE domain_id = ? ORDER BY display_name", call.caller.domain_id
    )
    return {
        "roles": [shown(call, row) for row in page(call, rows)],
        "total_number": len(rows),
        "links": links(call),
    }


@IAM.route("GET", "/v3.0/OS-ROLE/roles/{role_id}", action="iam:roles:getRole")
def show_custom_policy(call: Call) -> Any:
    """One custom policy."""
    return {"role": shown(call, role(call, call.params["role_id"], custom=True))}


@IAM.route("POST", "/v3.0/OS-ROLE/roles", action="iam:roles:createRole")
def create_custom_policy(call: Call) -> Any:
    """A new custom policy, understood as a whole or refused."""
    name, kind, description, document = _asked_for(call)
    try:
        role_id = add_role(
            call.db,
            call.caller.domain_id,
            name,
            kind,
            document,
            call.cloud.now(),
            description=description,
        )
    except sqlite3.IntegrityError:
        raise conflict("role", f"the name {name} is taken") from None
    return Reply(201, {"role": shown(call, role(call, role_id))})


@IAM.route("PATCH", "/v3.0/OS-ROLE/roles/{role_id}", action="iam:roles:updateRole")
def update_custom_policy(call: Call) -> Any:
    """Replace a custom policy; it is in force at once, where the cloud takes up to half an hour."""
    row = role(call, call.params["role_id"], custom=True)
    name, kind, description, document = _asked_for(call)
    try:
        call.db.run(
            "UPDATE iam_role SET display_name = ?, type = ?, description = ?, document = ?,"
            " updated = ? WHERE id = ?",
            name,
            kind,
            description,
            json.dumps(document),
            call.cloud.now(),
            row["id"],
        )
    except sqlite3.IntegrityError:
        raise conflict("role", f"the name {name} is taken") from None
    return {"role": shown(call, role(call, row["id"]))}


@IAM.route("DELETE", "/v3.0/OS-ROLE/roles/{role_id}", action="iam:roles:deleteRole")
def delete_custom_policy(call: Call) -> Any:
    """Delete a custom policy, and with it what it granted."""
    row = role(call, call.params["role_id"], custom=True)
    call.db.run("DELETE FROM iam_role WHERE id = ?", row["id"])
    return Reply(200)


def _asked_for(call: Call) -> tuple[str, str, str, dict[str, Any]]:
    fields = Fields(call.body()).object("role")
    name = fields.text("display_name", most=128)
    kind = fields.choice("type", "AX", "XA")
    document = fields.raw_object("policy")
    check(name, kind, document)
    return name, kind, fields.text("description", "", most=1000), document


def check(name: str, kind: str, document: dict[str, Any]) -> None:
    """See whether a custom policy can be kept.

    Args:
        name: what it is called.
        kind: ``AX`` for services of the account (IAM, OBS), ``XA`` for those of a project.
        document: the policy.

    Raises:
        BadRequest: it is not understood, is a role (Version 1.0), mixes the two kinds, or names
            an action that ModelArts does not have.
    """
    if document.get("Version") != "1.1":
        raise BadRequest('"Version" of a custom policy must be "1.1".')
    try:
        policy = parse_policy(name, document)
    except PolicyInvalid as error:
        raise BadRequest(str(error)) from None
    for statement in policy.statements:
        for action in statement.actions:
            service = action.split(":", 1)[0]
            if "*" not in service and is_global(action) != (kind == "AX"):
                other = "global" if kind == "XA" else "project-level"
                raise BadRequest(f"{action} belongs to a {other} service, the policy is {kind}.")
            if not names_something(action):
                raise BadRequest(f"There is no action {action}.")


@IAM.route("GET", "/v5/policies/{policy_id}/versions/{version_id}", action=ASKED_INSIDE)
def show_policy_version(call: Call) -> Any:
    """A policy in the shape of v5, where the document is a text. There is one version: v1."""
    call.require("iam:policies:getVersion")
    row = role(call, call.params["policy_id"])
    if call.params["version_id"] != "v1":
        raise not_found("policy version", call.params["version_id"])
    return {
        "policy_version": {
            "document": row["document"],
            "version_id": "v1",
            "is_default": True,
            "created_at": None,
        }
    }
