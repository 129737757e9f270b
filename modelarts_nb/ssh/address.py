"""Where SSH leads to, from the endpoint's URI. It is always parsed, never put together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelarts_nb.cloud.errors import CloudAnswerInvalid

# The only user of a notebook.
USER = "ma-user"
_URI = re.compile(
    r"(?:ssh://)?(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)


@dataclass(frozen=True)
class Address:
    """A user at a host's port."""

    user: str
    host: str
    port: int


def parse_uri(uri: str) -> Address:
    """The address of ``ssh://ma-user@host:31248``; also ``host:port`` and a bare host.

    Raises:
        CloudAnswerInvalid: it is none. What the cloud sends ends up in a file that OpenSSH obeys,
            so nothing but a plain address passes.
    """
    match = _URI.fullmatch(uri.strip(" \t"))
    port = int(match["port"] or 22) if match else 0
    if not match or not 0 < port < 65536:
        raise CloudAnswerInvalid(
            f"The cloud's address for SSH cannot be understood: {uri[:200]!r}.",
            hint="The console shows it on the notebook's page.",
        )
    return Address(match["user"] or USER, match["host"].strip("[]"), port)
