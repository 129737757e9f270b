"""Shell sessions of this server: whose they are, who looks at them, and how long they wait.

Each is a process of its own in the tool's interpreter (``shellchild``). Here bytes are only
forwarded: how far the browser has come is told to the process, which reads no further ahead.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any, Optional, Protocol

from modelarts_nb.server.problem import Problem, from_worker
from modelarts_nb.server.shellchild import DATA, ShellChild

# Bytes that were typed and that the container has not taken yet; a browser waits before that.
MOST_TYPED = 256 << 10


class Browser(Protocol):
    """Who looks at a session."""

    def output(self, data: bytes) -> None:
        """Show bytes of the terminal."""

    def tell(self, message: dict[str, Any]) -> None:
        """Hear what happened."""

    def dismiss(self) -> None:
        """Go away: the session has ended, or somebody else looks now."""


class Shell:
    """One session.

    Args:
        user: whose it is.
        child: its process.
        grace: seconds that it waits for a browser.
        forget: called with its end that has begun.
    """

    def __init__(
        self,
        user: str,
        child: ShellChild,
        grace: float,
        forget: Callable[[Shell, asyncio.Future[None]], object],
    ) -> None:
        self.id = secrets.token_hex(16)
        self.user = user
        self.state = "opening"
        self.about: dict[str, Any] = {}
        self._started = time.time()
        self._child, self._grace, self._forget = child, grace, forget
        self._browser: Optional[Browser] = None
        # Between two browsers what is on its way is meant for the former.
        self._marked = False
        self._typed = 0
        self._waiting: Optional[asyncio.TimerHandle] = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.ensure_future(self._listen())
        self._closing: Optional[asyncio.Future[None]] = None

    async def open(self, request: dict[str, Any], timeout: float) -> None:
        """Have the process open the session.

        Args:
            request: as the worker takes it.
            timeout: seconds.

        Raises:
            Problem: a rule forbids it, nobody answers, or it took too long.
        """
        self._child.tell({**request, "user": self.user})
        try:
            await asyncio.wait_for(asyncio.shield(self._opened), timeout)
        except asyncio.TimeoutError:
            raise Problem(
                504,
                "shell_unreachable",
                f"The shell could not be opened in {timeout:g} s.",
                "Try again; `ma job show` says whether the job runs.",
            ) from None
        self._wait()

    def to_dict(self) -> dict[str, Any]:
        """What a face shows."""
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started))
        attached = self._browser is not None
        return {
            "id": self.id,
            "state": self.state,
            "attached": attached,
            "started": started,
            **self.about,
        }

    def attach(self, browser: Browser, offset: Optional[int]) -> None:
        """This browser looks now, nobody else.

        Args:
            browser: hears at once what it has missed.
            offset: of the first byte that it has not got; None: it has nothing.
        """
        former, self._browser = self._browser, browser
        self._marked = False
        self._typed = 0
        if former is not None:
            former.tell({"type": "taken"})
            former.dismiss()
        if self._waiting is not None:
            self._waiting.cancel()
        self._child.tell({"type": "attach", "offset": offset})

    def detach(self, browser: Browser) -> None:
        """This browser has gone; the session waits a while for it."""
        if browser is self._browser:
            self._browser = None
            self._child.tell({"type": "detach"})
            self._wait()

    def type(self, data: bytes) -> bool:
        """Pass keys on. False: it is more than a well-behaved browser sends."""
        self._typed += len(data)
        if self._typed > MOST_TYPED:
            return False
        self._child.type(data)
        return True

    def shown(self, size: int) -> None:
        """The browser has shown so many bytes more."""
        self._child.tell({"type": "shown", "bytes": size})

    def resize(self, rows: int, columns: int) -> None:
        """The terminal has another size now."""
        self._child.tell({"type": "resize", "rows": rows, "columns": columns})

    async def close(self) -> None:
        """End it, whatever it does."""
        await asyncio.shield(self._end())

    def _end(self) -> asyncio.Future[None]:
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
            self._forget(self, self._closing)
        return self._closing

    async def _close(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._listening.cancel()
        # What nobody waits for any more is nobody's news.
        self._opened.cancel()
        await asyncio.gather(self._listening, self._opened, return_exceptions=True)
        await self._child.stop()
        browser, self._browser = self._browser, None
        if browser is not None:
            browser.dismiss()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(self._grace, self._end)

    async def _listen(self) -> None:
        while (frame := await self._child.receive()) is not None:
            kind, payload = frame
            if kind != DATA:
                self._hear(json.loads(payload))
            elif self._browser is not None and self._marked:
                self._browser.output(payload)
        gone = {
            "code": "connection_lost",
            "message": "The shell's process on this server has ended.",
            "hint": "The log of the Jupyter server may say why.",
        }
        if not self._opened.done():
            self._opened.set_exception(from_worker({**gone, "http_status": 503}))
        elif self.state == "open":
            self._hear({"type": "lost", "error": gone}, sure=True)

    def _hear(self, message: dict[str, Any], sure: bool = False) -> None:
        kind = message["type"]
        if kind == "opened":
            self.state = "open"
            self.about = {key: value for key, value in message.items() if key != "type"}
            if not self._opened.done():
                self._opened.set_result(None)
            return
        if kind == "refused":
            if not self._opened.done():
                self._opened.set_exception(from_worker(message["error"]))
            return
        if kind == "attached":
            self._marked = True
        if kind == "took":
            self._typed = max(0, self._typed - int(message["bytes"]))
        if self._browser is not None and (self._marked or sure):
            self._browser.tell(message)
        if kind in ("ended", "lost"):
            self.state = kind
            # Told after the last byte, so nobody needs it any more.
            self._end()


class Shells:
    """All sessions of this server.

    Args:
        command: makes the command line of a process.
        most: so many at a time.
        grace: seconds that a session waits for a browser.
        log: the server's.
    """

    def __init__(
        self,
        command: Callable[[], list[str]],
        *,
        most: int,
        grace: float,
        log: logging.Logger,
    ) -> None:
        self._command, self._most, self._grace, self._log = command, most, grace, log
        self._all: dict[str, Shell] = {}
        self._ending: set[asyncio.Future[None]] = set()
        # Processes that are being started are sessions too.
        self._starting = 0

    async def open(self, user: str, request: dict[str, Any], timeout: float) -> Shell:
        """Open a session.

        Raises:
            Problem: 429 ``too_many_shells``; see ``Shell.open``.
        """
        if len(self._all) + self._starting >= self._most:
            raise Problem(
                429,
                "too_many_shells",
                f"{self._most} shells are open on this server.",
                "Close some; ModelArtsNb.max_shells says how many there may be.",
            )
        self._starting += 1
        try:
            child = await ShellChild.spawn(self._command(), self._log)
            shell = Shell(user, child, self._grace, self._forget)
            self._all[shell.id] = shell
        finally:
            self._starting -= 1
        try:
            await shell.open(request, timeout)
        except BaseException:
            await shell.close()
            raise
        return shell

    def of(self, user: str) -> list[Shell]:
        """The sessions of a user, the oldest first."""
        return [one for one in self._all.values() if one.user == user and one.state == "open"]

    def find(self, user: str, id: str) -> Shell:
        """A session of a user.

        Raises:
            Problem: 404 ``not_found``, also for somebody else's.
        """
        shell = self._all.get(id)
        if shell is None or shell.user != user or shell.state == "opening":
            raise Problem(
                404,
                "shell_not_found",
                "This shell is not there any more.",
                "It has ended, or waited too long for its tab. Open a new one.",
            )
        return shell

    async def stop(self) -> None:
        """End all of them."""
        await asyncio.gather(*(shell.close() for shell in list(self._all.values())))
        await asyncio.gather(*self._ending)

    def _forget(self, shell: Shell, ending: asyncio.Future[None]) -> None:
        self._all.pop(shell.id, None)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
