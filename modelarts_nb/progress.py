"""What a long function reports while it works, and how it learns that it should stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Every long function takes one. Methods are cheap and may be called from any thread."""

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        """A new phase begins; totals (count, bytes) where known. Done counts start at zero."""

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        """That much more of the current phase is done."""

    def log(self, message: str) -> None:
        """One line for the log: what a person would want to read afterwards."""

    def check(self) -> None:
        """Raise ``Cancelled`` when the user wants to stop. Call it at every natural pause."""


class Silent:
    """The default: reports nowhere and is never cancelled."""

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        pass

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        pass

    def log(self, message: str) -> None:
        pass

    def check(self) -> None:
        pass


SILENT: Progress = Silent()
