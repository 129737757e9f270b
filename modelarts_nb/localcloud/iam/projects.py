"""Projects and accounts: what the SDK asks first when it knows only a region."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.iam.service import KEYSTONE, links, own_domain
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.service import ANYONE, ASKED_INSIDE

_LIST = "iam:projects:listProjects"


def _shown(call: Call, row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "domain_id": row["domain_id"],
        "parent_id": row["domain_id"],
        "is_domain": False,
        "enabled": bool(row["enabled"]),
        "description": "",
        "links": {"self": f"{call.cloud.endpoint}/v3/projects/{row['id']}"},
    }


def _projects(call: Call) -> dict[str, Any]:
    name, enabled = call.request.get("name"), call.request.flag("enabled")
    rows = call.db.all(
        "SELECT * FROM iam_project WHERE domain_id = ? ORDER BY name", call.caller.domain_id
    )
    found = [
        _shown(call, row)
        for row in rows
        if name in {None, row["name"]} and enabled in {None, bool(row["enabled"])}
    ]
    return {"projects": found, "links": links(call)}


@KEYSTONE.route("GET", "/v3/projects", action=_LIST)
def list_projects(call: Call) -> Any:
    """The account's projects; the SDK asks by the name of a region and needs exactly one."""
    own_domain(call, call.request.get("domain_id") or call.caller.domain_id)
    return _projects(call)


@KEYSTONE.route("GET", "/v3/auth/projects", action=ANYONE)
def list_auth_projects(call: Call) -> Any:
    """The projects that the caller can reach."""
    return _projects(call)


@KEYSTONE.route("GET", "/v3/users/{user_id}/projects", action=ASKED_INSIDE)
def list_projects_of_user(call: Call) -> Any:
    """The projects of a user; one's own without a right."""
    if call.params["user_id"] != call.caller.user_id:
        call.require("iam:projects:listProjectsForUser")
    call.needs_no_right()
    return _projects(call)


@KEYSTONE.route("GET", "/v3/auth/domains", action=ANYONE)
def list_auth_domains(call: Call) -> Any:
    """The caller's account."""
    row = call.db.one("SELECT * FROM iam_domain WHERE id = ?", call.caller.domain_id)
    found = [{"id": row["id"], "name": row["name"], "enabled": True}] if row else []
    return {"domains": found, "links": links(call)}
