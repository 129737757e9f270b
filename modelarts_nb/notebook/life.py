"""Starting and stopping, followed to the end."""

from __future__ import annotations

import time
from collections.abc import Set
from typing import Any, Literal

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import (
    CloudConflict,
    CloudNotFound,
    CloudUnreachable,
    StateFailed,
)
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.cloud.waiting import follow
from modelarts_nb.notebook.lease import milliseconds
from modelarts_nb.notebook.listing import look
from modelarts_nb.notebook.model import (
    FAILED,
    RUNNING,
    STARTING,
    STOPPED,
    Notebook,
    read_notebook,
)
from modelarts_nb.progress import SILENT, Progress

# Seconds: an image of tens of gigabytes that is not on the node takes its time.
START_SECONDS = 3600.0
STOP_SECONDS = 1200.0
# So long it may look as before: after the service said that it begins, and after it said nothing.
_BEGUN_SECONDS, _ASKED_SECONDS = 5.0, 60.0
_STEPS = {1: "storage", 2: "compute", 3: "network", 4: "initialising"}
# Somebody was faster: it is what was asked for.
_UNDER_WAY = {"ModelArts.6305", "ModelArts.6306", "ModelArts.6307", "ModelArts.6308"}


def start(
    notebook: str | None = None,
    *,
    hours: float | None = None,
    lease: Literal["timing", "idle"] | None = None,
    wait: bool = True,
    timeout: float = START_SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Notebook:
    """Start a notebook and follow it until it runs. One that is starting is only followed.

    Args:
        notebook: its id or name; None: this one.
        hours: after so many it stops by itself, 1 to 72; None: what the service takes (1).
        lease: counted always, or only while it is idle.
        wait: follow it to the end; else return at once.
        timeout: seconds.

    Raises:
        UsageError: ``hours`` out of range.
        StateFailed: the start failed; says why and at which step.
        CloudConflict: it is being stopped, deleted or saved.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    duration = milliseconds(hours) if hours is not None else None
    state = look(cloud, id, progress)
    if state.status == RUNNING:
        asked = f" --hours {hours:g}" if hours else ""
        progress.log(
            f"{state.name} runs already; `ma notebook keep-alive {id}{asked}` lets it run on"
        )
        return state
    moved = _Moved("")
    if state.status not in STARTING:
        _refuse_unless(state, {STOPPED, "START_FAILED", "ERROR"}, "started")
        fields = {"duration": duration, "type": lease.upper() if lease else None}
        given = {key: value for key, value in fields.items() if value is not None}
        progress.phase("starting")
        begun = _ask(cloud, "start_notebook", id, STARTING | {RUNNING}, progress, **given)
        moved = _Moved(state.status, _BEGUN_SECONDS if begun else _ASKED_SECONDS)
    else:
        progress.phase("following")
    if not wait:
        return look(cloud, id, progress)
    told: set[tuple[int, str]] = set()

    def ended(n: Notebook) -> bool:
        if n.status == RUNNING:
            return True
        if moved.by(n):
            _tell(n, told, progress)
            if n.status in FAILED or n.status == STOPPED:
                raise _failed(n, "start")
        return False

    return follow(
        lambda: look(cloud, id, progress),
        ended,
        what=f"Starting {state.name or id}",
        again=f"ma notebook start {id}",
        timeout=timeout,
        progress=progress,
    )


def stop(
    notebook: str | None = None,
    *,
    wait: bool = True,
    timeout: float = STOP_SECONDS,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Notebook:
    """Stop a notebook and follow it until it has stopped. One that is stopping is only followed.

    Args:
        notebook: its id or name; None: this one, which ends whoever asks too.
        wait: follow it to the end; else return at once.
        timeout: seconds.

    Raises:
        StateFailed: it did not stop; says why.
        CloudConflict: it is being deleted or saved.
        CloudTimeout, Cancelled: not followed any more; the cloud goes on.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    state = look(cloud, id, progress)
    if state.status == STOPPED:
        progress.log(f"{state.name} is stopped already")
        return state
    progress.phase("stopping")
    moved = _Moved("")
    if state.status != "STOPPING":
        _refuse_unless(state, {RUNNING, *STARTING, "ERROR"}, "stopped")
        begun = _ask(cloud, "stop_notebook", id, {"STOPPING", STOPPED}, progress)
        moved = _Moved(state.status, _BEGUN_SECONDS if begun else _ASKED_SECONDS)
    if not wait:
        return look(cloud, id, progress)

    def ended(n: Notebook) -> bool:
        if n.status == STOPPED:
            return True
        if moved.by(n) and n.status in FAILED:
            raise _failed(n, "stop")
        return False

    return follow(
        lambda: look(cloud, id, progress),
        ended,
        what=f"Stopping {state.name or id}",
        again=f"ma notebook stop {id}",
        timeout=timeout,
        progress=progress,
    )


class _Moved:
    """Has it left the state that it was in when it was asked to change? What that state says, a
    failure perhaps, is not how this change ended.

    Args:
        before: that state; empty: it has left it.
        patience: seconds after which it should have.
    """

    def __init__(self, before: str, patience: float = 0.0) -> None:
        self._before, self._until = before, time.monotonic() + patience

    def by(self, n: Notebook) -> bool:
        """Seen like this, has it moved, or should it have by now?"""
        if n.status != self._before:
            self._before = ""
        return not self._before or time.monotonic() > self._until


def _ask(
    cloud: Cloud,
    operation: str,
    id: str,
    under_way: Set[str],
    progress: Progress,
    **fields: Any,
) -> bool:
    """Ask for a change of state; one that is under way already is as good.

    Args:
        operation: of the SDK.
        under_way: the states that it leads to.

    Returns:
        Whether the service says that it is under way.
    """
    try:
        answer = cloud.call("modelarts", operation, id=id, progress=progress, **fields)
        return read_notebook(answer).status in under_way
    except CloudConflict as error:
        if error.error_code not in _UNDER_WAY:
            raise
        progress.log(error.message)
    except CloudUnreachable as error:
        # The answer got lost: was the request carried out?
        try:
            carried_out = look(cloud, id, progress).status in under_way
        except CloudUnreachable:
            raise error from None
        if not carried_out:
            raise
        progress.log(f"{error.message} It was carried out nevertheless.")
    return True


def _refuse_unless(state: Notebook, fits: set[str], verb: str) -> None:
    if state.status == "DELETED":
        raise CloudNotFound(f"{state.name} was deleted.", hint="`ma notebook list`")
    if state.status not in fits:
        raise CloudConflict(
            f"{state.name} is {state.status} and cannot be {verb} now.",
            hint="It is frozen because money is owed: ask who runs the account."
            if state.status == "FROZEN"
            else "Wait until that is over, then run the same again.",
        )


def _failed(n: Notebook, what: str) -> StateFailed:
    step = next((s for s in n.steps if s.status == "FAILED"), None)
    where = f" at {_STEPS.get(step.number, step.number)}" if step else ""
    why = n.fail_reason or (step.description if step else "") or "the cloud gives no reason"
    return StateFailed(
        f"The {what} of {n.name or n.id} failed{where}: {why}",
        hint="A flavor may be sold out, a quota used up or the image gone: "
        "`ma notebook show` has the details; run the same again once that is mended.",
        cause=f"status {n.status}",
    )


def _tell(n: Notebook, told: set[tuple[int, str]], progress: Progress) -> None:
    for step in n.steps:
        mark = (step.number, step.status)
        if mark in told:
            continue
        told.add(mark)
        if step.status == "PROCESSING":
            progress.phase(_STEPS.get(step.number, f"step {step.number}"))
        elif step.status == "FAILED":
            progress.log(f"{_STEPS.get(step.number, step.number)} failed: {step.description}")
