"""The two sides of a copy."""

from __future__ import annotations

from dataclasses import dataclass

from modelarts_nb.errors import UsageError


@dataclass(frozen=True)
class Place:
    """One side of a copy: a path here (``job`` None), or in a task of a job (``task`` None: the
    first)."""

    job: str | None
    task: str | None
    path: str


def place_of(text: str) -> Place:
    """What ``JOB[:TASK]:PATH`` or a path says. A path here that has a colon begins with ``./``.

    Raises:
        UsageError: nothing of that.
    """
    if "\0" in text or not text:
        raise UsageError(
            f"{text!r} is no place.", hint="As in `demo:worker-0:/cache/x`, or a path."
        )
    if text.startswith(("/", "./", "../", "~")) or ":" not in text or text in (".", ".."):
        return Place(None, None, text)
    job, _, rest = text.partition(":")
    task, colon, path = rest.partition(":")
    with_task = bool(colon) and "/" not in task
    place = Place(job, task or None, path) if with_task else Place(job, None, rest)
    if not job or not place.path:
        raise UsageError(
            f"{text!r} names no job or no path.",
            hint="As in `demo:/cache/x`; `demo:.` is its home.",
        )
    return place
