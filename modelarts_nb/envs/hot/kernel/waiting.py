"""Hearing of a process that fills the mirror while the kernel starts, and waiting for it a little.

It says over a pipe which groups it will fill, which are filled, and twice a second how many bytes
it has copied; what it has filled is in its unfinished index.
"""

from __future__ import annotations

import os
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .index import Index

# Seconds: without a byte copied, and in all.
_PATIENCE, _LONGEST = 3.0, 40.0


class Filler:
    """The other end of the pipe.

    Args:
        pipe: its descriptor, to read from.
        part: opens the unfinished index, whose first line is there when it has spoken.
    """

    def __init__(self, pipe: int, part: Callable[[], int]) -> None:
        self.works = True
        self._pipe = pipe
        self._part = part
        self._lines = -1
        self._coming: set[str] | None = None
        self._heard, self._read = b"", b""
        self._copied, self._since, self._waited = b"", 0.0, 0.0

    def wait(self, group: str, index: Index) -> list[str]:
        """Wait until ``group`` is filled, will not be, or has taken too long.

        Returns:
            The groups that were filled since it was last asked; ``index`` has what is in them.
        """
        done: list[str] = []
        started = self._since = monotonic()
        while self.works and (self._coming is None or group in self._coming):
            data = os.read(self._pipe, 65536)
            now = monotonic()
            if not data:
                self._end()
                break
            self._hear(data, now, done)
            if now - self._since > _PATIENCE or self._waited + now - started > _LONGEST:
                self._end()
        self._waited += monotonic() - started
        if done:
            self._take(index)
        return done

    def _hear(self, data: bytes, now: float, done: list[str]) -> None:
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            kind, _, rest = line.partition(b" ")
            if kind == b"coming":
                self._coming = set(os.fsdecode(rest).split("/"))
            elif kind == b"filled":
                self._since = now
                name = os.fsdecode(rest)
                if self._coming:
                    self._coming.discard(name)
                done.append(name)
            elif kind == b"copied" and rest != self._copied:
                self._copied, self._since = rest, now

    def _take(self, index: Index) -> None:
        if self._lines < 0:
            try:
                self._lines = self._part()
            except OSError:
                self._end()
                return
        while True:
            data = os.read(self._lines, 1 << 20)
            if not data:
                break
            self._read += data
        *lines, self._read = self._read.split(b"\n")
        index.add(os.fsdecode(line) for line in lines)

    def _end(self) -> None:
        self.works = False
        os.close(self._pipe)
