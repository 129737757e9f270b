"""The lease: when a notebook stops by itself, and how to put that off."""

from __future__ import annotations

import math
from typing import Literal

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.errors import UsageError
from modelarts_nb.notebook.listing import look
from modelarts_nb.notebook.model import RUNNING, Lease, read_lease
from modelarts_nb.progress import SILENT, Progress

# The service's own range (3600000 to 259200000 ms).
LEAST_HOURS, MOST_HOURS = 1.0, 72.0


def lease(
    notebook: str | None = None, *, cloud: Cloud | None = None, progress: Progress = SILENT
) -> Lease:
    """How long a notebook runs before it stops by itself.

    Args:
        notebook: its id or name; None: this one.

    Raises:
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    return read_lease(cloud.call("modelarts", "show_lease", id=id, progress=progress))


def keep_alive(
    notebook: str | None = None,
    *,
    hours: float = 1.0,
    kind: Literal["timing", "idle"] | None = None,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> Lease:
    """Let a notebook run for so many hours from now on. One that runs longer anyway is left alone.

    Args:
        notebook: its id or name; None: this one.
        hours: 1 to 72, counted from now (the service itself counts from the start of the lease
            and adds what has passed).
        kind: counted always, or only while it is idle; None: as it is.

    Raises:
        UsageError: ``hours`` out of range.
        CloudConflict: it does not run.
        CloudError: the cloud refused or could not be reached.
    """
    duration = milliseconds(hours)
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    state = look(cloud, id, progress)
    if state.status != RUNNING:
        raise CloudConflict(
            f"{state.name or id} is {state.status}: only one that runs has a lease to extend.",
            hint="`ma notebook start --hours N` starts it with that much time.",
        )
    if state.lease and _is_enough(state.lease, hours, kind):
        progress.log(f"{state.name or id} runs longer than that anyway")
        return state.lease
    word = (kind or (state.lease.kind if state.lease else "") or "timing").upper()
    # Asked for twice it is the same: the service counts from when it is asked.
    answer = cloud.call(
        "modelarts",
        "renew_lease",
        id=id,
        duration=duration,
        body={"duration": duration, "type": word},
        repeatable=True,
        progress=progress,
    )
    return read_lease(answer)


def _is_enough(lease: Lease, hours: float, kind: str | None) -> bool:
    """Does it run so long without being asked for?"""
    if not lease.enabled or lease.remaining is None:
        return True
    return kind in (None, lease.kind.lower()) and lease.remaining >= hours * 3600


def milliseconds(hours: float) -> int:
    """Hours as the service takes them.

    Raises:
        UsageError: out of range, or no number.
    """
    if not math.isfinite(hours) or not LEAST_HOURS <= hours <= MOST_HOURS:
        raise UsageError(
            f"{hours:g} hours cannot be had.",
            hint=f"From {LEAST_HOURS:g} to {MOST_HOURS:g} hours.",
        )
    return round(hours * 3_600_000)
