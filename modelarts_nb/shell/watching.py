"""Who wants to know of sessions, as for the audit."""

from __future__ import annotations

from typing import Protocol

from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.session import Exit
from modelarts_nb.shell.target import Target


class Watch(Protocol):
    """Told of every session, from the thread that runs it."""

    def opened(self, target: Target, command: str | None) -> object:
        """A session begins; what is returned is handed to ``ended``."""

    def ended(self, token: object, exit: Exit | None, error: ModelArtsNbError | None) -> None:
        """It has ended: with an exit code, or with an error."""


class Nobody:
    """The default."""

    def opened(self, target: Target, command: str | None) -> object:
        return None

    def ended(self, token: object, exit: Exit | None, error: ModelArtsNbError | None) -> None:
        pass


NOBODY: Watch = Nobody()
