"""Users and user groups."""

from __future__ import annotations

import sqlite3
from typing import Any

from modelarts_nb.localcloud.iam.account import add_group, add_user, join
from modelarts_nb.localcloud.iam.service import (
    IAM,
    KEYSTONE,
    conflict,
    links,
    not_found,
    own_domain,
    page_info,
    stamp,
)
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import Reply
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import ASKED_INSIDE

_NAME = r"[A-Za-z _.-][A-Za-z0-9 _.-]{0,63}"


def _shown(call: Call, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "domain_id": row["domain_id"],
        "description": row["description"],
        "enabled": bool(row["enabled"]),
        "access_mode": "default",
        "pwd_status": True,
        "password_expires_at": None,
        "links": {"self": f"{call.cloud.endpoint}/v3/users/{row['id']}"},
    }


def _group_shown(call: Call, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "domain_id": row["domain_id"],
        "description": row["description"],
        "create_time": int(row["created"] * 1000),
        "links": {"self": f"{call.cloud.endpoint}/v3/groups/{row['id']}"},
    }


def user(call: Call, user_id: str) -> Row:
    """A user of the caller's account.

    Raises:
        CloudError: there is none.
    """
    row = call.db.one(
        "SELECT * FROM iam_user WHERE id = ? AND domain_id = ?", user_id, call.caller.domain_id
    )
    if row is None:
        raise not_found("user", user_id)
    return row


def group(call: Call, group_id: str) -> Row:
    """A user group of the caller's account.

    Raises:
        CloudError: there is none.
    """
    row = call.db.one(
        "SELECT * FROM iam_group WHERE id = ? AND domain_id = ?", group_id, call.caller.domain_id
    )
    if row is None:
        raise not_found("group", group_id)
    return row


@KEYSTONE.route("GET", "/v3/users", action="iam:users:listUsers")
def list_users(call: Call) -> Any:
    """The account's users, by ``name`` or ``enabled`` where given."""
    own_domain(call, call.request.get("domain_id") or call.caller.domain_id)
    name, enabled = call.request.get("name"), call.request.flag("enabled")
    rows = call.db.all(
        "SELECT * FROM iam_user WHERE domain_id = ? ORDER BY name", call.caller.domain_id
    )
    found = [
        _shown(call, row)
        for row in rows
        if name in {None, row["name"]} and enabled in {None, bool(row["enabled"])}
    ]
    return {"users": found, "links": links(call)}


@KEYSTONE.route("GET", "/v3/users/{user_id}", action=ASKED_INSIDE)
def show_user(call: Call) -> Any:
    """One user; oneself without a right."""
    if call.params["user_id"] != call.caller.user_id:
        call.require("iam:users:getUser")
    call.needs_no_right()
    return {"user": _shown(call, user(call, call.params["user_id"]))}


@KEYSTONE.route("POST", "/v3/users", action="iam:users:createUser")
def create_user(call: Call) -> Any:
    """A new user, who may do nothing yet. A password is taken and forgotten: nobody logs in."""
    fields = Fields(call.body()).object("user")
    own_domain(call, fields.text("domain_id", call.caller.domain_id))
    name = fields.text("name", pattern=_NAME)
    try:
        user_id = add_user(
            call.db,
            call.caller.domain_id,
            name,
            call.cloud.now(),
            description=fields.text("description", "", most=255),
            enabled=fields.flag("enabled", True),
        )
    except sqlite3.IntegrityError:
        raise conflict("user", f"the name {name} is taken") from None
    return Reply(201, {"user": _shown(call, user(call, user_id))})


@KEYSTONE.route("DELETE", "/v3/users/{user_id}", action="iam:users:deleteUser")
def delete_user(call: Call) -> Any:
    """Delete a user with its keys and grants."""
    row = user(call, call.params["user_id"])
    if row["is_root"]:
        raise CloudError(400, "1107", "The account administrator cannot be deleted.")
    call.db.run("DELETE FROM iam_key WHERE user_id = ?", row["id"])
    call.db.run("DELETE FROM iam_grant WHERE subject_id = ?", row["id"])
    call.db.run("DELETE FROM iam_user WHERE id = ?", row["id"])
    return Reply(204)


@KEYSTONE.route("GET", "/v3/users/{user_id}/groups", action=ASKED_INSIDE)
def list_groups_of_user(call: Call) -> Any:
    """The groups of a user; one's own without a right."""
    if call.params["user_id"] != call.caller.user_id:
        call.require("iam:groups:listGroupsForUser")
    call.needs_no_right()
    user(call, call.params["user_id"])
    rows = call.db.all(
        "SELECT g.* FROM iam_group g JOIN iam_membership m ON m.group_id = g.id"
        " WHERE m.user_id = ? ORDER BY g.name",
        call.params["user_id"],
    )
    return {"groups": [_group_shown(call, row) for row in rows], "links": links(call)}


