"""Random names and secrets."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass, field

_CAPITALS = string.ascii_uppercase + string.digits
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Secret:
    """An access key and its secret, which no ``repr`` shows."""

    access: str
    secret: str = field(repr=False)


def new_key() -> Secret:
    """A key of the cloud's form: 20 characters and 40 characters."""
    return Secret(_random(_CAPITALS, 20), _random(_LETTERS, 40))


def new_token() -> str:
    """A security token."""
    return secrets.token_urlsafe(96)


def new_id() -> str:
    """An id of IAM's form: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
