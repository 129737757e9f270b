"""Output of several tasks in one stream: whole lines, each behind its task's name."""

from __future__ import annotations

# ANSI colours that can be read on light and on dark.
_COLOURS = (36, 33, 35, 32, 34, 31)
# Bytes: a longer line is shown in pieces.
_LONGEST = 1 << 16


class Prefixed:
    """One stream of one task.

    Args:
        name: of the task.
        width: to which names are filled up.
        number: of the task; decides the colour.
        colour: use colours.
        overwrite: the reader is a terminal: of what a progress bar draws over and over only the
            last is shown.
    """

    def __init__(
        self, name: str, width: int, number: int, *, colour: bool, overwrite: bool
    ) -> None:
        text = f"{name:<{width}} |"
        if colour:
            text = f"\x1b[{_COLOURS[number % len(_COLOURS)]}m{text}\x1b[0m"
        self._prefix = text.encode() + b" "
        self._overwrite = overwrite
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The whole lines that there are now, ready to be shown."""
        whole, newline, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest
        out = self._shown(whole) if newline else b""
        if len(self._rest) > _LONGEST:
            out += self.flush()
        return out

    def flush(self) -> bytes:
        """The last line, where it had no end."""
        rest, self._rest = self._rest, b""
        return self._shown(rest) if rest else b""

    def _shown(self, whole: bytes) -> bytes:
        return b"".join(self._prefix + self._last(line) + b"\n" for line in whole.split(b"\n"))

    def _last(self, line: bytes) -> bytes:
        if not self._overwrite:
            return line
        return line.rstrip(b"\r").rpartition(b"\r")[2]
