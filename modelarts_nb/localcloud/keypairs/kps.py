"""KPS v3. Codes other than ``KPS.0002`` are not public; those here only keep cases apart."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.keypairs.keys import KeyRefused, is_half_of
from modelarts_nb.localcloud.keypairs.pairs import (
    NAME,
    SCHEMA,
    NameTaken,
    Scope,
    create,
    delete,
    find,
    owner,
    visible,
)
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import Service

KPS = Service(
    "kps",
    forbidden=lambda action: CloudError(
        403, "KPS.0003", f"Policy doesn't allow {action} to be performed."
    ),
    invalid=lambda message: CloudError(400, "KPS.0002", f"Parameter error: {message}"),
    schema=SCHEMA,
)
_PAIRS = "/v3/{project_id}/keypairs"
_RIGHT = "kps:domainKeypairs:"


def _shown(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "type": "ssh",
        "scope": row["scope"],
        "public_key": row["public_key"],
        "fingerprint": row["fingerprint"],
        "is_key_protection": row["private_key"] is not None,
        "frozen_state": "0",
    }


def _pair(call: Call, name: str) -> Row:
    row = find(call.db, call.project_id, owner(call.caller), name)
    if row is None:
        raise CloudError(404, "KPS.0404", f"Key pair {name[:255]} does not exist.")
    return row


@KPS.route("GET", _PAIRS, action=_RIGHT + "list")
def list_keypairs(call: Call) -> Any:
    """The pairs that the caller sees, by pages that begin after ``marker``."""
    limit = call.request.number("limit", 50, least=1, most=1000)
    marker = call.request.number("marker", 0)
    rows = sorted(
        visible(call.db, call.project_id, owner(call.caller)), key=lambda row: int(row["id"])
    )
    rest = [row for row in rows if row["id"] > marker]
    page = rest[:limit]
    more = str(page[-1]["id"]) if len(rest) > limit else None
    return {
        "keypairs": [{"keypair": _shown(row)} for row in page],
        "page_info": {
            "next_marker": more,
            "previous_marker": str(marker) if marker else None,
            "current_count": len(page),
        },
    }


@KPS.route("GET", _PAIRS + "/{name}", action=_RIGHT + "get")
def show_keypair(call: Call) -> Any:
    """One pair, with whose it is."""
    row = _pair(call, call.params["name"])
    detail = {
        "id": row["id"],
        "user_id": row["owner_id"],
        "description": row["description"],
        "create_time": int(row["created"]),
        "update_time": int(row["updated"]),
        "delete_time": None,
        "deleted": False,
        "frozen_state": 0,
        "algorithm": "RSA",
    }
    return {"keypair": {**_shown(row), **detail}}


@KPS.route("POST", _PAIRS, action=_RIGHT + "create")
def create_keypair(call: Call) -> Any:
    """A new pair, whose private half is in this answer and nowhere else; or an imported one."""
    fields = Fields(call.body()).object("keypair")
    name = fields.text("name", pattern=NAME)
    if fields.choice("type", "ssh", "x509", default="ssh") != "ssh":
        raise BadRequest("The local cloud has no x509 key pairs.")
    if fields.text("user_id", owner(call.caller)) != owner(call.caller):
        raise CloudError(403, "KPS.0003", "Key pairs are made for oneself.")
    scope: Scope = "user"
    if fields.choice("scope", "user", "domain", default="user") == "domain":
        scope = "domain"
    try:
        new = create(call, name, scope, fields.text("public_key", "", most=16384))
    except NameTaken:
        raise CloudError(409, "KPS.0409", f"Key pair {name} already exists.") from None
    except KeyRefused as error:
        raise BadRequest(str(error)) from None
    if fields.has("key_protection"):
        _host(call, new.row, fields.object("key_protection"), new.private)
    shown = {key: new.row[key] for key in ("name", "public_key", "fingerprint")}
    private = {"private_key": new.private} if new.private else {}
    return {"keypair": {**shown, "type": "ssh", "user_id": new.row["owner_id"], **private}}


@KPS.route("PUT", _PAIRS + "/{name}", action=_RIGHT + "update")
def update_keypair(call: Call) -> Any:
    """Describe a pair."""
    row = _own(call, call.params["name"])
    text = Fields(call.body()).object("keypair").text("description", "", most=255)
    call.db.run(
        "UPDATE keypair_pair SET description = ?, updated = ? WHERE id = ?",
        text,
        call.cloud.now(),
        row["id"],
    )
    return Reply(204)


@KPS.route("DELETE", _PAIRS + "/{name}", action=_RIGHT + "delete")
def delete_keypair(call: Call) -> Any:
    """Delete a pair."""
    delete(call.db, _pair(call, call.params["name"]))
    return Reply(204)


@KPS.route("POST", _PAIRS + "/private-key/import", action=_RIGHT + "importPrivateKey")
def import_private_key(call: Call) -> Any:
    """Give a private half to the cloud to keep."""
    fields = Fields(call.body()).object("keypair")
    row = _own(call, fields.text("name", most=255))
    _host(call, row, fields.object("key_protection"), "")
    return {"keypair": {"name": row["name"]}}


@KPS.route("POST", _PAIRS + "/private-key/export", action=_RIGHT + "exportPrivateKey")
def export_private_key(call: Call) -> Any:
    """A private half that the cloud keeps; whoever made the pair may have it."""
    row = _own(call, Fields(call.body()).object("keypair").text("name", most=255))
    if row["private_key"] is None:
        raise CloudError(400, "KPS.0405", f"The private key of {row['name']} is not kept here.")
    return {"keypair": {"name": row["name"], "private_key": row["private_key"]}}


@KPS.route("DELETE", _PAIRS + "/{name}/private-key", action=_RIGHT + "clearPrivateKey")
def clear_private_key(call: Call) -> Any:
    """Have the cloud forget a private half."""
    row = _own(call, call.params["name"])
    call.db.run("UPDATE keypair_pair SET private_key = NULL WHERE id = ?", row["id"])
    return Reply(204)


def _own(call: Call, name: str) -> Row:
    """A pair that the caller made."""
    row = _pair(call, name)
    if row["owner_id"] != owner(call.caller):
        raise CloudError(403, "KPS.0003", f"Key pair {row['name']} is another user's.")
    return row


def _host(call: Call, row: Row, protection: Fields, made: str) -> None:
    if protection.object("encryption").choice("type", "kms", "default") == "kms":
        raise BadRequest("The local cloud has no KMS; the encryption type must be default.")
    private = made or protection.text("private_key", most=16384)
    try:
        fits = is_half_of(private, row["public_key"])
    except KeyRefused as error:
        raise BadRequest(str(error)) from None
    if not fits:
        raise BadRequest("The private key is not that of the key pair.")
    call.db.run("UPDATE keypair_pair SET private_key = ? WHERE id = ?", private, row["id"])
