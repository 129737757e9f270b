"""A refusal, and the shapes in which the services of the cloud put it on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CloudError(Exception):
    """An answer other than success.

    Args:
        status: the HTTP status.
        code: the cloud's code, as ``ModelArts.6309``.
        message: the server's words.
        headers: more headers of the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def plain(error: CloudError) -> dict[str, Any]:
    """The shape of the gateway, ModelArts and KPS."""
    return {"error_code": error.code, "error_msg": error.message}


def camel(error: CloudError) -> dict[str, Any]:
    """The shape of SFS Turbo, which the SDK does not know: it hands on the raw body."""
    return {"errCode": error.code, "errMsg": error.message}


def nested(error: CloudError) -> dict[str, Any]:
    """The shape of IAM's Keystone paths and of ECS: one object inside another."""
    return {"error": {"code": error.code, "message": error.message}}
