"""IAM's two halves: the Keystone paths below ``/v3`` and IAM's own below ``/v3.0`` and ``/v5``.

They refuse in two shapes, so they are two services here.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from modelarts_nb.localcloud.iam.tables import SCHEMA
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.message import BadRequest
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import Service

_TITLES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


def _keystone(error: CloudError) -> dict[str, Any]:
    title = _TITLES.get(error.status, "Error")
    return {"error": {"code": error.status, "message": error.message, "title": title}}


def _forbidden(action: str) -> CloudError:
    return CloudError(
        403, "IAM.0002", f"You are not authorized to perform the requested action: {action}"
    )


def _invalid(message: str) -> CloudError:
    return CloudError(400, "IAM.0011", f"Request body is invalid: {message}")


KEYSTONE = Service("iam", _forbidden, _invalid, shape=_keystone, schema=SCHEMA, in_project=False)
IAM = Service("iam", _forbidden, _invalid, in_project=False)


def not_found(what: str, which: str) -> CloudError:
    """The refusal of an id that is nobody's, or somebody's of another account."""
    return CloudError(404, "IAM.0004", f"Could not find {what}: {which[:100]}.")


def conflict(what: str, details: str) -> CloudError:
    """The refusal of a name that is taken."""
    message = f"Conflict occurred attempting to store {what} - {details}."
    return CloudError(409, "IAM.0005", message)


def own_domain(call: Call, domain_id: str) -> str:
    """The account that a call names, which must be the caller's.

    Raises:
        CloudError: it is another.
    """
    if domain_id != call.caller.domain_id:
        raise CloudError(403, "IAM.0002", "You may only ask about your own account.")
    return domain_id


def links(call: Call) -> dict[str, Any]:
    """Where a list came from."""
    return {"self": call.cloud.endpoint + call.request.path, "previous": None, "next": None}


def page(call: Call, rows: list[Any]) -> list[Any]:
    """The rows of ``page`` and ``per_page``; all where they are not given.

    Raises:
        BadRequest: one is given without the other, or not a number.
    """
    request = call.request
    if (request.get("page") is None) != (request.get("per_page") is None):
        raise BadRequest("page and per_page go together.")
    size = request.number("per_page", 300, least=1, most=300)
    first = (request.number("page", 1, least=1) - 1) * size
    return rows if request.get("page") is None else rows[first : first + size]


def page_info(call: Call, rows: list[Row]) -> dict[str, Any]:
    """Where the next page of a v5 list begins, where there may be one."""
    full = len(rows) >= call.request.number("limit", 100, least=1, most=200)
    return {"next_marker": rows[-1]["id"] if full else None, "current_count": len(rows)}


def stamp(seconds: float) -> str:
    """A time as IAM writes it, in UTC: ``2026-01-31T12:00:00.000000Z``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
