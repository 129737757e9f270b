"""A terminal of ours in which a program runs: what it shows, what is typed, its size and modes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_PATIENCE = 30.0


class Screen:
    """Runs a program with a terminal of its own until the block is left."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        rows: int = 43,
        columns: int = 132,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.master, self._slave = os.openpty()
        self.resize(rows, columns)
        self.modes = termios.tcgetattr(self._slave)
        self.shown = b""
        self._at = 0
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=dict(env) if env is not None else None,
        )

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing our end hangs up.
        os.close(self.master)
        os.close(self._slave)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self.master, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, text: str) -> str:
        """Wait until this is shown after what was expected last; returns what came before it."""
        wanted, end = text.encode(), time.monotonic() + _PATIENCE
        while (found := self.shown.find(wanted, self._at)) < 0:
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"no {text!r} in {self.shown[self._at :]!r}")
        before, self._at = self.shown[self._at : found], found + len(wanted)
        return before.decode("utf-8", "replace")

    def end(self) -> int:
        """Wait until the program has ended; its exit code."""
        end = time.monotonic() + _PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it goes on: {self.shown!r}"
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    def modes_now(self) -> list[Any]:
        """The terminal's modes."""
        return termios.tcgetattr(self._slave)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return False
        with contextlib.suppress(OSError):
            data = os.read(self.master, 65536)
            self.shown += data
            return bool(data)
        return False
