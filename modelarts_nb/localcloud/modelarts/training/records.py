"""What is remembered of a job's course: events, stages, metrics."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.training.jobs import ENDED, named, task_of
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.message import BadRequest, Reply

_ONE = "/v2/{project_id}/training-jobs/{training_job_id}"
_LEVELS = ("Info", "Warning", "Error")
_STAGES = {
    "scheduling": (1, "Scheduling", "调度"),
    "preparing": (2, "Preparing the containers", "准备容器"),
    "running": (3, "Running", "运行中"),
    "end": (4, "Ended", "结束"),
}


@SERVICE.route("GET", _ONE + "/events", action="modelarts:trainJob:get")
def list_events(call: Call) -> Any:
    """Events, the newest first unless asked otherwise; ``offset`` counts pages."""
    job = named(call)
    request = call.request
    level, pattern = request.get("level"), request.get("pattern") or ""
    order = (request.get("order") or "desc").lower()
    if level not in {None, "", *_LEVELS} or order not in {"asc", "desc"} or len(pattern) > 256:
        raise refusal("2764", "level, order or pattern")
    begin, end = _moment(request.get("start_time")), _moment(request.get("end_time"))
    if (begin is None) != (end is None):
        raise refusal("2764", "start_time and end_time come together")
    rows = [
        row
        for row in call.db.all(
            "SELECT * FROM modelarts_job_event WHERE job_id = ? ORDER BY number", job.id
        )
        if level in {None, "", row["level"]}
        and pattern in row["message"]
        and (begin is None or end is None or begin <= row["at"] <= end)
    ]
    if order == "desc":
        rows.reverse()
    limit, offset = request.number("limit", 50, least=1, most=100), request.number("offset", 0)
    events = [
        {
            "message": row["message"],
            "level": row["level"],
            "time": stamp(row["at"]),
            "source": row["source"],
        }
        for row in rows[offset * limit : (offset + 1) * limit]
    ]
    return {"total": len(rows), "limit": limit, "offset": offset, "order": order, "events": events}


def stamp(milliseconds: int) -> str:
    """A time as events have it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str | None) -> int | None:
    """Milliseconds of a time: a number of them, or ISO 8601."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return int(zoned.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadRequest(f"{text[:100]!r} is no time.") from None


@SERVICE.route("GET", _ONE + "/stages", action="modelarts:trainJob:get")
def list_stages(call: Call) -> Any:
    """The steps of each run, as far as it has come."""
    job = named(call)
    records = [
        {"record_order": number, "stages": [_stage(stage) for stage in stages]}
        for number, stages in enumerate(job.stages, 1)
    ]
    return {"total_count": len(records), "running_records": records}


def _stage(stage: dict[str, Any]) -> dict[str, Any]:
    order, english, chinese = _STAGES[stage["name"]]
    return {
        "name": stage["name"],
        "en_message": english,
        "zh_message": chinese,
        "start_time": stamp(stage["start"]),
        "end_time": stamp(stage["end"]) if stage["end"] else "",
        "stage_order": order,
        "sub_stages": [],
    }


@SERVICE.route("GET", _ONE + "/metrics/{task_id}", action="modelarts:trainJob:get")
def show_metrics(call: Call) -> Any:
    """Percent of this machine that a task's processes used; 204 while there are none (2777)."""
    job = named(call)
    rows = call.db.all(
        "SELECT cpu, memory FROM modelarts_job_metric WHERE job_id = ? AND task = ?"
        " ORDER BY number",
        job.id,
        task_of(call, job),
    )
    if not rows and job.phase not in ENDED:
        return Reply(204)
    return {
        "metrics": [
            {"metric": "cpuUsage", "value": [row["cpu"] for row in rows]},
            {"metric": "memUsage", "value": [row["memory"] for row in rows]},
        ]
    }
