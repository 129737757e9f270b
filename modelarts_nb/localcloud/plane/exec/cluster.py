"""What the API asks the service: who somebody is, which pods they see, whether they may exec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from modelarts_nb.localcloud.plane.identity import Identity


class Refusal(Exception):
    """An answer other than success, as ``metav1.Status`` has it.

    Args:
        code: the HTTP status.
        reason: a word for programs, as ``Forbidden``.
        message: for people.
    """

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message

    def status(self) -> dict[str, Any]:
        """The ``metav1.Status`` to send."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }


@dataclass(frozen=True)
class Pod:
    """A pod as its owner sees it; ``document`` is its JSON."""

    name: str
    document: Mapping[str, Any]


class Cluster(Protocol):
    """The service behind the API. Methods may wait for the state; they are called in threads."""

    namespace: str

    def user_of(self, token: str) -> str | None:
        """The id of the user who has this token; None: nobody."""

    def pods(self, user: str) -> list[Pod]:
        """The pods that a user sees."""

    def enter(self, user: str, pod: str, container: str) -> Identity:
        """Where a command of the user's runs.

        Raises:
            Refusal: no such pod or container, no right, or not now.
        """

    def fault(self, name: str) -> bool:
        """Whether a fault of this name was asked for, for this connection."""
