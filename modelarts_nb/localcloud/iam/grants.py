"""Grants: which policy is in force for whom, where."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.iam.account import ScopeKind, SubjectKind, grant
from modelarts_nb.localcloud.iam.agencies import agency
from modelarts_nb.localcloud.iam.roles import role, shown
from modelarts_nb.localcloud.iam.service import (
    IAM,
    KEYSTONE,
    links,
    not_found,
    own_domain,
    page,
    page_info,
    stamp,
)
from modelarts_nb.localcloud.iam.users import group, user
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.service import ASKED_INSIDE, Service

# (paths without the subject, what the scope is called in actions, the scope)
_SCOPES: tuple[tuple[str, str, str, ScopeKind], ...] = (
    ("/v3/projects/{scope_id}", "/v3.0/OS-AGENCY/projects/{scope_id}", "OnProject", "project"),
    ("/v3/domains/{scope_id}", "/v3.0/OS-AGENCY/domains/{scope_id}", "OnDomain", "domain"),
    (
        "/v3/OS-INHERIT/domains/{scope_id}",
        "/v3.0/OS-INHERIT/domains/{scope_id}",
        "OnDomain",
        "all_projects",
    ),
)


def _register(service: Service, path: str, who: SubjectKind, scope: ScopeKind, name: str) -> None:
    """The three calls on one kind of grant: list, grant, revoke."""
    inherited = "/inherited_to_projects" if scope == "all_projects" else ""
    listing = f"{path}/{(who == 'group' and 'groups') or 'agencies'}/{{subject_id}}/roles"
    one = f"{listing}/{{role_id}}{inherited}"
    called = who.capitalize()

    def list_grants(call: Call) -> Any:
        """The policies granted to one subject in one scope."""
        subject, where = _both(call, who, scope)
        rows = call.db.all(
            "SELECT r.* FROM iam_role r JOIN iam_grant g ON g.role_id = r.id"
            " WHERE g.subject_kind = ? AND g.subject_id = ? AND g.scope_kind = ?"
            " AND g.scope_id = ? ORDER BY r.display_name",
            who,
            subject,
            scope,
            where,
        )
        return {"roles": [shown(call, row) for row in rows], "links": links(call)}

    def add(call: Call) -> Any:
        """Grant a policy; in force at once."""
        subject, where = _both(call, who, scope)
        row = role(call, call.params["role_id"])
        grant(call.db, row["id"], (who, subject), (scope, where), call.cloud.now())
        return Reply(204)

    def remove(call: Call) -> Any:
        """Take a policy away again."""
        subject, where = _both(call, who, scope)
        gone = call.db.run(
            "DELETE FROM iam_grant WHERE role_id = ? AND subject_kind = ? AND subject_id = ?"
            " AND scope_kind = ? AND scope_id = ?",
            call.params["role_id"],
            who,
            subject,
            scope,
            where,
        )
        if not gone:
            raise not_found("role assignment", call.params["role_id"])
        return Reply(204)

    right = "iam:permissions:"
    service.route("GET", listing + inherited, action=f"{right}listRolesFor{called}{name}")(
        list_grants
    )
    service.route("PUT", one, action=f"{right}grantRoleTo{called}{name}")(add)
    service.route("DELETE", one, action=f"{right}revokeRoleFrom{called}{name}")(remove)


def _both(call: Call, who: SubjectKind, scope: ScopeKind) -> tuple[str, str]:
    """The ids of the subject and the scope of a call, both of the caller's account."""
    where = call.params["scope_id"]
    if scope == "project":
        known = call.db.one(
            "SELECT 1 FROM iam_project WHERE id = ? AND domain_id = ?", where, call.caller.domain_id
        )
        if known is None:
            raise not_found("project", where)
    else:
        own_domain(call, where)
    find = group if who == "group" else agency
    return find(call, call.params["subject_id"])["id"], where


for _group_path, _agency_path, _name, _scope in _SCOPES:
    _register(KEYSTONE, _group_path, "group", _scope, _name)
    _register(IAM, _agency_path, "agency", _scope, _name)


