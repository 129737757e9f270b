"""Folder rights on SFS Turbo (seed 2.3.7), in force only in strict mode.

As long as no policy of the account names ``modelarts:sfsId``, ``sfsPath`` or ``sfsOption``,
everybody may mount. From then on a user needs a statement that names them and fits: a statement
without these conditions (``modelarts:*:*``) is not enough. "Tenant Administrator" needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelarts_nb.localcloud.iam.access import (
    context_of,
    custom_policies,
    every_resource,
    has_role,
    policies,
)
from modelarts_nb.localcloud.iam.policy import Decision, Policy, Statement, decide
from modelarts_nb.localcloud.modelarts.authorizations import is_strict
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.web.call import Call

# Actions that mount a share (seed table 2-22). A notebook's is always mounted to read and write.
Action = Literal["modelarts:notebook:create", "modelarts:trainJob:create"]
ACTIONS = ("modelarts:notebook:create", "modelarts:trainJob:create")
_KEYS = {"modelarts:sfsId", "modelarts:sfsPath", "modelarts:sfsOption"}


def need_folder(
    call: Call,
    share_id: str,
    path: str,
    pool_id: str,
    *,
    action: Action = "modelarts:notebook:create",
    option: Literal["readonly", "readwrite"] = "readwrite",
) -> None:
    """Go on only if the caller may mount this folder of a share in a dedicated pool.

    Raises:
        CloudError: folder rights are in force and give the caller none to it.
    """
    context = {
        "modelarts:poolType": "dedicated",
        "modelarts:poolId": pool_id,
        "modelarts:sfsId": share_id,
        "modelarts:sfsPath": path,
        "modelarts:sfsOption": option,
    }
    decision = folder_rights(call, action, context)
    if decision is not None and not decision.allowed:
        raise refusal("0112", f"mounting {path} of SFS Turbo {share_id}")


def folder_rights(call: Call, action: str, context: Mapping[str, str]) -> Decision | None:
    """What folder rights say to an action of the caller; None where they bind nobody, or do not
    bind the caller, or the action mounts nothing."""
    domain_id = call.caller.domain_id
    if action not in ACTIONS or not _KEYS & context.keys() or not is_strict(call.db, domain_id):
        return None
    if not any(_named(policy) for policy in custom_policies(call.db, domain_id)):
        return None
    if has_role(call.db, call.caller, "Tenant Administrator", action):
        return None
    granted = policies(call.db, call.caller, action)
    return decide(
        [Policy(policy.name, tuple(_named(policy))) for policy in granted],
        action,
        every_resource(action, call.cloud.region, domain_id),
        context_of(call.caller, action, context),
    )


def _named(policy: Policy) -> list[Statement]:
    """Statements that give folder rights."""
    return [
        statement
        for statement in policy.statements
        if statement.effect == "Allow"
        and _KEYS & {condition.key for condition in statement.conditions}
    ]
