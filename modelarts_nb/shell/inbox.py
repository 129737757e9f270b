"""Output that has arrived and was not read yet: bounded, in order, to its last byte."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from modelarts_nb.shell.session import Chunk, Stream

# Bytes: the sender is held up above the first and let go below the second.
HIGH, LOW = 1 << 20, 1 << 18
# The most that one read returns.
_MOST = 1 << 18


class Inbox:
    """Between a transport that pushes and a reader that pulls; belongs to one loop.

    Args:
        hold: called when the sender is to stop.
        release: called when it may go on. May put at once, and then may put any amount.
    """

    def __init__(self, hold: Callable[[], None], release: Callable[[], None]) -> None:
        self._hold, self._release = hold, release
        self._pieces: deque[Chunk] = deque()
        self._size = 0
        self._held = self._releasing = False
        self._ended = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    def put(self, stream: Stream, data: bytes) -> None:
        """Add what has arrived."""
        self._pieces.append(Chunk(stream, data))
        self._size += len(data)
        if not self._releasing:
            self._hold_if_full()
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes; an error is raised once everything has been taken."""
        if not self._ended:
            self._ended, self._error = True, error
            self._wake()

    async def take(self) -> Chunk | None:
        """The next piece, put together of those that have arrived; None at the end.

        Raises:
            Exception: what ``end`` was given.
        """
        while not self._pieces:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        stream, first = self._pieces.popleft()
        parts, size = [first], len(first)
        while self._pieces and self._pieces[0].stream == stream and size < _MOST:
            parts.append(self._pieces.popleft().data)
            size += len(parts[-1])
        self._size -= size
        if self._held and self._size < LOW:
            self._let_go()
        return Chunk(stream, first if len(parts) == 1 else b"".join(parts))

    def _let_go(self) -> None:
        # What a transport has kept back comes at once, and all of it is taken: asyncssh asks for a
        # whole window more as soon as the first piece is, whatever it still keeps.
        self._releasing = True
        try:
            self._held = False
            self._release()
        finally:
            self._releasing = False
        self._hold_if_full()

    def _hold_if_full(self) -> None:
        if self._size > HIGH and not self._held:
            self._held = True
            self._hold()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
