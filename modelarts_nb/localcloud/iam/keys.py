"""Access keys: whose one is, new ones, and temporary ones of a user or an agency."""

from __future__ import annotations

import json
from typing import Any

from modelarts_nb.localcloud.iam.account import add_key, add_temporary_key
from modelarts_nb.localcloud.iam.invalid import PolicyInvalid
from modelarts_nb.localcloud.iam.policy import parse_policy
from modelarts_nb.localcloud.iam.service import IAM, not_found, stamp
from modelarts_nb.localcloud.iam.users import user
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import ASKED_INSIDE

_MAX_KEYS = 2
_CREDENTIALS = "/v3.0/OS-CREDENTIAL/credentials"


def _shown(row: Row) -> dict[str, Any]:
    return {
        "user_id": row["user_id"],
        "access": row["access"],
        "status": row["status"],
        "create_time": stamp(row["created"]),
        "last_use_time": stamp(row["created"]),
        "description": row["description"],
    }


def _is_oneself(call: Call, user_id: str | None) -> bool:
    """Whether a user asks for what is the user's own, and not a session that may less."""
    caller = call.caller
    return caller.kind == "user" and not caller.session_policy and user_id == caller.user_id


def _permanent(call: Call, access: str) -> Row | None:
    return call.db.one(
        "SELECT k.* FROM iam_key k JOIN iam_user u ON u.id = k.user_id"
        " WHERE k.access = ? AND k.expires IS NULL AND u.domain_id = ?",
        access,
        call.caller.domain_id,
    )


@IAM.route("GET", _CREDENTIALS + "/{access_key}", action=ASKED_INSIDE)
def show_permanent_key(call: Call) -> Any:
    """Whose key it is; one's own without a right. Temporary keys are not found here."""
    row = _permanent(call, call.params["access_key"])
    if row is None or row["user_id"] != call.caller.user_id:
        call.require("iam:credentials:getCredential")
    call.needs_no_right()
    if row is None:
        raise not_found("credential", call.params["access_key"])
    return {"credential": _shown(row)}


@IAM.route("GET", _CREDENTIALS, action=ASKED_INSIDE)
def list_permanent_keys(call: Call) -> Any:
    """The keys of a user, without their secrets; one's own without a right."""
    user_id = call.request.get("user_id") or call.caller.user_id
    if user_id != call.caller.user_id:
        call.require("iam:credentials:listCredentials")
    call.needs_no_right()
    rows = call.db.all(
        "SELECT * FROM iam_key WHERE user_id = ? AND expires IS NULL ORDER BY created",
        user(call, user_id)["id"],
    )
    return {"credentials": [_shown(row) for row in rows]}


@IAM.route("POST", _CREDENTIALS, action=ASKED_INSIDE)
def create_permanent_key(call: Call) -> Any:
    """A new key; its secret is said this once. Worth nothing after the next start of the cloud."""
    fields = Fields(call.body()).object("credential")
    user_id = fields.text("user_id")
    if not _is_oneself(call, user_id):
        call.require("iam:credentials:createCredential")
    call.needs_no_right()
    owner = user(call, user_id)["id"]
    count = call.db.one(
        "SELECT count(*) AS n FROM iam_key WHERE user_id = ? AND expires IS NULL", owner
    )
    if count is not None and count["n"] >= _MAX_KEYS:
        raise CloudError(400, "IAM.0006", f"The user has {_MAX_KEYS} access keys already.")
    key = add_key(call.db, owner, call.cloud.now(), fields.text("description", "", most=255))
    row = _permanent(call, key.access)
    return Reply(201, {"credential": {**(_shown(row) if row else {}), "secret": key.secret}})


@IAM.route("DELETE", _CREDENTIALS + "/{access_key}", action=ASKED_INSIDE)
def delete_permanent_key(call: Call) -> Any:
    """Delete a key; one's own without a right."""
    row = _permanent(call, call.params["access_key"])
    if row is None or not _is_oneself(call, row["user_id"]):
        call.require("iam:credentials:deleteCredential")
    call.needs_no_right()
    if row is None:
        raise not_found("credential", call.params["access_key"])
    call.db.run("DELETE FROM iam_key WHERE access = ?", row["access"])
    return Reply(204)


@IAM.route("POST", "/v3.0/OS-CREDENTIAL/securitytokens", action=ASKED_INSIDE)
def create_temporary_key(call: Call) -> Any:
    """A temporary key: of oneself (``token``), or of an agency (``assume_role``)."""
    identity = Fields(call.body()).object("auth").object("identity")
    policy = _session_policy(identity)
    if identity.texts("methods") == ["assume_role"]:
        return _of_agency(call, identity.object("assume_role"), policy)
    if identity.texts("methods") == ["token"]:
        token = identity.object("token") if identity.has("token") else Fields({})
        return _of_caller(call, token, policy)
    raise BadRequest('methods must be ["token"] or ["assume_role"].')


def _of_caller(call: Call, token: Fields, policy: str) -> Reply:
    call.needs_no_right()
    if token.has("id") or "x-auth-token" in call.request.headers:
        raise CloudError(401, "IAM.0001", "The local cloud issues no tokens; sign with AK and SK.")
    if call.caller.kind != "user":
        raise CloudError(403, "IAM.0002", "An agency's key cannot be renewed by itself.")
    if call.caller.session_policy and policy:
        raise CloudError(403, "IAM.0002", "A narrowed key cannot be narrowed anew.")
    seconds = token.number("duration_seconds", 900, least=900, most=86400)
    narrowed = call.caller.session_policy or policy
    return _issued(call, seconds, user_id=call.caller.user_id, session_policy=narrowed)


def _of_agency(call: Call, assume: Fields, policy: str) -> Reply:
    """The rights of an agency, for whom it trusts and who may use agencies."""
    name = assume.text("agency_name")
    row = call.db.one(
        "SELECT a.* FROM iam_agency a JOIN iam_domain d ON d.id = a.domain_id"
        " WHERE a.name = ? AND (d.id = ? OR d.name = ?)",
        name,
        assume.text("domain_id", ""),
        assume.text("domain_name", ""),
    )
    # An account may use its own agencies, too: that is how a notebook gets ModelArts' (seed 2.2.2).
    if row is None or call.caller.domain_id not in {row["domain_id"], row["trust_domain_id"]}:
        call.needs_no_right()
        raise not_found("agency", name)
    call.require("iam:tokens:assume", resource=f"/iam/agencies/{row['id']}")
    seconds = assume.number("duration_seconds", 900, least=900, most=86400)
    own_user = call.caller.user_id if call.caller.domain_id == row["domain_id"] else ""
    return _issued(call, seconds, user_id=own_user, agency_id=row["id"], session_policy=policy)


def _issued(call: Call, seconds: int, **whose: str) -> Reply:
    now = call.cloud.now()
    key, token = add_temporary_key(call.db, now, seconds, **whose)
    return Reply(
        201,
        {
            "credential": {
                "access": key.access,
                "secret": key.secret,
                "securitytoken": token,
                "expires_at": stamp(now + seconds),
            }
        },
    )


def _session_policy(identity: Fields) -> str:
    if not identity.has("policy"):
        return ""
    document = identity.raw_object("policy")
    try:
        parse_policy("(session)", document)
    except PolicyInvalid as error:
        raise BadRequest(str(error)) from None
    return json.dumps(document)
