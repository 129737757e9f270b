"""The terminal at this end: its size and modes, raw while a remote one uses it, sane afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import termios
import tty
from typing import Any

from modelarts_nb.shell.session import Size, Terminal

# SSH's opcodes (RFC 4254, 8; RFC 8160) of the characters that a terminal can set otherwise.
_CHARACTERS = {
    1: termios.VINTR,
    2: termios.VQUIT,
    3: termios.VERASE,
    4: termios.VKILL,
    5: termios.VEOF,
    10: termios.VSUSP,
}
_IUTF8 = 42
# What a full-screen program that was cut off leaves behind: other colours, modes of keys, no
# cursor, the mouse reported, pasted text in brackets, the other screen.
_SANE = (
    b"\x1b[0m\x1b[?1l\x1b>\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l"
    b"\x1b[?1049l\r"
)


def size_of(fd: int) -> Size:
    """The size of a terminal; 80 by 24 where it does not say."""
    try:
        rows, columns, width, height = struct.unpack(
            "HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8)
        )
    except OSError:
        return Size()
    return Size(columns, rows, width, height) if columns and rows else Size()


def terminal_like(fd: int) -> Terminal:
    """What to ask for, so that the remote terminal is as this one."""
    modes = {_IUTF8: 1}
    with contextlib.suppress(termios.error):
        characters = termios.tcgetattr(fd)[6]
        modes.update({code: characters[at][0] for code, at in _CHARACTERS.items()})
    return Terminal(os.environ.get("TERM") or "xterm-256color", size_of(fd), modes)


class RawTerminal:
    """A terminal that passes every key on. Leaving the block brings its modes back, however.

    Args:
        fd: of the terminal.
        out: where to write, to end what a program that was cut off had begun.
    """

    def __init__(self, fd: int, out: int) -> None:
        self._fd, self._out = fd, out
        self._before: list[Any] | None = None

    def __enter__(self) -> RawTerminal:
        self.make_raw()
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def make_raw(self) -> None:
        """Pass every key on. Does nothing where the terminal has gone."""
        with contextlib.suppress(termios.error):
            self._before = self._before or termios.tcgetattr(self._fd)
            # What was typed ahead stays: TCSANOW.
            tty.setraw(self._fd, termios.TCSANOW)

    def restore(self) -> None:
        """As it was before."""
        with contextlib.suppress(termios.error):
            if self._before is not None:
                termios.tcsetattr(self._fd, termios.TCSANOW, self._before)

    def make_sane(self) -> None:
        """End what a remote program that was cut off had begun."""
        with contextlib.suppress(OSError):
            os.write(self._out, _SANE)

    def suspend(self) -> None:
        """Stop this process as Ctrl-Z would, in a sane terminal; raw again when it goes on."""
        self.restore()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.make_raw()
