"""Hints on Jupyter's event bus: an operation has begun, or its state is another one."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Optional

from jupyter_events import EventLogger

from modelarts_nb.server.problem import Problem
from modelarts_nb.server.worker import Worker

SCHEMA = Path(__file__).parent / "events" / "operation.yaml"
SCHEMA_ID = "https://modelarts-nb/operation/v1"
PERIOD = 0.5
# While the worker does not answer.
LONG_PERIOD = 5.0


class Watcher:
    """Looks at the list of operations twice a second, but only while one of them runs.

    Args:
        worker: who is asked.
        events: the server's event bus.
        timeout: seconds for one look.
        log: the server's.
    """

    def __init__(
        self, worker: Worker, events: EventLogger, timeout: float, log: logging.Logger
    ) -> None:
        self._worker = worker
        self._events = events
        self._timeout = timeout
        self._log = log
        self._states: dict[str, str] = {}
        self._task: Optional[asyncio.Task[None]] = None
        self._stopped = False

    def register(self) -> None:
        """Make the event known to the bus."""
        if SCHEMA_ID not in self._events.schemas:
            self._events.register_event_schema(SCHEMA)

    def notice(self, operations: list[dict[str, Any]]) -> None:
        """Take in what is known of some operations; emit what is new, watch while one runs."""
        for operation in operations:
            before = self._states.get(operation["id"])
            state = operation["state"]
            self._states[operation["id"]] = state
            # One that ended before anybody looked is no news.
            if before != state and (before is not None or state == "running"):
                self._emit(operation)
        running = "running" in self._states.values()
        if running and not self._stopped and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._watch())

    async def stop(self) -> None:
        """End watching."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        # Before Python 3.12 ``wait_for`` forgets a cancellation that comes with the answer.
        while not self._stopped and "running" in self._states.values():
            await asyncio.sleep(PERIOD)
            try:
                found = await self._worker.call("operation.list", {}, timeout=self._timeout)
            except Problem as problem:
                self._log.warning("modelarts_nb: operations not seen: %s", problem.message)
                await asyncio.sleep(LONG_PERIOD)
                continue
            self.notice(found)
            known = {operation["id"] for operation in found}
            self._states = {id: s for id, s in self._states.items() if id in known}

    def _emit(self, operation: dict[str, Any]) -> None:
        data = {key: operation[key] for key in ("id", "state", "verb")}
        self._events.emit(schema_id=SCHEMA_ID, data=data)
