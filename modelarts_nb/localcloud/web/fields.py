"""Reading the fields of a JSON body: what is missing or of another kind is named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelarts_nb.localcloud.web.message import BadRequest


class Fields:
    """The fields of one JSON object.

    Each method raises ``BadRequest`` for a field that is missing and has no default, or that is
    of another kind. An explicit null counts as missing, as the SDK leaves such fields out.
    """

    def __init__(self, values: Mapping[str, Any], where: str = "") -> None:
        self._values = values
        self._where = where

    def has(self, name: str) -> bool:
        """Whether the field is there."""
        return self._values.get(name) is not None

    def text(
        self, name: str, default: str | None = None, *, pattern: str = "", most: int = 4096
    ) -> str:
        """A text, of a form (a regular expression for all of it) and length."""
        value = self._take(name, default)
        if not isinstance(value, str) or len(value) > most:
            raise BadRequest(f"{self._name(name)} must be a text of at most {most} characters.")
        if default is None and not value:
            raise BadRequest(f"{self._name(name)} must not be empty.")
        if pattern and not re.fullmatch(pattern, value):
            raise BadRequest(f"{self._name(name)} has a character or length that it may not have.")
        return value

    def choice(self, name: str, *choices: str, default: str | None = None) -> str:
        """One of some texts."""
        value = self._take(name, default)
        if value not in choices:
            raise BadRequest(f"{self._name(name)} must be one of {', '.join(choices)}.")
        return str(value)

    def number(
        self, name: str, default: int | None = None, *, least: int = 0, most: int = 2**53
    ) -> int:
        """A whole number within bounds."""
        value = self._take(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise BadRequest(f"{self._name(name)} must be a number from {least} to {most}.")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise BadRequest(f"{self._name(name)} must be true or false.")
        return value

    def object(self, name: str) -> Fields:
        """An object."""
        return Fields(self.raw_object(name), self._name(name))

    def raw_object(self, name: str) -> dict[str, Any]:
        """An object, as it is."""
        value = self._take(name, None)
        if not isinstance(value, dict):
            raise BadRequest(f"{self._name(name)} must be an object.")
        return value

    def objects(self, name: str, *, least: int = 0, most: int = 1000) -> list[Fields]:
        """A list of objects."""
        value = self._take(name, [] if least == 0 else None)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise BadRequest(f"{self._name(name)} must be a list of {least} to {most} objects.")
        if not all(isinstance(entry, dict) for entry in value):
            raise BadRequest(f"{self._name(name)} must hold objects only.")
        return [Fields(entry, self._name(name)) for entry in value]

    def texts(self, name: str, *, most: int = 1000) -> list[str]:
        """A list of texts; empty where the field is missing."""
        value = self._take(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise BadRequest(f"{self._name(name)} must be a list of texts.")
        if len(value) > most:
            raise BadRequest(f"{self._name(name)} must hold at most {most} texts.")
        return value

    def _take(self, name: str, default: Any) -> Any:
        value = self._values.get(name)
        if value is None:
            if default is None:
                raise BadRequest(f"{self._name(name)} is required.")
            return default
        return value

    def _name(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name
