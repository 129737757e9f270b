"""The client of the worker: one long-lived child, replaced when it dies or does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Optional

from modelarts_nb.server.child import Child, ChildGone
from modelarts_nb.server.problem import Problem, from_worker

# Workers that were killed and still wait for the disk; no more are sent after them.
MAX_STUCK = 4


class Worker:
    """Calls functions of the tool. Never blocks the event loop, whatever the disk does.

    Args:
        command: makes the command line; asked again at every start, since the tool may come later.
        log: the server's.
    """

    def __init__(self, command: Callable[[], list[str]], log: logging.Logger) -> None:
        self._command = command
        self._log = log
        self._child: Optional[Child] = None
        self._starting: Optional[asyncio.Future[Child]] = None
        self._stuck: list[Child] = []
        self._stopped = False

    async def call(
        self,
        name: str,
        params: dict[str, Any],
        *,
        timeout: float,
        repeatable: bool = True,
        patience: Optional[float] = None,
    ) -> Any:
        """Call a function of the tool and return its result.

        Args:
            name: of a query, ``"env.list"``.
            params: by name.
            timeout: seconds; after that the worker is killed.
            repeatable: ask a second worker when the first dies on it.
            patience: seconds that the tool waits for the cloud, where it asks that; less than
                ``timeout``, so that a hanging cloud is told by a worker that lives on.

        Raises:
            Problem: 504 ``disk_timeout``, 503 ``tool_missing`` or ``worker_lost``, or the error
                that the function raised.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        for attempt in (1, 2):
            child = await self._ready()
            try:
                answer = await child.ask(name, params, max(0.0, end - loop.time()), patience)
            except asyncio.TimeoutError:
                self._log.warning("modelarts_nb: no answer to %s in %g s", name, timeout)
                self._give_up(child)
                raise _disk_timeout() from None
            except ChildGone as gone:
                if attempt == 2 or (gone.asked and not repeatable):
                    raise Problem(
                        503,
                        "worker_lost",
                        "The tool of modelarts_nb does not start, or ended before it answered.",
                        "Is the persistent disk there? The Jupyter server's log may say more.",
                    ) from None
                continue
            if "error" in answer:
                raise from_worker(answer["error"])
            return answer["result"]
        raise AssertionError("unreachable")

    async def stop(self) -> None:
        """End the worker; operations that it started go on."""
        self._stopped = True
        children = [*self._stuck, *([self._child] if self._child else [])]
        self._child, self._stuck = None, []
        await asyncio.gather(*(child.stop(1.0) for child in children))

    async def _ready(self) -> Child:
        if self._child is not None and self._child.alive:
            return self._child
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        try:
            # Shielded: who stops waiting must not stop it for the others.
            return await asyncio.shield(self._starting)
        finally:
            if self._starting is not None and self._starting.done():
                self._starting = None

    async def _start(self) -> Child:
        if self._stopped:
            raise Problem(503, "worker_lost", "The Jupyter server is stopping.")
        self._stuck = [child for child in self._stuck if not child.gone]
        if self._child is not None and not self._child.gone:
            self._stuck.append(self._child)
        if len(self._stuck) >= MAX_STUCK:
            raise _disk_timeout()
        self._child = await Child.spawn(self._command(), self._log)
        return self._child

    def _give_up(self, child: Child) -> None:
        child.kill()


def _disk_timeout() -> Problem:
    return Problem(
        504,
        "disk_timeout",
        "The persistent disk does not answer.",
        "Wait for the storage to come back; the panel tries again by itself.",
    )