@IAM.route("GET", "/v3.0/OS-PERMISSION/role-assignments", action=ASKED_INSIDE)
def list_role_assignments(call: Call) -> Any:
    """Every grant of the account, or of one subject, role or scope."""
    call.require("iam:permissions:listRoleAssignments")
    request = call.request
    own_domain(call, request.get("domain_id") or "")
    if request.get("scope.enterprise_projects_id"):
        return {"role_assignments": [], "total_num": 0}
    subjects = _subjects(call)
    rows = [row for row in _grants(call) if subjects is None or _who(row) in subjects]
    wanted: dict[str, str | None] = {
        "role_id": request.get("role_id"),
        "subject_kind": request.get("subject"),
    }
    if request.get("scope.project_id"):
        wanted |= {"scope_kind": "project", "scope_id": request.get("scope.project_id")}
    elif request.get("scope") == "project":
        wanted["scope_kind"] = "project"
    found = [row for row in rows if all(v in {None, "", row[k]} for k, v in wanted.items())]
    if request.get("scope") == "domain" or request.get("scope.domain_id"):
        inherited = request.flag("is_inherited")
        found = [
            row
            for row in found
            if row["scope_kind"] != "project"
            and inherited in {None, row["scope_kind"] == "all_projects"}
        ]
    shown_rows = [_assignment(row) for row in page(call, found)]
    return {"role_assignments": shown_rows, "total_num": len(found)}


def _grants(call: Call) -> list[Row]:
    return call.db.all(
        "SELECT g.* FROM iam_grant g WHERE CASE g.scope_kind WHEN 'project' THEN"
        " (SELECT domain_id FROM iam_project p WHERE p.id = g.scope_id) ELSE g.scope_id END = ?"
        " ORDER BY g.subject_kind, g.subject_id, g.role_id, g.scope_kind, g.scope_id",
        call.caller.domain_id,
    )


def _who(row: Row) -> tuple[str, str]:
    return row["subject_kind"], row["subject_id"]


def _subjects(call: Call) -> set[tuple[str, str]] | None:
    """Those whose grants are asked for; None means everybody's."""
    given = {
        kind: value
        for kind in ("user", "group", "agency")
        if (value := call.request.get(f"subject.{kind}_id"))
    }
    if len(given) > 1:
        raise BadRequest("subject.user_id, subject.group_id, subject.agency_id: only one of them.")
    if "user" not in given:
        return set(given.items()) or None
    found = {("user", user(call, given["user"])["id"])}
    if call.request.flag("include_group") is not False:
        rows = call.db.all("SELECT group_id FROM iam_membership WHERE user_id = ?", given["user"])
        found |= {("group", row["group_id"]) for row in rows}
    return found


def _assignment(row: Row) -> dict[str, Any]:
    scope = "project" if row["scope_kind"] == "project" else "domain"
    return {
        row["subject_kind"]: {"id": row["subject_id"]},
        "role": {"id": row["role_id"]},
        "scope": {scope: {"id": row["scope_id"]}},
        "is_inherited": row["scope_kind"] == "all_projects",
    }


def _attached(call: Call, kind: SubjectKind, subject_id: str) -> dict[str, Any]:
    rows = call.db.all(
        "SELECT r.*, min(g.created) AS attached FROM iam_role r JOIN iam_grant g"
        " ON g.role_id = r.id WHERE g.subject_kind = ? AND g.subject_id = ? AND r.id > ?"
        " GROUP BY r.id ORDER BY r.id LIMIT ?",
        kind,
        subject_id,
        call.request.get("marker") or "",
        call.request.number("limit", 100, least=1, most=200),
    )
    found = [
        {
            "policy_id": row["id"],
            "policy_name": row["display_name"],
            "urn": f"iam::{row['domain_id'] or 'system'}:policy:{row['display_name']}",
            "attached_at": stamp(row["attached"]),
        }
        for row in rows
    ]
    return {"attached_policies": found, "page_info": page_info(call, rows)}


@IAM.route(
    "GET", "/v5/users/{user_id}/attached-policies", action="iam:users:listAttachedPolicies"
)  # fmt: skip
def list_attached_user_policies(call: Call) -> Any:
    """The policies granted to a user itself."""
    return _attached(call, "user", user(call, call.params["user_id"])["id"])


@IAM.route(
    "GET", "/v5/groups/{group_id}/attached-policies", action="iam:groups:listAttachedPolicies"
)
def list_attached_group_policies(call: Call) -> Any:
    """The policies granted to a group."""
    return _attached(call, "group", group(call, call.params["group_id"])["id"])
