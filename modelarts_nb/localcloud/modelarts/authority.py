"""May ModelArts itself use other services for a user? The agency that was configured says it.

Without one, what needs other services is refused: "dependent services are not authorized"
(seed 2.3.2.5), which no policy of the user's cures.
"""

from __future__ import annotations

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.store import Db
from modelarts_nb.localcloud.web.call import Call, Caller

ALL_USERS = "all-users"


def need_agency(call: Call, user_id: str, what: str) -> Caller:
    """The agency of a user as a caller, whose policies are the agency's.

    Raises:
        CloudError: none is configured for the user or for all, or it was deleted.
    """
    agency = agency_of(call.db, call.project_id, user_id)
    if agency is None:
        raise refusal("6379", what)
    return agency


def agency_of(db: Db, project_id: str, user_id: str) -> Caller | None:
    """As ``need_agency``, None where there is none. The user's own goes before everybody's."""
    row = db.one(
        "SELECT a.* FROM modelarts_authorization m"
        " JOIN iam_project p ON p.id = m.project_id"
        " JOIN iam_agency a ON a.domain_id = p.domain_id AND a.name = m.agency"
        " WHERE m.project_id = ? AND m.user_id IN (?, ?)"
        " ORDER BY m.user_id = ? LIMIT 1",
        project_id,
        user_id,
        ALL_USERS,
        ALL_USERS,
    )
    if row is None:
        return None
    return Caller(
        "agency",
        row["domain_id"],
        user_id,
        row["name"],
        "",
        agency_id=row["id"],
        project_id=project_id,
    )
