"""``validate_authorization``: what would the policies say, and which of them?"""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.iam.policy import Cause
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.sfspolicy import folder_rights
from modelarts_nb.localcloud.modelarts.workspaces import enter
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest
from modelarts_nb.localcloud.web.service import ANYONE


@SERVICE.route("POST", "/v1/{project_id}/workspaces/{workspace_id}/auth", action=ANYONE)
def validate(call: Call) -> Any:
    """Answer for each action. Everyone may ask about themselves."""
    enter(call, call.params["workspace_id"])
    asked = Fields(call.body()).objects("requests", least=1, most=100)
    return {"results": [_answer(call, one) for one in asked]}


def _answer(call: Call, fields: Fields) -> dict[str, Any]:
    action = fields.text("action", pattern=r"[\w-]+:[\w.-]+:[\w.-]+", most=256)
    resource = fields.text("resource", "*", most=1500)
    attributes = fields.raw_object("service_attributes") if fields.has("service_attributes") else {}
    if not all(isinstance(value, str) for value in attributes.values()):
        raise BadRequest("service_attributes must hold texts.")
    decision = call.decide(action, attributes, resource)
    if decision.allowed:
        # What a policy allows, the folder rights of strict mode may still keep from one.
        decision = folder_rights(call, action, attributes) or decision
    return {
        "action_id": fields.text("action_id", " ", most=128).strip(),
        "action": action,
        "resource": resource,
        "verdict": "allow" if decision.allowed else "deny",
        "cause": [] if decision.allowed else [_cause(cause) for cause in decision.causes],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "policy_name": cause.policy,
        "condition": [
            {"key": one.key, "operator": one.operator, "value": list(one.values)}
            for one in cause.conditions
        ],
    }
