"""Which policies are in force for a caller, and what they say to an action."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from modelarts_nb.localcloud.iam.policy import Cause, Decision, Policy, Statement, parse_policy
from modelarts_nb.localcloud.iam.policy import decide as ask
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Caller

# Services of the account and not of a region (seed 2.4.1: OBS is global, ModelArts is not).
GLOBAL_SERVICES = frozenset({"iam", "obs", "eps", "tms", "cdn"})

_ROOT = Policy("(account)", (Statement("Allow", ("*:*:*",)),))


def is_global(action: str) -> bool:
    """Whether an action belongs to a service of the account, as OBS and IAM are."""
    return action.split(":", 1)[0].lower() in GLOBAL_SERVICES


def decide(
    db: Db, caller: Caller, action: str, context: Mapping[str, str], resource: str
) -> Decision:
    """What is in force for a caller, asked for one action."""
    keys = context_of(caller, action, context)
    decision = ask(policies(db, caller, action), action, resource, keys)
    if decision.allowed and caller.session_policy:
        # A policy that came with a temporary key only ever takes away.
        return ask([_parsed("(session)", caller.session_policy)], action, resource, keys)
    return decision


def context_of(caller: Caller, action: str, context: Mapping[str, str]) -> dict[str, str]:
    """The condition keys of a request: its own, and those that every request has."""
    return {
        "g:UserName": caller.user_name,
        "g:UserId": caller.user_id,
        "g:DomainId": caller.domain_id,
        "g:ServiceName": action.split(":", 1)[0],
        **context,
    }


def every_resource(action: str, region: str, domain_id: str) -> str:
    """The resource of a call that names none, as policies name resources."""
    service, kind, _ = action.split(":", 2)
    return f"{service.lower()}:{region}:{domain_id}:{kind}:*"


def policies(db: Db, caller: Caller, action: str) -> list[Policy]:
    """The policies in force for a caller where the action belongs: in its project or account."""
    if caller.kind == "operator":
        return []
    if caller.is_root:
        return [_ROOT]
    return [_parsed(row["display_name"], row["document"]) for row in _granted(db, caller, action)]


def custom_policies(db: Db, domain_id: str) -> list[Policy]:
    """Every custom policy of an account, granted to somebody or not."""
    rows = db.all("SELECT display_name, document FROM iam_role WHERE domain_id = ?", domain_id)
    return [_parsed(row["display_name"], row["document"]) for row in rows]


def has_role(db: Db, caller: Caller, display_name: str, action: str) -> bool:
    """Whether a role of this name, as ``Tenant Administrator``, is in force for a caller."""
    return caller.is_root or any(
        row["display_name"] == display_name for row in _granted(db, caller, action)
    )


_IN_FORCE = """
    SELECT DISTINCT r.id, r.display_name, r.document
    FROM iam_role r JOIN iam_grant g ON g.role_id = r.id
    WHERE (g.subject_kind = :kind AND g.subject_id = :id
           OR :kind = 'user' AND g.subject_kind = 'group' AND g.subject_id IN
              (SELECT group_id FROM iam_membership WHERE user_id = :id))
      AND (g.scope_kind = :scope_kind AND g.scope_id = :scope_id
           OR g.scope_kind = 'all_projects' AND g.scope_id = :domain)
    ORDER BY r.id
"""


def _granted(db: Db, caller: Caller, action: str) -> list[Row]:
    everywhere = is_global(action)
    return db.all(
        _IN_FORCE,
        {
            "kind": caller.kind,
            "id": caller.agency_id if caller.kind == "agency" else caller.user_id,
            "scope_kind": "domain" if everywhere else "project",
            "scope_id": caller.domain_id if everywhere else caller.project_id,
            "domain": caller.domain_id,
        },
    )


@lru_cache(maxsize=1024)
def _parsed(name: str, document: str) -> Policy:
    return parse_policy(name, json.loads(document))


__all__ = [
    "Cause",
    "Decision",
    "context_of",
    "custom_policies",
    "decide",
    "every_resource",
    "has_role",
    "is_global",
    "policies",
]
