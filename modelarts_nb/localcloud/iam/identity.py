"""From a signature to a caller: whose key is it, and is it still good?"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING

from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Caller
from modelarts_nb.localcloud.web.message import Request
from modelarts_nb.localcloud.web.signature import NotSigned, claimed, verify

if TYPE_CHECKING:
    from modelarts_nb.localcloud.cloud import Cloud


def identify(db: Db, request: Request, cloud: Cloud) -> Caller:
    """Who signed a request.

    Raises:
        NotSigned: nobody who can be believed.
    """
    signature = claimed(request)
    # The signature's date is compared with the machine's clock, which is the client's too.
    if signature.access == cloud.operator.access:
        verify(request, signature, cloud.operator.secret, time.time())
        return Caller("operator", "", "", "operator", signature.access)
    key = db.one("SELECT * FROM iam_key WHERE access = ?", signature.access)
    if key is None:
        raise NotSigned(f"Get secretKey failed,ak:{signature.access[:64]},err:ak not exist")
    verify(request, signature, key["secret"], time.time())
    _is_good(key, request, cloud.now())
    return _caller(db, key)


def _is_good(key: Row, request: Request, now: float) -> None:
    token = request.headers.get("x-security-token", "")
    if not hmac.compare_digest(key["token"].encode(), token.encode()):
        raise NotSigned("the security token is not that of the access key")
    if key["expires"] is not None and key["expires"] <= now:
        raise NotSigned("the security token has expired")
    if key["status"] != "active":
        raise NotSigned(f"ak {key['access']} is inactive")


def _caller(db: Db, key: Row) -> Caller:
    if key["agency_id"]:
        agency = db.one("SELECT * FROM iam_agency WHERE id = ?", key["agency_id"])
        if agency is None:
            raise NotSigned("the agency of the security token was deleted")
        return Caller(
            "agency",
            agency["domain_id"],
            key["user_id"] or "",
            agency["name"],
            key["access"],
            agency_id=agency["id"],
            session_policy=key["session_policy"],
        )
    user = db.one("SELECT * FROM iam_user WHERE id = ?", key["user_id"])
    if user is None or not user["enabled"]:
        raise NotSigned("the user of the access key is disabled")
    return Caller(
        "user",
        user["domain_id"],
        user["id"],
        user["name"],
        key["access"],
        is_root=bool(user["is_root"]),
        session_policy=key["session_policy"],
    )
