"""A call: a request whose sender is known, on its way to the handler that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from modelarts_nb.localcloud.web.message import Request
from modelarts_nb.localcloud.web.service import Service

if TYPE_CHECKING:
    from modelarts_nb.localcloud.cloud import Cloud
    from modelarts_nb.localcloud.iam.policy import Decision
    from modelarts_nb.localcloud.store import Db

Context = Mapping[str, str]


@dataclass(frozen=True)
class Caller:
    """Who signed the request.

    Attributes:
        kind: ``user``; ``agency``, a session whose rights are the agency's and not its user's;
            ``operator``, who runs the local cloud and is nobody inside it.
        domain_id: the account.
        user_id: the user; for an agency's session the user it was opened for, or empty.
        user_name: the user's name, or the agency's.
        access_key: the AK of the request.
        agency_id: set for an agency's session.
        is_root: the account's own user, who may do everything.
        session_policy: a policy that narrows a temporary key, as stored (JSON), or empty.
        project_id: the project the call is about, empty for a call about the account.
    """

    kind: Literal["user", "agency", "operator"]
    domain_id: str
    user_id: str
    user_name: str
    access_key: str
    agency_id: str = ""
    is_root: bool = False
    session_policy: str = ""
    project_id: str = ""


@dataclass
class Call:
    """What a handler gets.

    Attributes:
        request: as it came.
        params: of the path, unquoted.
        caller: who signed it.
        db: the transaction that the call runs in.
        cloud: the whole cloud.
        service: the one that answers.
    """

    request: Request
    params: Mapping[str, str]
    caller: Caller
    db: Db
    cloud: Cloud
    service: Service
    asked: bool = False
    later: list[Callable[[], None]] = field(default_factory=list)

    @property
    def project_id(self) -> str:
        """The project of the path or of ``X-Project-Id``."""
        return self.caller.project_id

    def body(self) -> dict[str, Any]:
        """The JSON object of the request.

        Raises:
            BadRequest: there is none.
        """
        return self.request.json()

    def decide(self, action: str, context: Context | None = None, resource: str = "*") -> Decision:
        """May the caller do this, and which policy says so?"""
        self.asked = True
        return self.cloud.decide(self.db, self.caller, action, context or {}, resource)

    def allowed(self, action: str, context: Context | None = None, resource: str = "*") -> bool:
        """May the caller do this?"""
        return self.decide(action, context, resource).allowed

    def require(self, action: str, context: Context | None = None, resource: str = "*") -> None:
        """Go on only if the caller may do this.

        Args:
            action: as ``modelarts:notebook:create``.
            context: condition keys of the request, as ``{"modelarts:poolType": "public"}``.
            resource: what it is done to, for policies that name resources.

        Raises:
            CloudError: the service's refusal.
        """
        if not self.allowed(action, context, resource):
            raise self.service.forbidden(action)

    def needs_no_right(self) -> None:
        """Say that what is asked for is the caller's own, or that the right was asked for."""
        self.asked = True

    def afterwards(self, work: Callable[[], None]) -> None:
        """Run this in a thread of its own once the changes are committed; never if they are not."""
        self.later.append(work)