@KEYSTONE.route("GET", "/v3/groups", action="iam:groups:listGroups")
def list_groups(call: Call) -> Any:
    """The account's groups."""
    own_domain(call, call.request.get("domain_id") or call.caller.domain_id)
    name = call.request.get("name")
    rows = call.db.all(
        "SELECT * FROM iam_group WHERE domain_id = ? ORDER BY name", call.caller.domain_id
    )
    found = [_group_shown(call, row) for row in rows if name in {None, row["name"]}]
    return {"groups": found, "links": links(call)}


@KEYSTONE.route("POST", "/v3/groups", action="iam:groups:createGroup")
def create_group(call: Call) -> Any:
    """A new user group."""
    fields = Fields(call.body()).object("group")
    own_domain(call, fields.text("domain_id", call.caller.domain_id))
    name = fields.text("name", most=128)
    try:
        group_id = add_group(
            call.db,
            call.caller.domain_id,
            name,
            call.cloud.now(),
            fields.text("description", "", most=255),
        )
    except sqlite3.IntegrityError:
        raise conflict("group", f"the name {name} is taken") from None
    return Reply(201, {"group": _group_shown(call, group(call, group_id))})


@KEYSTONE.route(
    "PUT", "/v3/groups/{group_id}/users/{user_id}", action="iam:permissions:addUserToGroup"
)
def add_user_to_group(call: Call) -> Any:
    """Put a user into a group."""
    join(
        call.db,
        user(call, call.params["user_id"])["id"],
        group(call, call.params["group_id"])["id"],
    )
    return Reply(204)


@KEYSTONE.route(
    "DELETE", "/v3/groups/{group_id}/users/{user_id}", action="iam:permissions:removeUserFromGroup"
)
def remove_user_from_group(call: Call) -> Any:
    """Take a user out of a group."""
    who = user(call, call.params["user_id"])["id"]
    where = group(call, call.params["group_id"])["id"]
    call.db.run("DELETE FROM iam_membership WHERE user_id = ? AND group_id = ?", who, where)
    return Reply(204)


@IAM.route("GET", "/v5/users", action=ASKED_INSIDE)
def list_users_v5(call: Call) -> Any:
    """Users in the shape of v5; whose an access key is, where it is one's own without a right."""
    access, group_id = call.request.get("access_key_id"), call.request.get("group_id")
    if access != call.caller.access_key:
        call.require("iam:users:listUsers")
    call.needs_no_right()
    rows = call.db.all(
        "SELECT u.* FROM iam_user u WHERE domain_id = :domain"
        " AND (:access IS NULL OR id IN (SELECT user_id FROM iam_key"
        "      WHERE access = :access AND agency_id IS NULL))"
        " AND (:group_id IS NULL OR id IN (SELECT user_id FROM iam_membership"
        "      WHERE group_id = :group_id)) AND id > :marker ORDER BY id LIMIT :limit",
        {
            "domain": call.caller.domain_id,
            "access": access,
            "group_id": group_id,
            "marker": call.request.get("marker") or "",
            "limit": call.request.number("limit", 100, least=1, most=200),
        },
    )
    found = [
        {
            "user_id": row["id"],
            "user_name": row["name"],
            "description": row["description"],
            "enabled": bool(row["enabled"]),
            "is_root_user": bool(row["is_root"]),
            "created_at": stamp(row["created"]),
            "urn": f"iam::{row['domain_id']}:user:{row['name']}",
        }
        for row in rows
    ]
    return {"users": found, "page_info": page_info(call, rows)}


@IAM.route("GET", "/v5/groups", action="iam:groups:listGroups")
def list_groups_v5(call: Call) -> Any:
    """Groups in the shape of v5."""
    rows = call.db.all(
        "SELECT * FROM iam_group WHERE domain_id = :domain AND (:user_id IS NULL OR id IN"
        " (SELECT group_id FROM iam_membership WHERE user_id = :user_id))"
        " AND id > :marker ORDER BY id LIMIT :limit",
        {
            "domain": call.caller.domain_id,
            "user_id": call.request.get("user_id"),
            "marker": call.request.get("marker") or "",
            "limit": call.request.number("limit", 100, least=1, most=200),
        },
    )
    found = [
        {
            "group_id": row["id"],
            "group_name": row["name"],
            "description": row["description"],
            "created_at": stamp(row["created"]),
            "urn": f"iam::{row['domain_id']}:group:{row['name']}",
        }
        for row in rows
    ]
    return {"groups": found, "page_info": page_info(call, rows)}
