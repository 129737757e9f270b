"""Names of environments: what is allowed, and when two are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modelarts_nb.errors import InvalidName, NameTaken

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_name(name: str) -> str:
    """Return ``name`` if an environment can have it.

    Raises:
        InvalidName: it cannot; the message says why.
    """
    if name.lower() == "base":
        raise InvalidName("'base' is conda's own environment.", hint="Choose another name.")
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} cannot be the name of an environment.",
            hint="Use 1 to 64 letters, digits, '.', '_' or '-', the first a letter or a digit.",
        )
    return name


def check_free(name: str, taken: Iterable[str]) -> str:
    """Return ``name`` if none of ``taken`` is the same, ignoring case.

    Raises:
        InvalidName: it is not a name.
        NameTaken: another has it.
    """
    check_name(name)
    for other in taken:
        if other.lower() == name.lower():
            raise taken_by(other)
    return name


def taken_by(other: str) -> NameTaken:
    """The error where the environment ``other`` has the name."""
    return NameTaken(
        f"There is already an environment called {other!r}.",
        hint="Choose another name, or remove that one first.",
    )


def suggest_name(wanted: str, taken: Iterable[str]) -> str:
    """A free name close to ``wanted``, for a dialog or a one-click action to propose."""
    lowered = {name.lower() for name in taken} | {"base"}
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("._-")[:60] or "env"
    candidate, number = stem.lower(), 2
    while candidate in lowered:
        candidate, number = f"{stem.lower()}-{number}", number + 1
    return candidate
