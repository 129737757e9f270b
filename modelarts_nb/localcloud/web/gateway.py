"""The way of a request: who sent it, may they, who answers, what goes back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from modelarts_nb.localcloud.iam.identity import identify
from modelarts_nb.localcloud.web.call import Call, Caller
from modelarts_nb.localcloud.web.faults import Fault
from modelarts_nb.localcloud.web.message import BadRequest, Reply, Request
from modelarts_nb.localcloud.web.problem import CloudError, plain
from modelarts_nb.localcloud.web.service import (
    ANYONE,
    ASKED_INSIDE,
    OPERATOR,
    Route,
    Router,
    Service,
)
from modelarts_nb.localcloud.web.signature import NotSigned

if TYPE_CHECKING:
    from modelarts_nb.localcloud.cloud import Cloud
    from modelarts_nb.localcloud.store import Db

log = logging.getLogger("localcloud")


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class Gateway:
    """Answers requests on behalf of all services."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._router = Router(cloud.services)

    def answer(self, request: Request) -> Reply:
        """Answer a request; a refusal is an answer too.

        Raises:
            Dropped: a fault was asked for that closes the connection.
        """
        found = self._router.find(request.method, request.path)
        service = found[0].service if found else self._router.service_of(request.path)
        try:
            return self._answer(request, found)
        except CloudError as error:
            return refusal(error, service)
        except Dropped:
            raise
        except BadRequest as error:
            known = service.invalid(str(error)) if service else None
            return refusal(known or CloudError(400, "APIGW.0201", str(error)), service)
        except Exception:
            # Only what happened, not the request: it may carry a secret.
            log.exception("%s %s failed (%s)", request.method, request.path, request.id)
            return refusal(
                CloudError(500, "APIGW.0303", "The local cloud has a fault of its own."), None
            )

    def _answer(self, request: Request, found: tuple[Route, dict[str, str]] | None) -> Reply:
        with self._cloud.store.read() as db:
            caller = self._caller(db, request)
        fault = None if caller.kind == "operator" else self._fault(request)
        if found is None:
            raise CloudError(
                404, "APIGW.0101", "The API does not exist or is not offered by the local cloud."
            )
        route, params = found
        call_is_allowed_for(caller, route)
        later: list[Callable[[], None]] = []
        reading = request.method in {"GET", "HEAD"}
        store = self._cloud.store
        with store.read() if reading else store.write() as db:
            caller = self._about(db, caller, request, params, route.service)
            call = Call(request, params, caller, db, self._cloud, route.service, later=later)
            reply = handle(route, call)
        for work in later:
            self._cloud.in_background(work)
        if fault is not None and fault.kind == "drop_after":
            raise Dropped
        return reply

    def _caller(self, db: Db, request: Request) -> Caller:
        try:
            return identify(db, request, self._cloud)
        except NotSigned as error:
            raise CloudError(
                401, "APIGW.0301", f"Incorrect IAM authentication information: {error}"
            ) from None

    def _about(
        self, db: Db, caller: Caller, request: Request, params: dict[str, str], service: Service
    ) -> Caller:
        """The caller, bound to the project that the call is about."""
        project = params.get("project_id") or request.headers.get("x-project-id", "")
        if "project_id" in params and service.in_project and caller.kind != "operator":
            row = db.one(
                "SELECT 1 FROM iam_project WHERE id = ? AND domain_id = ? AND enabled = 1",
                project,
                caller.domain_id,
            )
            if row is None or request.headers.get("x-project-id", project) != project:
                raise service.wrong_project(project)
        return replace(caller, project_id=project)

    def _fault(self, request: Request) -> Fault | None:
        fault = self._cloud.faults.of_request(request.method, request.path)
        if fault is None:
            return None
        if fault.kind == "drop":
            raise Dropped
        if fault.kind == "delay":
            self._cloud.stopping.wait(fault.seconds)
        if fault.kind == "status":
            raise Instead(fault)
        return fault


class Instead(CloudError):
    """A fault's own answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.status, "", "", headers=fault.headers)
        self.body = fault.body


def call_is_allowed_for(caller: Caller, route: Route) -> None:
    """Keep the operator's calls and the account's calls apart.

    Raises:
        CloudError: this caller has no business here.
    """
    if (caller.kind == "operator") != (route.action == OPERATOR):
        raise CloudError(403, "APIGW.0302", "This key is not for this call.")


def handle(route: Route, call: Call) -> Reply:
    """Ask for the right, run the handler, see to it that somebody asked."""
    if route.action not in {ASKED_INSIDE, ANYONE, OPERATOR}:
        call.require(route.action)
    value = route.handler(call)
    if route.action == ASKED_INSIDE and not call.asked:
        raise RuntimeError(f"{route.method} {route.path} answered without asking for a right")
    return value if isinstance(value, Reply) else Reply(200, value)


def refusal(error: CloudError, service: Service | None) -> Reply:
    """A refusal in the shape of the service; of the gateway where there is none."""
    if isinstance(error, Instead):
        return Reply(error.status, error.body, error.headers)
    shape = service.shape if service and not error.code.startswith("APIGW.") else plain
    return Reply(error.status, shape(error), error.headers)
