"""The key pairs of a notebook's SSH endpoint.

Both doors to the one store count, KPS and ECS. A pair may be used by whom it belongs to, or by
everybody when its scope is the account.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelarts_nb.localcloud.keypairs import pairs
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.store import Db
from modelarts_nb.localcloud.web.call import Call, Caller


def user_of(caller: Caller) -> str:
    """Whose pairs count: the user's, also when an agency acts for the user."""
    return caller.user_id or caller.agency_id


def need(call: Call, names: Sequence[str]) -> None:
    """Go on only if the caller may use these pairs.

    Raises:
        CloudError: 6786, a pair is another user's; 6789, there is none of this name. Which of the
            two it is in which case is not public; the seed has both for others' notebooks (2.3.4).
    """
    for name in names:
        if pairs.find(call.db, call.project_id, user_of(call.caller), name) is None:
            raise refusal("6786" if _is_anybodys(call, name) else "6789", name)


def _is_anybodys(call: Call, name: str) -> bool:
    sql = "SELECT 1 FROM keypair_pair WHERE project_id = ? AND name = ?"
    return call.db.one(sql, call.project_id, name) is not None


def public_keys(db: Db, project_id: str, user_id: str, names: Sequence[str]) -> list[str]:
    """The public halves of those pairs that a user may use now; deleted ones are not among them."""
    found = (pairs.find(db, project_id, user_id, name) for name in names)
    return [row["public_key"] for row in found if row is not None]
