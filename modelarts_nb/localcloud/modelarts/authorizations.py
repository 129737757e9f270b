"""Authorizations: which agency ModelArts uses for whom; and the strict mode of an account."""

from __future__ import annotations

import sqlite3
from typing import Any

from modelarts_nb.localcloud.iam.account import SERVICE_DOMAIN, add_agency, grant, role_named
from modelarts_nb.localcloud.modelarts.authority import ALL_USERS
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import Reply

# Only the account and its administrators configure agencies (seed 2.2.2); the action's name is not
# in the seed's tables.
_CHANGE = "modelarts:authorization:create"
_PATH = "/v2/{project_id}/authorizations"
# What "ordinary user" is given, as far as the local cloud knows those services (seed 2.3.1).
_ORDINARY = ("OBS Administrator", "SFS Turbo ReadOnlyAccess", "VPC FullAccess", "AOM FullAccess")


def authorize(db: Db, project_id: str, user: tuple[str, str, str], agency: str, now: int) -> None:
    """Let ModelArts use an agency for a user (id, name, type), or for all.

    Raises:
        sqlite3.IntegrityError: there is an authorization already.
    """
    values = (project_id, *user, agency, now)
    db.run("INSERT INTO modelarts_authorization VALUES (?, ?, ?, ?, ?, ?)", *values)


@SERVICE.route("GET", _PATH, action="modelarts:authorization:list")
def list_authorizations(call: Call) -> Any:
    """Who has which agency."""
    request = call.request
    key = {"user_name": "user_name", "create_time": "created"}.get(
        request.get("sort_by") or "user_name"
    )
    if key is None:
        raise refusal("0104", "sort_by must be user_name or create_time")
    rows = call.db.all(
        "SELECT * FROM modelarts_authorization WHERE project_id = ?", call.project_id
    )
    rows.sort(key=lambda row: row[key], reverse=(request.get("order") or "ASC").upper() == "DESC")
    offset = request.number("offset", 0)
    page = rows[offset : offset + request.number("limit", 1000, least=1, most=1000)]
    return {"total_count": len(rows), "auth": [_shown(row) for row in page]}


def _shown(row: Row) -> dict[str, Any]:
    return {
        "user_id": row["user_id"],
        "user_name": row["user_name"],
        "user_type": row["user_type"],
        "type": "agency",
        "content": row["agency"],
        "secret_key": "",
        "create_time": row["created"],
    }


@SERVICE.route("POST", _PATH, action=_CHANGE)
def create_authorization(call: Call) -> Any:
    """Configure an agency for a user or for ``all-users``. Access keys are not taken."""
    fields = Fields(call.body())
    kind = fields.text("type", "agency")
    if kind != "agency":
        raise refusal("6374", kind)
    agency = fields.text("content", most=64)
    known = call.db.one(
        "SELECT 1 FROM iam_agency WHERE domain_id = ? AND name = ?", call.caller.domain_id, agency
    )
    if known is None:
        raise refusal("0101", f"there is no agency {agency}")
    user = _user(call, fields)
    try:
        authorize(call.db, call.project_id, user, agency, int(call.cloud.now() * 1000))
    except sqlite3.IntegrityError:
        raise refusal("0424", user[1]) from None
    return {"content": agency, "type": "agency", "user_id": user[0]}


def _user(call: Call, fields: Fields) -> tuple[str, str, str]:
    user_id = fields.text("user_id", ALL_USERS)
    if user_id == ALL_USERS or fields.text("user_type", "") == ALL_USERS:
        return ALL_USERS, ALL_USERS, ALL_USERS
    fields.choice("user_type", "iam", default="iam")
    row = call.db.one(
        "SELECT name FROM iam_user WHERE id = ? AND domain_id = ?", user_id, call.caller.domain_id
    )
    if row is None:
        raise refusal("0101", f"there is no user {user_id}")
    return user_id, row["name"], "iam"


@SERVICE.route("DELETE", _PATH, action="modelarts:authorization:delete")
def delete_authorizations(call: Call) -> Any:
    """Take the authorization of a user away; without ``user_id`` those of the whole project."""
    user_id = call.request.get("user_id")
    gone = call.db.run(
        "DELETE FROM modelarts_authorization WHERE project_id = ? AND (? IS NULL OR user_id = ?)",
        call.project_id,
        user_id,
        user_id,
    )
    if user_id and not gone:
        raise refusal("0429", user_id)
    return Reply(204)


@SERVICE.route("POST", "/v2/{project_id}/agency", action=_CHANGE)
def create_agency(call: Call) -> Any:
    """Make ``modelarts_agency`` or ``ma_agency_<suffix>`` with an ordinary user's rights."""
    suffix = Fields(call.body()).text("agency_name_suffix", "", pattern=r"[\w-]{0,50}")
    name = f"ma_agency_{suffix}" if suffix else "modelarts_agency"
    trusted = call.db.one("SELECT * FROM iam_domain WHERE name = ?", SERVICE_DOMAIN)
    domain, now = call.caller.domain_id, call.cloud.now()
    to = (trusted["id"], trusted["name"]) if trusted else ("", SERVICE_DOMAIN)
    try:
        agency_id = add_agency(call.db, domain, name, to, now)
    except sqlite3.IntegrityError:
        raise refusal("3818", name) from None
    for role in _ORDINARY:
        role_id = role_named(call.db, role)
        grant(call.db, role_id, ("agency", agency_id), ("all_projects", domain), now)
    return {"agency_name": name}


def is_strict(db: Db, domain_id: str) -> bool:
    """Whether an account has strict mode on."""
    row = db.one("SELECT mode FROM modelarts_mode WHERE domain_id = ?", domain_id)
    return row is not None and row["mode"] == "strict"


@SERVICE.route("GET", "/v1/auth-mode", action="modelarts:authorization:list")
def show_mode(call: Call) -> Any:
    """Strict or loose."""
    domain_id = call.caller.domain_id
    return {"domain_id": domain_id, "mode": "strict" if is_strict(call.db, domain_id) else "loose"}


@SERVICE.route("PUT", "/v1/auth-mode", action=_CHANGE)
def put_mode(call: Call) -> Any:
    """Turn strict mode on or off for the account."""
    mode = Fields(call.body()).choice("mode", "strict", "loose")
    domain_id = call.caller.domain_id
    call.db.run("INSERT OR REPLACE INTO modelarts_mode VALUES (?, ?)", domain_id, mode)
    return {"domain_id": domain_id, "mode": mode}
