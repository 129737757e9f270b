"""Lines of a growing log by their number, without reading it from the beginning each time."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import BinaryIO

_STEP = 1000
_PIECE = 1 << 20
# Characters of a line that are shown: a line without an end is no reason to run out of memory.
_LONGEST = 64 * 1024


class LogFile:
    """One log. Lines are counted from 1; a line is complete with its line feed.

    Args:
        path: the file; while it is not there, the log is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        # Where lines 1, 1 + _STEP, 1 + 2 * _STEP ... begin.
        self._begins = [0]
        self._seen = 0
        self._complete = 0
        self._ends_with_line = True

    def size(self) -> int:
        """Bytes."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def count(self, *, whole: bool) -> int:
        """How many lines there are; ``whole``: an unfinished last one counts."""
        with self._lock:
            self._look()
            return self._complete + (whole and not self._ends_with_line)

    def lines(self, first: int, last: int) -> list[str]:
        """The lines of these numbers, both included; those that are there."""
        if last < first:
            return []
        with self._lock:
            self._look()
            block = min((first - 1) // _STEP, len(self._begins) - 1)
            begin = self._begins[block]
        found: list[str] = []
        number = block * _STEP
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return []
        with file:
            file.seek(begin)
            while number < last and (line := _line(file)) is not None:
                number += 1
                if number >= first:
                    found.append(line)
        return found

    def newest(self, most: int) -> str:
        """The newest bytes as text, at most so many."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.size() - most))
                return file.read(most).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def _look(self) -> None:
        """Count what has come since the last look."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._seen)
            while piece := file.read(_PIECE):
                self._count(piece)
                self._seen += len(piece)
                self._ends_with_line = piece.endswith(b"\n")

    def _count(self, piece: bytes) -> None:
        at = 0
        while (missing := _STEP - self._complete % _STEP) <= piece.count(b"\n", at):
            for _ in range(missing):
                at = piece.index(b"\n", at) + 1
            self._complete += missing
            self._begins.append(self._seen + at)
        self._complete += piece.count(b"\n", at)


def _line(file: BinaryIO) -> str | None:
    """The next line without its end, cut where it is too long; None at the end of the file."""
    begun = file.readline(_LONGEST)
    if not begun:
        return None
    rest = begun
    while rest and not rest.endswith(b"\n"):
        rest = file.readline(_LONGEST)
    return begun.removesuffix(b"\n").decode("utf-8", "replace")
