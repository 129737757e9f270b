"""Just enough HTTP/1.1 for an API of a few GETs: one request per connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

_SECONDS = 10.0
_MOST = 64 * 1024  # bytes of a request without its body


class Unreadable(Exception):
    """What came is no request."""


@dataclass(frozen=True)
class Request:
    """A request; names of headers in lower case, values of the query in their order."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def flag(self, name: str) -> bool:
        """Whether a parameter is true, as ``stdin=true``."""
        return self.query.get(name, [""])[-1] in {"true", "1"}

    def words(self, name: str) -> list[str]:
        """The values of a header that is a list."""
        return [word.strip() for word in self.headers.get(name, "").split(",") if word.strip()]


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The head of a request.

    Raises:
        Unreadable: it is none, too long or too slow.
    """
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS)
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ")
        if len(head) > _MOST or not version.startswith("HTTP/1."):
            raise Unreadable
        headers: dict[str, str] = {}
        for line in lines[1:-2]:
            name, colon, value = line.partition(":")
            key = name.lower()
            if not colon or not name or name != name.strip():
                raise Unreadable
            # The browsers' way to offer several sub-protocols may be several headers.
            headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        path, _, query = target.partition("?")
        pairs = parse_qs(query, keep_blank_values=True, max_num_fields=1000, errors="strict")
        return Request(method, unquote(path, errors="strict"), pairs, headers)
    except (ValueError, asyncio.TimeoutError, asyncio.IncompleteReadError,
            asyncio.LimitOverrunError, OSError) as error:  # fmt: skip
        raise Unreadable from error


async def answer(writer: asyncio.StreamWriter, status: int, value: Any) -> None:
    """A JSON answer, after which the connection is closed."""
    body = json.dumps(value).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Server: modelarts-nb-local-cloud\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()


async def switch(writer: asyncio.StreamWriter, accept: str, protocol: str) -> None:
    """Agree to go on as a websocket."""
    writer.write(
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
        ).encode()
    )
    await writer.drain()
