"""Stopping an operation that may run in another process, or hang."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

from modelarts_nb.errors import NotFound
from modelarts_nb.operations import history
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.journal import Journal
from modelarts_nb.operations.model import Operation


def cancel(id: str) -> Operation:
    """Ask a running operation to stop, and see to it that it does; returns at once.

    An ended operation is left as it is. One that does not stop within ``history.GRACE`` seconds
    is killed and recorded as cancelled.

    Raises:
        NotFound: there is none of this id.
    """
    journal = journals.find(id)
    operation = history.settle(journal)
    if operation.state != "running":
        return operation
    journal.ask_cancel()
    runner = journal.runner()
    # Without a session of its own it is somebody's shell or kernel, where the mark has to do.
    if runner and runner.can_be_killed():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(runner.process.pid, signal.SIGTERM)
    # No daemon: `ma operation cancel` waits for it, which is what one expects there.
    threading.Thread(target=_enforce, args=(journal,), name="cancel").start()
    return operation


def discard(id: str) -> None:
    """Cancel an operation that runs, forget one that has ended.

    Raises:
        NotFound: there is none of this id.
    """
    if cancel(id).state != "running":
        history.dismiss(id)


def _enforce(journal: Journal) -> None:
    end = time.monotonic() + history.GRACE + history.HELD + 2
    with contextlib.suppress(NotFound):
        while time.monotonic() < end and history.settle(journal).state == "running":
            time.sleep(0.2)
