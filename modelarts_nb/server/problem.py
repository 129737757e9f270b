"""Errors as the REST API sends them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Optional

from tornado.web import HTTPError


class Problem(HTTPError):
    """An answer that is an error.

    Args:
        status: of HTTP.
        code: for programs.
        message: what happened.
        hint: what to do about it.
        cause: the technical part.
        error_code: the cloud's own code, where the error came from there.
        cloud_request_id: the cloud's id of its request; a support ticket needs it.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        cause: str = "",
        *,
        error_code: str = "",
        cloud_request_id: str = "",
    ) -> None:
        super().__init__(status, message)
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
        self.error_code = error_code
        self.cloud_request_id = cloud_request_id


def from_worker(error: dict[str, Any]) -> Problem:
    """The error that the worker sent."""
    return Problem(
        int(error.get("http_status", 500)),
        str(error.get("code", "internal")),
        str(error.get("message", "")),
        str(error.get("hint", "")),
        str(error.get("cause", "")),
        error_code=str(error.get("error_code", "")),
        cloud_request_id=str(error.get("cloud_request_id", "")),
    )


_CODES = {400: "usage", 401: "forbidden", 403: "forbidden", 404: "not_found"}


def body(status: int, error: Optional[BaseException], request_id: str) -> dict[str, Any]:
    """The JSON of an error, whoever raised it; ``request_id`` is ours, the cloud's is apart."""
    answer: dict[str, Any] = {
        "code": "internal",
        "message": "",
        "hint": "",
        "cause": "",
        "status": status,
        "request_id": request_id,
    }
    if isinstance(error, Problem):
        answer.update(code=error.code, message=error.message, hint=error.hint, cause=error.cause)
        theirs = {"error_code": error.error_code, "cloud_request_id": error.cloud_request_id}
        answer.update((key, value) for key, value in theirs.items() if value)
    elif status < 500:
        text = error.log_message if isinstance(error, HTTPError) else None
        answer.update(code=_CODES.get(status, "usage"), message=text or _phrase(status))
    else:
        answer.update(
            message="The server extension failed.",
            hint=f"The log of the Jupyter server has the details at request {request_id}.",
        )
    return answer


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return f"Error {status}."
