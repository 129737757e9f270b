"""Agencies: rights that another account (ModelArts' own, for the services) may use."""

from __future__ import annotations

import sqlite3
from typing import Any

from modelarts_nb.localcloud.iam.account import MAX_AGENCIES, add_agency
from modelarts_nb.localcloud.iam.service import IAM, conflict, not_found, own_domain, page, stamp
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError

_LIST = "iam:agencies:listAgencies"


def agency(call: Call, agency_id: str) -> Row:
    """An agency of the caller's account.

    Raises:
        CloudError: there is none.
    """
    row = call.db.one(
        "SELECT * FROM iam_agency WHERE id = ? AND domain_id = ?", agency_id, call.caller.domain_id
    )
    if row is None:
        raise not_found("agency", agency_id)
    return row


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "domain_id": row["domain_id"],
        "trust_domain_id": row["trust_domain_id"],
        "trust_domain_name": row["trust_domain_name"],
        "description": row["description"],
        "duration": row["duration"],
        "create_time": stamp(row["created"]),
        "expire_time": None,
    }


@IAM.route("GET", "/v3.0/OS-AGENCY/agencies", action=_LIST)
def list_agencies(call: Call) -> Any:
    """The account's agencies."""
    request = call.request
    own_domain(call, request.get("domain_id") or "")
    rows = call.db.all(
        "SELECT * FROM iam_agency WHERE domain_id = ? ORDER BY name", call.caller.domain_id
    )
    wanted = {key: request.get(key) for key in ("name", "trust_domain_id")}
    found = [row for row in rows if all(v in {None, "", row[k]} for k, v in wanted.items())]
    return {"agencies": [_shown(row) for row in page(call, found)]}


@IAM.route("GET", "/v3.0/OS-AGENCY/agencies/{agency_id}", action="iam:agencies:getAgency")
def show_agency(call: Call) -> Any:
    """One agency."""
    return {"agency": _shown(agency(call, call.params["agency_id"]))}


@IAM.route("POST", "/v3.0/OS-AGENCY/agencies", action="iam:agencies:createAgency")
def create_agency(call: Call) -> Any:
    """A new agency, which may do nothing yet."""
    fields = Fields(call.body()).object("agency")
    own_domain(call, fields.text("domain_id"))
    name = fields.text("name", most=64)
    trusted = _trusted(call, fields)
    count = call.db.one(
        "SELECT count(*) AS n FROM iam_agency WHERE domain_id = ?", call.caller.domain_id
    )
    if count is not None and count["n"] >= MAX_AGENCIES:
        raise CloudError(403, "IAM.0006", f"There may be {MAX_AGENCIES} agencies.")
    duration = fields.text("duration", "FOREVER", pattern=r"FOREVER|ONEDAY|\d{1,5}")
    try:
        agency_id = add_agency(
            call.db,
            call.caller.domain_id,
            name,
            trusted,
            call.cloud.now(),
            description=fields.text("description", "", most=255),
            duration=duration,
        )
    except sqlite3.IntegrityError:
        raise conflict("agency", f"the name {name} is taken") from None
    return Reply(201, {"agency": _shown(agency(call, agency_id))})


def _trusted(call: Call, fields: Fields) -> tuple[str, str]:
    """The id and name of the account that is trusted."""
    trust_id, name = fields.text("trust_domain_id", ""), fields.text("trust_domain_name", "")
    row = call.db.one("SELECT * FROM iam_domain WHERE id = ? OR name = ?", trust_id, name)
    if row is None:
        raise BadRequest("trust_domain_id or trust_domain_name must be that of an account.")
    return row["id"], row["name"]


@IAM.route("DELETE", "/v3.0/OS-AGENCY/agencies/{agency_id}", action="iam:agencies:deleteAgency")
def delete_agency(call: Call) -> Any:
    """Delete an agency; its temporary keys are worth nothing from now on."""
    row = agency(call, call.params["agency_id"])
    call.db.run("DELETE FROM iam_grant WHERE subject_id = ?", row["id"])
    call.db.run("DELETE FROM iam_agency WHERE id = ?", row["id"])
    return Reply(204)
