"""Folder rights on SFS Turbo (seed 2.3.7), in force only in strict mode.

As long as no policy of the account names ``modelarts:sfsId``, ``sfsPath`` or ``sfsOption``,
everybody may mount. From then on a user needs a statement that names them and fits: a statement
without these conditions (``modelarts:*:*``) is not enough. "Tenant Administrator" needs none.
"""

from __future__ import annotations

from modelarts_nb.localcloud.iam.access import custom_policies, has_role, policies
from modelarts_nb.localcloud.iam.policy import Policy, Statement
from modelarts_nb.localcloud.modelarts.authorizations import is_strict
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.web.call import Call

ACTION = "modelarts:notebook:create"
_KEYS = {"modelarts:sfsId", "modelarts:sfsPath", "modelarts:sfsOption"}


def need_folder(call: Call, share_id: str, path: str) -> None:
    """Go on only if the caller may mount this folder of a share, to read and to write.

    Raises:
        CloudError: folder rights are in force and give the caller none to it.
    """
    if not is_strict(call.db, call.caller.domain_id):
        return
    if not any(_named(policy) for policy in custom_policies(call.db, call.caller.domain_id)):
        return
    if has_role(call.db, call.caller, "Tenant Administrator", ACTION):
        return
    context = {
        "modelarts:sfsId": share_id,
        "modelarts:sfsPath": path,
        "modelarts:sfsOption": "readwrite",
    }
    for policy in policies(call.db, call.caller, ACTION):
        for statement in _named(policy):
            if statement.concerns(ACTION, "*") and not statement.failing(context):
                return
    raise refusal("0112", f"mounting {path} of SFS Turbo {share_id}")


def _named(policy: Policy) -> list[Statement]:
    """Statements that give folder rights."""
    return [
        statement
        for statement in policy.statements
        if statement.effect == "Allow"
        and _KEYS & {condition.key for condition in statement.conditions}
    ]
