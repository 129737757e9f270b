"""What an operation is, on the wire and in its journal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal, TypedDict

State = Literal["running", "done", "failed", "cancelled", "lost"]


@dataclass(frozen=True)
class Amount:
    """Files and bytes: done, in all (None: not known), or per second."""

    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Operation:
    """One long-running piece of work. Times are ISO 8601 in UTC, ``seconds_left`` in seconds.

    ``lost`` means that its process went away without a word. ``error`` has the keys of
    ``ModelArtsNbError.to_dict``; ``result`` is what the verb returned, as JSON.
    """

    id: str
    verb: str
    params: dict[str, Any]
    owner: str
    started: str
    state: State = "running"
    phase: str = ""
    done: Amount = field(default=Amount(0, 0))
    total: Amount = field(default=Amount())
    rate: Amount = field(default=Amount())
    seconds_left: int | None = None
    ended: str | None = None
    error: dict[str, str] | None = None
    result: Any = None


class LogPart(TypedDict):
    """Log text from the asked offset on, and the offset (bytes) to ask for next."""

    text: str
    offset: int


def from_json(value: dict[str, Any]) -> Operation:
    """The operation that a journal recorded.

    Raises:
        ValueError, TypeError, KeyError: it is no record of ours.
    """
    known = {f.name for f in dataclasses.fields(Operation)}
    fields = {key: item for key, item in value.items() if key in known}
    for key in ("done", "total", "rate"):
        fields[key] = Amount(**fields[key])
    return Operation(**fields)


def now() -> str:
    """The time as journals write it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
