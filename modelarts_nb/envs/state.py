"""What we know about an environment beyond what conda records: where it came from, how big it is.

It lies in a folder of its own below ``conda-meta``: a JSON file of ours directly in
``conda-meta`` breaks conda, rattler and conda-pack.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import from_os_error

STATE = "conda-meta/modelarts_nb/state.json"


@dataclass(frozen=True)
class State:
    """One environment's state.

    ``prefix`` is where its files say they are; ``origin`` the prefix or file it was made from;
    ``created`` an ISO 8601 time; ``size`` in bytes; ``engine`` what made it (``clone``,
    ``rattler``, ``conda``, ``unpack``); ``requested`` the specs a user asked for.
    """

    prefix: str
    created: str
    origin: str = ""
    size: int | None = None
    files: int | None = None
    engine: str = ""
    requested: tuple[str, ...] = ()


def now() -> str:
    """The time in UTC, ISO 8601 to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0).isoformat()


def read_state(prefix: Path) -> State | None:
    """The state of the environment at ``prefix``; None where there is none that can be read."""
    try:
        value = json.loads((prefix / STATE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict):
        return None
    return State(
        prefix=_text(value, "prefix"),
        created=_text(value, "created"),
        origin=_text(value, "origin"),
        size=_count(value, "size"),
        files=_count(value, "files"),
        engine=_text(value, "engine"),
        requested=_texts(value, "requested"),
    )


def write_state(prefix: Path, state: State) -> None:
    """Write ``state`` into the environment at ``prefix`` (which may still be staged).

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    path = prefix / STATE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "writing down what it is", path) from error
    replace_file(path, (json.dumps(asdict(state), indent=2, ensure_ascii=False) + "\n").encode())


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _count(value: dict[str, Any], key: str) -> int | None:
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _texts(value: dict[str, Any], key: str) -> tuple[str, ...]:
    found = value.get(key)
    return tuple(t for t in found if isinstance(t, str)) if isinstance(found, list) else ()
