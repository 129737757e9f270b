"""NFS export rules of a share: kept and shown; nothing here is mounted over a network."""

from __future__ import annotations

import ipaddress
import sqlite3
import uuid
from typing import Any

from modelarts_nb.localcloud.sfsturbo.service import ONE, RIGHT, SFSTURBO, share
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError

_RULES = ONE + "/fs/perm-rules"
_MOST_AT_ONCE = 5


def _shown(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in ("id", "ip_cidr", "rw_type", "user_type")}


def _rule(call: Call) -> Row:
    row = call.db.one(
        "SELECT * FROM sfsturbo_rule WHERE id = ? AND share_id = ?",
        call.params["rule_id"],
        share(call, ready=True)["id"],
    )
    if row is None:
        raise CloudError(400, "SFS.TURBO.0001", "rule not exist")
    return row


def _kinds(fields: Fields) -> tuple[str, str]:
    return (
        fields.choice("rw_type", "rw", "ro", "none"),
        fields.choice("user_type", "no_root_squash", "root_squash", "all_squash"),
    )


@SFSTURBO.route("GET", _RULES, action=RIGHT + "listPermRules")
def list_rules(call: Call) -> Any:
    """A share's rules."""
    rows = call.db.all(
        "SELECT * FROM sfsturbo_rule WHERE share_id = ? ORDER BY ip_cidr",
        share(call, ready=True)["id"],
    )
    offset = call.request.number("offset", 0)
    limit = call.request.number("limit", 100, least=1, most=1000)
    return {"rules": [_shown(row) for row in rows[offset : offset + limit]]}


@SFSTURBO.route("POST", _RULES, action=RIGHT + "createPermRule")
def create_rules(call: Call) -> Any:
    """Up to five new rules, all or none."""
    share_id = share(call, ready=True)["id"]
    made = []
    for fields in Fields(call.body()).objects("rules", least=1, most=_MOST_AT_ONCE):
        rule_id = str(uuid.uuid4())
        values = (rule_id, share_id, _network(fields.text("ip_cidr", most=64)), *_kinds(fields))
        try:
            call.db.run("INSERT INTO sfsturbo_rule VALUES (?, ?, ?, ?, ?)", *values)
        except sqlite3.IntegrityError:
            raise CloudError(400, "SFS.TURBO.0001", f"rule of {values[2]} already exist") from None
        made.append(rule_id)
    rows = [call.db.one("SELECT * FROM sfsturbo_rule WHERE id = ?", rule_id) for rule_id in made]
    return {"rules": [_shown(row) for row in rows if row is not None]}


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise BadRequest("ip_cidr must be an address or a network.") from None
    return text


@SFSTURBO.route("GET", _RULES + "/{rule_id}", action=RIGHT + "showPermRule")
def show_rule(call: Call) -> Any:
    """One rule."""
    return _shown(_rule(call))


@SFSTURBO.route("PUT", _RULES + "/{rule_id}", action=RIGHT + "updatePermRule")
def update_rule(call: Call) -> Any:
    """Change what a rule allows."""
    row = _rule(call)
    call.db.run(
        "UPDATE sfsturbo_rule SET rw_type = ?, user_type = ? WHERE id = ?",
        *_kinds(Fields(call.body())),
        row["id"],
    )
    return _shown(_rule(call))


@SFSTURBO.route("DELETE", _RULES + "/{rule_id}", action=RIGHT + "deletePermRule")
def delete_rule(call: Call) -> Any:
    """Delete a rule."""
    call.db.run("DELETE FROM sfsturbo_rule WHERE id = ?", _rule(call)["id"])
    return Reply(204)
