"""Workspaces: PUBLIC, PRIVATE (creator and account), INTERNAL (also those who were named)."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields

DEFAULT = "0"
_NAME = r"[\w-]{4,64}"


def add_default(db: Db, project_id: str, owner: tuple[str, str], now: int) -> None:
    """The workspace that every project has (seed 2.2.3); ``owner``: id and name."""
    db.run(
        "INSERT OR IGNORE INTO modelarts_workspace VALUES (?, ?, 'default', '', ?, ?, 'PUBLIC',"
        " '[]', ?, ?)",
        DEFAULT,
        project_id,
        *owner,
        now,
        now,
    )


def enter(call: Call, workspace_id: str) -> Row:
    """A workspace that the caller may use.

    Raises:
        CloudError: there is none, or it is closed to the caller.
    """
    row = _row(call, workspace_id)
    if not _accessible(call, row):
        raise refusal("0108", f"on the workspace {row['name']}")
    return row


def visible(call: Call) -> set[str]:
    """Ids of the workspaces that the caller may use."""
    return {row["id"] for row in _rows(call) if _accessible(call, row)}


def _rows(call: Call) -> list[Row]:
    return call.db.all(
        "SELECT * FROM modelarts_workspace WHERE project_id = ? ORDER BY created, id",
        call.project_id,
    )


def _row(call: Call, workspace_id: str) -> Row:
    row = call.db.one(
        "SELECT * FROM modelarts_workspace WHERE project_id = ? AND id = ?",
        call.project_id,
        workspace_id,
    )
    if row is None:
        raise refusal("0102", workspace_id)
    return row


def _accessible(call: Call, row: Row) -> bool:
    caller = call.caller
    if row["auth_type"] == "PUBLIC" or caller.is_root or row["owner_id"] == caller.user_id:
        return True
    granted = {grant["user_id"] for grant in json.loads(row["grants"])}
    return row["auth_type"] == "INTERNAL" and caller.user_id in granted


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "owner": row["owner"],
        "auth_type": row["auth_type"],
        "grants": json.loads(row["grants"]),
        "status": "NORMAL",
        "status_info": "",
        "enterprise_project_id": "0",
        "enterprise_project_name": "default",
        "create_time": row["created"],
        "update_time": row["updated"],
    }


@SERVICE.route("GET", "/v1/{project_id}/workspaces", action="modelarts:workspace:list")
def list_workspaces(call: Call) -> Any:
    """The project's workspaces; with ``filter_accessible`` those that the caller may use."""
    request = call.request
    only, name = request.flag("filter_accessible"), request.get("name") or ""
    rows = [r for r in _rows(call) if name in r["name"] and (not only or _accessible(call, r))]
    key = request.get("sort_by") or "update_time"
    # The status of all of them is NORMAL.
    fields = {"name": "name", "update_time": "updated", "status": "created"}
    if key not in fields:
        raise refusal("0104", f"sort_by {key}")
    rows.sort(key=lambda row: row[fields[key]], reverse=request.get("order") != "asc")
    offset = request.number("offset", 0)
    page = rows[offset : offset + request.number("limit", 1000, least=1, most=1000)]
    return {
        "total_count": len(rows),
        "count": len(page),
        "workspaces": [_shown(row) for row in page],
    }


@SERVICE.route("POST", "/v1/{project_id}/workspaces", action="modelarts:workspace:create")
def create_workspace(call: Call) -> Any:
    """A workspace of the caller's."""
    fields = Fields(call.body())
    workspace_id, now = uuid.uuid4().hex, int(call.cloud.now() * 1000)
    try:
        call.db.run(
            "INSERT INTO modelarts_workspace VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            workspace_id,
            call.project_id,
            fields.text("name", pattern=_NAME),
            fields.text("description", "", most=256),
            call.caller.user_id,
            call.caller.user_name,
            *_access(call, fields, "PUBLIC", "[]"),
            now,
            now,
        )
    except sqlite3.IntegrityError:
        raise refusal("0101", "there is a workspace of this name") from None
    return _shown(_row(call, workspace_id))


def _access(call: Call, fields: Fields, auth_type: str, grants: str) -> tuple[str, str]:
    kind = fields.choice("auth_type", "PUBLIC", "PRIVATE", "INTERNAL", default=auth_type)
    if fields.has("grants"):
        grants = json.dumps([_grant(call, grant) for grant in fields.objects("grants", most=100)])
    return kind, grants if kind == "INTERNAL" else "[]"


