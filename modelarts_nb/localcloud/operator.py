"""What only the one who runs the local cloud may ask for, below ``/_local/``.

Signed like everything else, with a key of its own that is no user's. Not an API of the cloud.
"""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.faults import parse_fault
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import Reply
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import OPERATOR as OPERATOR_ONLY
from modelarts_nb.localcloud.web.service import Service

OPERATOR = Service(
    "local",
    forbidden=lambda action: CloudError(403, "APIGW.0302", f"Not for everyone: {action}"),
    invalid=lambda message: CloudError(400, "APIGW.0201", message),
)


@OPERATOR.route("GET", "/_local/status", action=OPERATOR_ONLY)
def status(call: Call) -> Any:
    """What is running."""
    return {
        "endpoint": call.cloud.endpoint,
        "region": call.cloud.region,
        "services": sorted({service.name for service in call.cloud.services}),
        "faults": len(call.cloud.faults.waiting()),
        "clock_offset": call.cloud.clock_offset,
    }


@OPERATOR.route("GET", "/_local/faults", action=OPERATOR_ONLY)
def list_faults(call: Call) -> Any:
    """The faults that are still waiting for their request."""
    return {"faults": [fault.to_dict() for fault in call.cloud.faults.waiting()]}


@OPERATOR.route("POST", "/_local/faults", action=OPERATOR_ONLY)
def add_fault(call: Call) -> Any:
    """Have something go wrong."""
    fault = parse_fault(call.body())
    call.cloud.faults.add(fault)
    return Reply(201, fault.to_dict())


@OPERATOR.route("DELETE", "/_local/faults", action=OPERATOR_ONLY)
def clear_faults(call: Call) -> Any:
    """Have nothing go wrong."""
    call.cloud.faults.clear()
    return Reply(204)


@OPERATOR.route("PUT", "/_local/clock", action=OPERATOR_ONLY)
def put_clock(call: Call) -> Any:
    """Put the cloud's clock forward: leases and temporary keys end, signatures are not touched."""
    call.cloud.clock_offset = float(Fields(call.body()).number("offset_seconds", most=10**9))
    return {"offset_seconds": call.cloud.clock_offset}
