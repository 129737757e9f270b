"""A value that must not be seen by accident."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a text that no ``repr``, ``str``, journal or JSON shows: only ``reveal`` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for the one place that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied, nor written anywhere")
