"""``~.`` at the beginning of a line: the way out of a session that hangs, as in ssh(1)."""

from __future__ import annotations


class Escape:
    """Looks for it in what is typed. Belongs to one session."""

    def __init__(self) -> None:
        self._line_begins = True
        self._tilde = False

    def filter(self, typed: bytes) -> tuple[bytes, bool]:
        """What is to be sent, and whether the user wants to leave."""
        if not self._tilde and b"~" not in typed:
            self._line_begins = typed[-1:] in (b"\r", b"\n") if typed else self._line_begins
            return typed, False
        out = bytearray()
        for byte in typed:
            if self._tilde:
                self._tilde = False
                if byte == ord("."):
                    return bytes(out), True
                out += b"~"
                if byte == ord("~"):
                    self._line_begins = False
                    continue
            elif self._line_begins and byte == ord("~"):
                self._tilde = True
                continue
            out.append(byte)
            self._line_begins = byte in b"\r\n"
        return bytes(out), False
