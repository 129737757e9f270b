"""Reading journals: what ran and what runs. Never touches the persistent disk."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import threading
import time

from modelarts_nb.errors import Busy, NotFound, UsageError
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations.journal import Journal
from modelarts_nb.operations.model import LogPart, Operation, State, now

KEPT = 50
# From being asked to stop to being killed: time to remove staging on a slow disk.
GRACE = 10.0
# And this long from being killed to counting as gone: a request that the disk does not answer may
# hold a killed process, which does nothing any more, until it does.
HELD = 5.0
# A process has this long to say who it is.
STARTING = 30.0
LOG_PART = 64 << 10


def list_operations() -> list[Operation]:
    """Running operations and the newest 50, newest first; older ended ones are forgotten."""
    found = []
    for number, journal in enumerate(journals.every()):
        try:
            operation = settle(journal)
        except NotFound:
            continue
        if number < KEPT or operation.state == "running":
            found.append(operation)
        else:
            shutil.rmtree(journal.folder, ignore_errors=True)
    return found


def show(id: str) -> Operation:
    """One operation.

    Raises:
        NotFound: there is none of this id.
    """
    return settle(journals.find(id))


def read_log(id: str, offset: int = 0) -> LogPart:
    """Up to 64 KiB of the log from ``offset`` (bytes) on.

    Raises:
        NotFound: there is no operation of this id.
        UsageError: a negative offset.
    """
    if offset < 0:
        raise UsageError("The offset of a log must not be negative.")
    journal = journals.find(id)
    settle(journal)
    try:
        with journal.log_file.open("rb") as file:
            file.seek(offset)
            data = file.read(LOG_PART)
    except OSError:
        data = b""
    # Only whole lines, so that no character is cut; a line is longer than a part only by malice.
    whole = data.rfind(b"\n") + 1 or (len(data) if len(data) == LOG_PART else 0)
    return {"text": data[:whole].decode("utf-8", "replace"), "offset": offset + whole}


def dismiss(id: str) -> None:
    """Forget an ended operation.

    Raises:
        NotFound: there is none of this id.
        Busy: it is running.
    """
    journal = journals.find(id)
    if settle(journal).state == "running":
        raise Busy(f"The operation {id} is still running.", hint="Cancel it first.")
    shutil.rmtree(journal.folder, ignore_errors=True)


def settle(journal: Journal) -> Operation:
    """The recorded operation, its end written by us where its process went away without it.

    Also kills a process that was asked to stop and did not, so that a cancel holds even when
    the one who asked is gone.

    Raises:
        NotFound: there is no record.
    """
    operation = journal.read()
    if operation.state != "running" or _is_worked_on(journal):
        return operation
    # It may have ended between the two looks.
    operation = journal.read()
    if operation.state != "running":
        return operation
    return _close(journal, operation)


def kill(journal: Journal) -> None:
    """Kill the operation's process and what it started, if that is proven to be it."""
    runner = journal.runner()
    if runner and runner.can_be_killed():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(runner.process.pid, signal.SIGKILL)


def _is_worked_on(journal: Journal) -> bool:
    runner = journal.runner()
    if runner is None:
        return time.time() - journal.heard() < STARTING
    if not runner.is_alive(journal.heard()):
        return False
    asked = journal.cancel_asked()
    if asked is not None and time.time() - asked > GRACE:
        held = runner.can_be_killed() and time.time() - asked > GRACE + HELD
        kill(journal)
        return not held
    return True


def _close(journal: Journal, operation: Operation) -> Operation:
    printed = journal.keep_stray_output()
    if journal.cancel_asked() is not None:
        state: State = "cancelled"
        error = {
            "code": "cancelled",
            "message": f"Cancelled. It hung ({operation.phase or 'starting'}) and was killed.",
            "hint": "What was half-made is removed; where the disk hangs, later.",
            "cause": "",
        }
    else:
        state = "lost"
        error = {
            "code": "lost",
            "message": "The operation's process went away before the end.",
            "hint": "Often memory ran out. Nothing half-made is left; run the same again.",
            "cause": printed,
        }
    journal.log(error["message"])
    ended = dataclasses.replace(operation, state=state, error=error, ended=now(), seconds_left=None)
    with contextlib.suppress(OSError):
        journal.write(ended)
    # Its staging lies on a disk that may hang: nobody waits for it.
    threading.Thread(target=_sweep, name="sweep", daemon=True).start()
    return ended


def _sweep() -> None:
    from modelarts_nb.operations.housekeeping import tidy

    tidy()
