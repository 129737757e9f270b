"""A session and the browser that looks at it, which may be slow, or gone for a while.

Output is sent as far as the browser has shown what came before (a window), and only then read from
the container: nobody holds more than the window and the scroll-back. What the browser has not
shown is in the scroll-back, so one that comes back misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any

from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell.session import Exit, Session, Size

# Bytes that may be on their way to the browser, and bytes that are kept for one that comes back.
# The first hides the way to the browser and back, which is long while its page draws: with a
# quarter of it a tab was a third slower than JupyterLab's own terminal. What was read but not shown
# (a window and one read) must fit into the second.
WINDOW, KEPT = 1 << 20, 2 << 20
_PIECE = 32 << 10

Message = dict[str, Any]
Tell = Callable[[Message], Awaitable[None]]
Output = Callable[[bytes], Awaitable[None]]


class Relay:
    """Between a session and a browser; an asynchronous context. Nobody is attached at first.

    Args:
        session: opened with a terminal.
        output: sends bytes to the browser.
        tell: sends it a message. Both are called in the order in which things are to arrive.
    """

    def __init__(self, session: Session, output: Output, tell: Tell) -> None:
        self._session, self._output, self._tell = session, output, tell
        self._kept = bytearray()
        # Offsets in all of the output: read, sent to who is attached now, shown there.
        self._end = self._sent = self._shown = 0
        self._attached = False
        self._last: Message | None = None
        self._told = False
        self._news = asyncio.Condition()
        self._keys: asyncio.Queue[bytes] = asyncio.Queue()
        self._size: Size | None = None
        self._resized = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Relay:
        work: tuple[Coroutine[Any, Any, None], ...] = (
            self._forward(),
            self._type(),
            self._resize(),
        )
        self._tasks = [asyncio.create_task(one) for one in work]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def run(self) -> Exit:
        """Read the session to its end.

        Raises:
            ConnectionLost: the connection ended first.
        """
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._attached and self._sent == self._end)
            chunk = await self._session.read()
            if chunk is None:
                return await self._session.exit()
            async with self._news:
                self._kept += chunk.data
                self._end += len(chunk.data)
                del self._kept[: max(0, len(self._kept) - KEPT)]
                self._news.notify_all()

    async def conclude(self, message: Message) -> None:
        """Have the browser told how it ended, after all of the output; again at each return."""
        async with self._news:
            self._last = message
            self._news.notify_all()

    async def attach(self, offset: int | None = None) -> None:
        """A browser looks now.

        Args:
            offset: of the first byte that it has not got; None: it has nothing.
        """
        async with self._news:
            first = self._end - len(self._kept)
            known = offset is not None and first <= offset <= self._end
            self._sent = self._shown = offset if known and offset is not None else first
            self._attached, self._told = True, False
            await self._tell({"type": "attached", "offset": self._sent})
            self._news.notify_all()

    async def detach(self) -> None:
        """Nobody looks any more."""
        async with self._news:
            self._attached = False

    async def shown(self, size: int) -> None:
        """The browser has shown so many bytes more."""
        async with self._news:
            self._shown = min(self._shown + max(0, size), self._sent)
            self._news.notify_all()

    def type(self, data: bytes) -> None:
        """Pass keys on. How many were taken is told, so that the sender can wait."""
        self._keys.put_nowait(data)

    def resize(self, size: Size) -> None:
        """The terminal has another size now."""
        self._size = size
        self._resized.set()

    async def _forward(self) -> None:
        while True:
            # Sent while it is held: nobody attaches in between.
            async with self._news:
                await self._news.wait_for(self._has_news)
                if self._sent < self._end:
                    start = self._sent - (self._end - len(self._kept))
                    piece = bytes(self._kept[start : start + _PIECE])
                    self._sent += len(piece)
                    await self._output(piece)
                    self._news.notify_all()
                elif self._last is not None:
                    self._told = True
                    await self._tell(self._last)

    def _has_news(self) -> bool:
        if not self._attached:
            return False
        if self._sent < self._end:
            return self._sent - self._shown < WINDOW
        return self._last is not None and not self._told

    async def _type(self) -> None:
        while True:
            data = await self._keys.get()
            # Where the session has ended, reading says so.
            with contextlib.suppress(ModelArtsNbError, OSError):
                await self._session.write(data)
            await self._tell({"type": "took", "bytes": len(data)})

    async def _resize(self) -> None:
        while True:
            await self._resized.wait()
            self._resized.clear()
            assert self._size is not None
            with contextlib.suppress(ModelArtsNbError, OSError):
                await self._session.resize(self._size)
