"""Domain values as JSON: the one translation that REST, the worker and ``--json`` share."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from pathlib import PurePath
from typing import Any


def to_wire(value: Any) -> Any:
    """Turn dataclasses, paths, enums, sets and tuples into what ``json`` can write."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_wire(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return to_wire(value.value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, dict):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(to_wire(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [to_wire(item) for item in value]
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON text, Chinese left readable."""
    return json.dumps(to_wire(value), indent=indent, ensure_ascii=False)
