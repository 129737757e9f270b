"""Faults on demand: what a test asks the cloud to do wrong, how often and where."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from modelarts_nb.localcloud.web.message import BadRequest

Kind = Literal["delay", "status", "drop", "drop_after", "event"]

_MAX_SECONDS = 600.0
_MAX_TIMES = 10_000


@dataclass
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: ``delay`` answers late; ``status`` answers with ``status`` and ``body`` instead;
            ``drop`` closes the connection before anything is done, ``drop_after`` once it is
            done; ``event`` is something inside that a service asks for by name.
        path: of the request, with ``*`` and ``?``; the name for an event.
        method: of the request, or ``*``.
        times: how often.
        seconds: the delay.
        status: the HTTP status.
        body: what is sent with it: an object becomes JSON, a text is sent as it is.
        headers: what is sent besides.
    """

    kind: Kind
    path: str = "*"
    method: str = "*"
    times: int = 1
    seconds: float = 0.0
    status: int = 503
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As the operator's API shows it."""
        return asdict(self)


def parse_fault(value: Mapping[str, Any]) -> Fault:
    """Read a fault from the operator's API.

    Raises:
        BadRequest: it is not one.
    """
    unknown = set(value) - set(Fault.__dataclass_fields__)
    if unknown:
        raise BadRequest(f"Unknown field {sorted(unknown)[0]!r}.")
    if value.get("kind") not in get_args(Kind):
        raise BadRequest(f"kind must be one of {', '.join(get_args(Kind))}.")
    try:
        fault = Fault(**value)
    except TypeError:
        raise BadRequest("That is not a fault.") from None
    texts = isinstance(fault.path, str) and isinstance(fault.method, str)
    if not texts or not isinstance(fault.headers, dict):
        raise BadRequest("path and method must be texts, headers an object of texts.")
    if not all(isinstance(item, str) for pair in fault.headers.items() for item in pair):
        raise BadRequest("headers must be an object of texts.")
    if not _within(fault.times, 1, _MAX_TIMES) or not isinstance(fault.times, int):
        raise BadRequest(f"times must be a number from 1 to {_MAX_TIMES}.")
    if not _within(fault.seconds, 0, _MAX_SECONDS):
        raise BadRequest(f"seconds must be a number from 0 to {_MAX_SECONDS:.0f}.")
    if not _within(fault.status, 200, 599) or not isinstance(fault.status, int):
        raise BadRequest("status must be a number from 200 to 599.")
    return fault


def _within(value: Any, least: float, most: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and least <= value <= most


class Faults:
    """The faults that are waiting for their request, first come first served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Wait for the next request that fits."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """Those that have not happened as often as they should."""
        with self._lock:
            return list(self._waiting)

    def of_request(self, method: str, path: str) -> Fault | None:
        """The fault of this request, counted as happened."""
        return self._take(
            lambda fault: (
                fault.kind != "event"
                and fault.method in {"*", method}
                and fnmatch.fnmatchcase(path, fault.path)
            )
        )

    def event(self, name: str) -> Fault | None:
        """Whether something inside (``storage.mount``) should go wrong now; counted as happened."""
        return self._take(
            lambda fault: fault.kind == "event" and fnmatch.fnmatchcase(name, fault.path)
        )

    def _take(self, fits: Any) -> Fault | None:
        with self._lock:
            fault = next(filter(fits, self._waiting), None)
            if fault is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
            return fault