def _grant(call: Call, fields: Fields) -> dict[str, str]:
    user_id, name = fields.text("user_id", ""), fields.text("user_name", "")
    fields.choice("user_type", "IAM", default="IAM")
    row = call.db.one(
        "SELECT id, name FROM iam_user WHERE domain_id = ? AND (id = ? OR ? = '' AND name = ?)",
        call.caller.domain_id,
        user_id,
        user_id,
        name,
    )
    if row is None:
        raise refusal("0101", f"there is no user {user_id or name}")
    return {"user_id": row["id"], "user_name": row["name"], "user_type": "IAM"}


@SERVICE.route(
    "GET", "/v1/{project_id}/workspaces/{workspace_id}", action="modelarts:workspace:get"
)
def show_workspace(call: Call) -> Any:
    """One workspace."""
    return _shown(enter(call, call.params["workspace_id"]))


@SERVICE.route(
    "PUT", "/v1/{project_id}/workspaces/{workspace_id}", action="modelarts:workspace:update"
)
def update_workspace(call: Call) -> Any:
    """Change a workspace; only its creator and the account may."""
    row, fields = _own(call), Fields(call.body())
    kind, grants = _access(call, fields, row["auth_type"], row["grants"])
    call.db.run(
        "UPDATE modelarts_workspace SET name = ?, description = ?, auth_type = ?, grants = ?,"
        " updated = ? WHERE project_id = ? AND id = ?",
        fields.text("name", row["name"], pattern=_NAME if row["id"] != DEFAULT else ""),
        fields.text("description", row["description"] or " ", most=256).strip(),
        "PUBLIC" if row["id"] == DEFAULT else kind,
        grants,
        int(call.cloud.now() * 1000),
        call.project_id,
        row["id"],
    )
    return {"workspace_id": row["id"]}


@SERVICE.route(
    "DELETE", "/v1/{project_id}/workspaces/{workspace_id}", action="modelarts:workspace:delete"
)
def delete_workspace(call: Call) -> Any:
    """Delete an empty workspace; the default one stays."""
    row = _own(call)
    if row["id"] == DEFAULT or notebooks_in(call, row["id"]):
        raise refusal("0101", "the workspace is the default one, or there are notebooks in it")
    call.db.run(
        "DELETE FROM modelarts_workspace WHERE project_id = ? AND id = ?",
        call.project_id,
        row["id"],
    )
    return {"workspace_id": row["id"]}


def _own(call: Call) -> Row:
    row = enter(call, call.params["workspace_id"])
    if not (call.caller.is_root or row["owner_id"] == call.caller.user_id):
        raise refusal("0108", f"on the workspace {row['name']}")
    return row


def notebooks_in(call: Call, workspace_id: str) -> int:
    """How many notebooks a workspace holds."""
    found = call.db.one(
        "SELECT count(*) AS n FROM modelarts_notebook WHERE project_id = ?"
        " AND json_extract(document, '$.workspace_id') = ?",
        call.project_id,
        workspace_id,
    )
    return int(found["n"]) if found else 0


@SERVICE.route(
    "GET",
    "/v1/{project_id}/workspaces/{workspace_id}/quotas",
    action="modelarts:workspace:getQuotas",
)
def show_quotas(call: Call) -> Any:
    """Quotas: none is limited here (-1), so nothing is counted, as the API says."""
    row = enter(call, call.params["workspace_id"])
    quota = {
        "resource": "notebook.duration",
        "name_en": "Notebook running time",
        "name_cn": "开发环境使用时长",
        "quota": -1,
        "min_quota": -1,
        "max_quota": 60_000,
        "used_quota": None,
        "unit_en": "minute",
        "unit_cn": "分钟",
        "update_time": row["updated"],
    }
    return {"quotas": [quota]}


@SERVICE.route(
    "GET", "/v1/{project_id}/workspaces/users/list", action="iam:users:listUsers"
)  # fmt: skip
def list_users(call: Call) -> Any:
    """The names of the account's users; this service knows no ids (facts 1.2)."""
    rows = call.db.all(
        "SELECT name FROM iam_user WHERE domain_id = ? ORDER BY name", call.caller.domain_id
    )
    return {"users": [{"userName": row["name"]} for row in rows]}
