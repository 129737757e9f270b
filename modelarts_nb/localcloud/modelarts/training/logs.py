"""The logs of tasks: the newest bytes, or pages of lines.

Which lines ``base_line`` and ``order`` mean is not public in detail. Here: ``asc`` gives the lines
after the base line, ``desc`` those before it, newest first; without one the newest.
"""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.training.jobs import ENDED, Job, named, task_of
from modelarts_nb.localcloud.modelarts.training.runtime import identity_of, training
from modelarts_nb.localcloud.plane.training.logfile import LogFile
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.message import Reply

_ONE = "/v2/{project_id}/training-jobs/{training_job_id}"
_PREVIEW = 5 * 1024 * 1024
# The permission tables name no right for logs but this one.
_RIGHT = "modelarts:trainJob:get"


def _log(call: Call) -> tuple[Job, LogFile]:
    job = named(call)
    identity = identity_of(call.cloud, job, task_of(call, job))
    return job, training(call.cloud).log(identity.folders)


@SERVICE.route("GET", _ONE + "/tasks/{task_id}/logs/preview", action=_RIGHT)
def preview(call: Call) -> Any:
    """The newest part, at most 5 MB of it; 204 while there is none (2776)."""
    job, found = _log(call)
    full = found.size()
    if not full and job.phase not in ENDED:
        return Reply(204)
    content = found.newest(_PREVIEW)
    return {"content": content, "current_size": min(full, _PREVIEW), "full_size": full}


@SERVICE.route("GET", _ONE + "/logs/{task_id}", action=_RIGHT)
def page(call: Call) -> Any:
    """Lines by their number; 204 while there are none (2776)."""
    job, found = _log(call)
    wanted = call.request.number("lines", 50, least=1, most=500)
    order = call.request.get("order") or "desc"
    if order not in {"asc", "desc"}:
        raise refusal("2788", "order must be asc or desc")
    # The last line counts without its end only when nothing can be added to it.
    count = found.count(whole=job.phase in ENDED)
    if not count and job.phase not in ENDED:
        return Reply(204)
    base = _base(call)
    if base is None:
        first, last = max(1, count - wanted + 1), count
    elif order == "asc":
        first, last = base + 1, min(base + wanted, count)
    else:
        last = min(base - 1, count)
        first = max(1, last - wanted + 1)
    lines = found.lines(first, last)
    if order == "desc":
        lines.reverse()
        first, last = last, first
    if not lines:
        first = last = base or 0
    content = "\n".join(lines)
    return {
        "start_line": str(first),
        "end_line": str(last),
        "lines": len(lines),
        "content": content,
    }


def _base(call: Call) -> int | None:
    text = call.request.get("base_line") or ""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise refusal("2788", f"base_line {text}")
    return int(text)
