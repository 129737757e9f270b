"""What a shell is opened in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modelarts_nb.shell.session import Transport


@dataclass(frozen=True)
class Target:
    """One task of a running job, and the way into it.

    Attributes:
        job: the id.
        name: what the job is called.
        task: as in ``worker-0``.
        transport: ``ssh`` or ``exec``.
        connect: makes the transport; to be called in the loop that uses it.
        still: raises what forbids a shell there now, as when the job has ended.
    """

    job: str
    name: str
    task: str
    transport: str
    connect: Callable[[], Transport]
    still: Callable[[], object]
