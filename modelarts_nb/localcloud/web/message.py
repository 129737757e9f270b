"""A request as it came over the wire, and a reply as it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


class BadRequest(Exception):
    """What the client sent cannot be read; the service says so in its own code."""


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        method: in capitals.
        path: the raw path, still quoted, without the query.
        query: pairs in the order of the wire, unquoted.
        headers: names in lower case, values as text.
        body: the bytes.
        id: goes into ``X-Request-Id`` and error bodies.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    id: str

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
        """A query parameter that is a whole number.

        Raises:
            BadRequest: it is not one, or out of range.
        """
        text = self.get(name)
        if text is None or text == "":
            return default
        if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
            raise BadRequest(f"{name} must be a number from {least} to {most}.")
        return int(text)

    def flag(self, name: str) -> bool | None:
        """A query parameter that is ``true`` or ``false``; None where it is not given.

        Raises:
            BadRequest: it is neither.
        """
        text = self.get(name)
        if text is None or text == "":
            return None
        if text.lower() not in {"true", "false"}:
            raise BadRequest(f"{name} must be true or false.")
        return text.lower() == "true"

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object.

        Raises:
            BadRequest: it is not.
        """
        value = self.json_value()
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object.")
        return value

    def json_value(self) -> Any:
        """The body, whatever JSON it is.

        Raises:
            BadRequest: it is not JSON.
        """
        try:
            value = json.loads(self.body.decode("utf-8"), parse_constant=_no_constant)
            # Half of a surrogate pair, as JSON can spell one, is no text: no file can hold it.
            json.dumps(value, ensure_ascii=False).encode()
            return value
        except (ValueError, RecursionError):
            raise BadRequest("The body is not valid JSON.") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def parse_query(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a query string, unquoted, empty values kept.

    Raises:
        BadRequest: more than a thousand of them, or not UTF-8.
    """
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=1000, errors="strict"))
    except ValueError:
        raise BadRequest("The query is not valid.") from None


@dataclass(frozen=True)
class Reply:
    """An answer: a status and something that becomes JSON (a text is sent as it is, None not)."""

    status: int = 200
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        """What the body is."""
        return "text/html" if isinstance(self.value, str) else "application/json;charset=UTF-8"

    def body(self) -> bytes:
        """The bytes to send."""
        if self.value is None:
            return b""
        return (self.value if isinstance(self.value, str) else json.dumps(self.value)).encode()
