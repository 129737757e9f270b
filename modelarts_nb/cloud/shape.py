"""Reading JSON that somebody else wrote: what is missing or of another type reads as nothing."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any


def obj(value: Any, key: str | None = None) -> dict[str, Any]:
    """The object (at ``key``); empty where there is none."""
    found = obj(value).get(key) if key is not None else value
    return found if isinstance(found, dict) else {}


def items(value: Any, key: str | None = None) -> list[dict[str, Any]]:
    """The objects of a list (at ``key``)."""
    found = obj(value).get(key) if key is not None else value
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(value: Any, key: str) -> str:
    """The text at ``key``; numbers count as text, as some services send them."""
    found = obj(value).get(key)
    return str(found) if isinstance(found, (str, int, float)) and found is not True else ""


def texts(value: Any, key: str) -> tuple[str, ...]:
    """The texts of a list at ``key``."""
    found = obj(value).get(key)
    return tuple(x for x in found if isinstance(x, str)) if isinstance(found, list) else ()


def number(value: Any, key: str) -> int | None:
    """The whole number at ``key``, also where it is sent as text."""
    found = obj(value).get(key)
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return None
    try:
        return int(float(found))
    except (ValueError, OverflowError):
        return None


def moment(milliseconds: int | None) -> str:
    """Epoch milliseconds as ISO 8601 in UTC; empty where they are none or out of range."""
    try:
        made = datetime.fromtimestamp((milliseconds or 0) / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return ""
    return made.isoformat(timespec="seconds") if milliseconds else ""
