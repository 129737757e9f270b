"""A service of the cloud: its routes, its tables, its words for a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from modelarts_nb.localcloud.web.problem import CloudError, plain

if TYPE_CHECKING:
    from modelarts_nb.localcloud.cloud import Cloud
    from modelarts_nb.localcloud.web.call import Call

Handler = Callable[["Call"], Any]
Life = Callable[["Cloud"], None]
Shape = Callable[[CloudError], dict[str, Any]]

# A route whose handler asks itself, with what it found in the request.
ASKED_INSIDE = "(asked inside)"
# A route for everyone who can sign a request.
ANYONE = "(anyone)"
# A route for who runs the local cloud, below /_local/.
OPERATOR = "(operator)"

_PARAMETER = re.compile(r"\{(\w+)\}")


def _wrong_project(project_id: str) -> CloudError:
    return CloudError(
        403, "APIGW.0302", f"The key is not for project {project_id[:100]!r} of this region."
    )


@dataclass(frozen=True)
class Route:
    """One call of the API: what it looks like, what right it takes, who answers it."""

    service: Service
    method: str
    pattern: re.Pattern[str]
    action: str
    handler: Handler
    path: str


@dataclass
class Service:
    """One service.

    Attributes:
        name: as in actions, ``modelarts``.
        forbidden: the refusal of an action, from the action's name.
        invalid: the refusal of a request that cannot be read, from what is wrong with it.
        shape: how a refusal looks on the wire.
        schema: SQL that makes the tables.
        wrong_project: the refusal of a project that is not the caller's, from its id.
        in_project: whether ``{project_id}`` in a path is the project that the call is about.
    """

    name: str
    forbidden: Callable[[str], CloudError]
    invalid: Callable[[str], CloudError]
    shape: Shape = plain
    schema: str = ""
    wrong_project: Callable[[str], CloudError] = _wrong_project
    in_project: bool = True
    routes: list[Route] = field(default_factory=list)
    starters: list[Life] = field(default_factory=list)
    stoppers: list[Life] = field(default_factory=list)

    def route(self, method: str, path: str, *, action: str) -> Callable[[Handler], Handler]:
        """Register a handler for a path with ``{parameters}``, which hold no slash."""

        def register(handler: Handler) -> Handler:
            pattern = re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", path.replace(".", r"\.")))
            self.routes.append(Route(self, method, pattern, action, handler, path))
            return handler

        return register

    def at_start(self, work: Life) -> Life:
        """Run this when the cloud starts, in the order of ``services.py``."""
        self.starters.append(work)
        return work

    def at_stop(self, work: Life) -> Life:
        """Run this when the cloud stops, in the opposite order."""
        self.stoppers.append(work)
        return work


class Router:
    """Finds the route of a request among those of all services."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._routes = [route for service in services for route in service.routes]
        # A literal path (`shares/detail`) is meant before one with a parameter (`shares/{id}`).
        self._routes.sort(key=lambda route: len(_PARAMETER.findall(route.path)))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its parameters, unquoted; None where there is no such call."""
        bare = path.rstrip("/") or "/"
        for route in self._routes:
            if route.method == method and (match := route.pattern.fullmatch(bare)):
                return route, {key: unquote(value) for key, value in match.groupdict().items()}
        return None

    def service_of(self, path: str) -> Service | None:
        """The service that has this path under any method."""
        bare = path.rstrip("/") or "/"
        return next((r.service for r in self._routes if r.pattern.fullmatch(bare)), None)
