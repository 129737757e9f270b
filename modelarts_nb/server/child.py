"""One worker process and the calls that wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import signal
from typing import Any, Optional

# Lists of thousands of packages are one line.
LINE_LIMIT = 64 << 20


class ChildGone(Exception):
    """The worker ended before it answered. ``asked``: the call may have been carried out."""

    def __init__(self, asked: bool) -> None:
        super().__init__("the worker has ended")
        self.asked = asked


class Child:
    """A running worker. Make one with ``Child.spawn``."""

    def __init__(self, process: asyncio.subprocess.Process, log: logging.Logger) -> None:
        assert process.stdin is not None
        self._process = process
        self._stdin = process.stdin
        self._log = log
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ended = False
        self._tasks = [
            asyncio.ensure_future(self._read_answers()),
            asyncio.ensure_future(self._read_log()),
        ]

    @classmethod
    async def spawn(cls, command: list[str], log: logging.Logger) -> Child:
        """Start ``command``. It gets a session of its own, so that Ctrl-C is not meant for it."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
            start_new_session=True,
            # Not a folder of the user: it would be first on the module path.
            cwd="/",
        )
        return cls(process, log)

    @property
    def alive(self) -> bool:
        """Can it be asked?"""
        return not self._ended and self._process.returncode is None

    @property
    def gone(self) -> bool:
        """Has the process ended? A killed one that waits for a hanging disk has not."""
        return self._process.returncode is not None

    async def ask(
        self,
        call: str,
        params: dict[str, Any],
        timeout: float,
        patience: Optional[float] = None,
    ) -> dict[str, Any]:
        """The answer: an object with ``result`` or ``error``.

        Args:
            call: the function's name.
            params: by name.
            timeout: seconds to wait here.
            patience: seconds that the function itself waits for the cloud.

        Raises:
            ChildGone: it ended.
            asyncio.TimeoutError: no answer within ``timeout`` seconds.
        """
        if not self.alive:
            raise ChildGone(asked=False)
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            request = {"id": number, "call": call, "params": params}
            if patience is not None:
                request["patience"] = patience
            self._stdin.write(json.dumps(request).encode("ascii") + b"\n")
            return await asyncio.wait_for(answer, timeout)
        finally:
            self._waiting.pop(number, None)

    def kill(self) -> None:
        """Kill it and what it waits for; do not wait until it is dead."""
        self._finish()
        # One that was reaped has no pid any more: it may be somebody else's by now.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self, patience: float) -> None:
        """End it: by closing its input, after ``patience`` seconds by force."""
        self._stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except asyncio.TimeoutError:
            self.kill()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), patience)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # One that hangs for ever would keep its pipes, and the loop could not be closed in peace.
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()

    async def _read_answers(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                line = await self._process.stdout.readline()
                if not line:
                    return
                answer = json.loads(line)
                waiting = self._waiting.get(answer.get("id"))
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except ValueError as error:
            self._log.error("modelarts_nb: the worker sent what is no answer: %s", error)
            self.kill()
        finally:
            self._finish()

    async def _read_log(self) -> None:
        assert self._process.stderr is not None
        while True:
            line = await self._process.stderr.readline()
            if not line:
                return
            self._log.warning("modelarts_nb worker: %s", line.decode("utf-8", "replace").rstrip())

    def _finish(self) -> None:
        self._ended = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChildGone(asked=True))
