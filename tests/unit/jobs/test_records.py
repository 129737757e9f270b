"""Events and metrics of a job."""

from __future__ import annotations

from typing import Any

import pytest

from modelarts_nb import jobs
from modelarts_nb.cloud.errors import CloudNotFound
from tests.unit.cloud.wire import error
from tests.unit.jobs.fake import Service


def event(number: int, level: str = "Info") -> dict[str, Any]:
    time = f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z"
    return {"time": time, "level": level, "message": f"event {number}", "source": "x"}


@pytest.mark.parametrize("counts_records", [False, True])
@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 100, 101, 230])
def test_all_events_come_the_oldest_first(
    service: Service, count: int, oldest_first: bool, counts_records: bool
) -> None:
    service.events = [event(k) for k in range(count)]
    service.oldest_first, service.counts_records = oldest_first, counts_records

    found = jobs.list_events("mine")

    assert [e.message for e in found] == [f"event {k}" for k in range(count)]


def test_the_newest_ones_of_a_level(service: Service) -> None:
    service.events = [event(k, "Error" if k % 2 else "Info") for k in range(9)]

    found = jobs.list_events("mine", level="Error", limit=2)

    assert [e.message for e in found] == ["event 5", "event 7"]


def test_a_time_in_milliseconds_is_made_readable(service: Service) -> None:
    service.events = [{**event(1), "time": "1767268800000"}]

    assert jobs.list_events("mine")[0].time == "2026-01-01T12:00:00+00:00"


def test_metrics_come_task_by_task_and_what_is_none_is_left_out(service: Service) -> None:
    service.metrics = {
        "worker-0": [{"metric": "cpuUsage", "value": [1, 2.5, None, "x", True]}],
        "worker-1": [{"metric": "memUsage", "value": None}],
    }

    found = jobs.read_metrics("mine")

    assert [(m.task, m.name, m.values) for m in found] == [
        ("worker-0", "cpuUsage", (1.0, 2.5)),
        ("worker-1", "memUsage", ()),
    ]


def test_a_task_without_metrics_yet_has_none(service: Service) -> None:
    service.metrics = {"worker-1": [{"metric": "cpuUsage", "value": [1]}]}

    assert [m.task for m in jobs.read_metrics("mine")] == ["worker-1"]
    service.refuse = lambda request: (
        error(400, "ModelArts.2777", "not yet") if "/metrics/" in request.path else None
    )
    assert jobs.read_metrics("mine", tasks=["worker-1"]) == []


def test_metrics_of_a_task_that_is_not_there(service: Service) -> None:
    with pytest.raises(CloudNotFound):
        jobs.read_metrics("mine", tasks=["worker-5"])
