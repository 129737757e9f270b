"""Which right each call needs, and how a policy spells it. Data.

Actions: chapter 2.2 of the best practices and the permission pages of ModelArts. Where no source
names one the call is not here, and the hint says less.
"""

from __future__ import annotations

import json
import re

from modelarts_nb.cloud.codes import NOT_YET

ACTIONS: dict[str, tuple[str, ...]] = {
    "list_notebooks": ("modelarts:notebook:list",),
    # Two policies in the console: one for project services, one for global ones.
    "list_all_notebooks": ("modelarts:notebook:listAllNotebooks", "iam:users:listUsers"),
    "show_notebook": ("modelarts:notebook:get",),
    "create_notebook": ("modelarts:notebook:create",),
    "update_notebook": ("modelarts:notebook:update",),
    "delete_notebook": ("modelarts:notebook:delete",),
    "start_notebook": ("modelarts:notebook:start",),
    "stop_notebook": ("modelarts:notebook:stop",),
    "renew_lease": ("modelarts:notebook:updateStopPolicy",),
    "show_lease": ("modelarts:notebook:get",),
    "list_dynamic_storages": ("modelarts:notebook:listMountedStorages",),
    "show_dynamic_storage": ("modelarts:notebook:getMountedStorage",),
    "attach_dynamic_storage": ("modelarts:notebook:mountStorage",),
    # The agency's table spells it umountStorage; a policy for users takes this one.
    "detach_dynamic_storage": ("modelarts:notebook:unmountStorage",),
    "list_pools": ("modelarts:pool:list",),
    "show_network": ("modelarts:network:get",),
    "list_image": ("modelarts:image:list",),
    "create_training_job": ("modelarts:trainJob:create",),
    "list_training_jobs": ("modelarts:trainJob:list",),
    "show_training_job_details": ("modelarts:trainJob:get",),
    "list_training_job_tasks": ("modelarts:trainJob:get",),
    "list_training_job_events": ("modelarts:trainJob:get",),
    "show_training_job_metrics": ("modelarts:trainJob:get",),
    "show_training_job_logs_from_aom": ("modelarts:trainJob:get",),
    "show_training_job_logs_preview": ("modelarts:trainJob:get",),
    # No reference says which one stops a job; the one that changes it is the nearest.
    "stop_training_job": ("modelarts:trainJob:update",),
    "delete_training_job": ("modelarts:trainJob:delete",),
    # Cloud Shell, which is no operation of the SDK.
    "exec_training_job": ("modelarts:trainJob:exec",),
    "list_shares": ("sfsturbo:shares:getAllShares",),
    "show_share": ("sfsturbo:shares:getShare",),
    "show_fs_dir": ("sfsturbo:shares:showFsDir",),
    "list_keypairs": ("kps:domainKeypairs:list",),
    "list_keypair_detail": ("kps:domainKeypairs:get",),
    # What policies call these two is in no reference; others' policies spell it so.
    "create_keypair": ("kps:domainKeypairs:create",),
    "delete_keypair": ("kps:domainKeypairs:delete",),
    "nova_list_keypairs": ("ecs:serverKeypairs:list",),
    "nova_show_keypair": ("ecs:serverKeypairs:get",),
    "nova_create_keypair": ("ecs:serverKeypairs:create",),
    "nova_delete_keypair": ("ecs:serverKeypairs:delete",),
}

# Services whose rights are granted for the account, not for a project.
_GLOBAL = {"iam", "obs"}
_ACTION = re.compile(r"\b[a-z][a-z0-9]+:[A-Za-z][A-Za-z0-9]*:[A-Za-z][A-Za-z0-9]*\b")


def policy_hint(operation: str, server_words: str) -> str:
    """Which action is missing and the smallest policy that grants it.

    Args:
        operation: of the SDK.
        server_words: the server may name the action itself: that is the better word.
    """
    named = tuple(dict.fromkeys(_ACTION.findall(server_words)))
    usual = ACTIONS.get(operation, ())
    # It names one of several that are needed, or one that nobody knew.
    needed = usual if not named or set(named) <= set(usual) else named
    if not needed:
        return "The right to this is missing: ask who runs the account. " + NOT_YET
    which = (
        f"The action {needed[0]} is missing."
        if len(needed) == 1
        else f"One of these actions is missing, or all: {', '.join(needed)}."
    )
    lines = [f"{which} Custom policy (JSON view), to be granted to a user group of yours:"]
    for everywhere in (False, True):
        actions = [a for a in needed if (a.split(":")[0] in _GLOBAL) is everywhere]
        if actions:
            statement = {"Effect": "Allow", "Action": actions}
            scope = (
                "for global services"
                if everywhere
                else "for this project (not for an enterprise project)"
            )
            policy = json.dumps({"Version": "1.1", "Statement": [statement]})
            lines.append(f"  {scope}: {policy}")
    return "\n".join([*lines, NOT_YET])
