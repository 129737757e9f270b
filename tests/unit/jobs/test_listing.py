"""Finding training jobs: filters, pages, one of them in full."""

from __future__ import annotations

from typing import Any

import pytest

from modelarts_nb import jobs
from modelarts_nb.cloud.errors import CloudForbidden, CloudNotFound
from modelarts_nb.errors import UsageError
from modelarts_nb.jobs.model import read_job
from tests.unit.cloud.wire import Wire, error
from tests.unit.jobs.fake import ID, Service, job


def numbered(count: int) -> list[dict[str, Any]]:
    return [job(f"j{k}", f"00000000-0000-0000-0000-{k:012}") for k in range(count)]


@pytest.mark.parametrize("counts_records", [False, True])
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 125])
def test_every_page_is_read_and_none_twice(
    service: Service, count: int, counts_records: bool
) -> None:
    service.jobs, service.counts_records = numbered(count), counts_records

    found = jobs.list_jobs(limit=0)

    assert [j.name for j in found] == [f"j{k}" for k in range(count)]


def test_a_job_that_is_made_meanwhile_doubles_none(service: Service, wire: Wire) -> None:
    service.jobs = numbered(60)
    looks = 0

    def one_more(request: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            service.jobs.insert(0, job("new", ID))

    service.refuse = lambda request: one_more(request)

    found = [j.name for j in jobs.list_jobs(limit=0)]

    assert len(set(found)) == len(found)
    assert {f"j{k}" for k in range(60)} <= set(found)


def test_no_more_pages_are_read_than_are_wanted(service: Service, wire: Wire) -> None:
    service.jobs = numbered(200)

    assert len(jobs.list_jobs(limit=10)) == 10
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (30, 0, range(30)),
        (30, 30, range(30, 60)),
        (30, 60, range(60, 70)),
        (0, 65, range(65, 70)),
        (30, 70, range(0)),
    ],
)
def test_a_page_begins_where_the_last_one_ended(
    service: Service, limit: int, offset: int, expected: range
) -> None:
    """The offset counts jobs that fit, not those that were asked for."""
    others = [job(f"other{k}", f"00000000-0000-0000-0001-{k:012}") for k in range(70)]
    service.jobs = [one for pair in zip(numbered(70), others, strict=True) for one in pair]

    found = jobs.list_jobs(name="j", limit=limit, offset=offset)

    assert [j.name for j in found] == [f"j{k}" for k in expected]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": "ALPH"}, ["alpha"]),
        ({"phase": ["failed"]}, ["beta"]),
        ({"phase": ["Failed", "RUNNING"]}, ["alpha", "beta"]),
        ({"user": "bob"}, ["beta"]),
        ({"pool": "public"}, ["beta"]),
        ({"pool": "demo-pool"}, ["alpha"]),
        ({"pool": "pool-1"}, ["alpha"]),
        ({"name": "a", "pool": "public"}, ["beta"]),
    ],
)
def test_filters(service: Service, filters: dict[str, Any], expected: list[str]) -> None:
    other = "00000000-0000-0000-0000-000000000001"
    public = job("beta", other, "Failed", spec={"resource": {"flavor_id": "cpu", "node_count": 1}})
    public["metadata"]["user_name"] = "bob"
    service.jobs = [job("alpha"), public]

    assert [j.name for j in jobs.list_jobs(**filters)] == expected


def test_a_phase_that_there_is_not(service: Service) -> None:
    with pytest.raises(UsageError) as refused:
        jobs.list_jobs(phase=["Sleeping"])
    assert "Terminated" in refused.value.hint


def test_one_is_found_by_name_and_by_id(service: Service) -> None:
    service.jobs = [*numbered(70), job("mine")]

    assert jobs.show("mine").id == jobs.show(ID).id == ID


@pytest.mark.parametrize("name", ["absent", "", " ", "min", "x" * 5000])
def test_one_that_is_not_there(service: Service, name: str) -> None:
    with pytest.raises(CloudNotFound):
        jobs.show(name)


def test_a_missing_right_comes_with_its_policy(service: Service) -> None:
    service.refuse = lambda request: error(403, "ModelArts.0112", "Policy doesn't allow it.")

    with pytest.raises(CloudForbidden) as refused:
        jobs.list_jobs()
    assert "modelarts:trainJob:list" in refused.value.hint


def test_tasks_come_in_the_order_of_their_numbers_with_how_they_ended() -> None:
    names = [f"worker-{k}" for k in (10, 2, 0, 1)]
    status = {"tasks": names, "task_statuses": [{"task": "worker-2", "exit_code": 3}]}
    urls = [{"task": "worker-1", "url": "ssh://ma-user@h:1"}]
    found = read_job(
        job(status=status, endpoints={"ssh": {"key_pair_names": ["k"], "task_urls": urls}})
    )

    assert [t.name for t in found.tasks] == ["worker-0", "worker-1", "worker-2", "worker-10"]
    assert jobs.find_task(found, "worker-2").exit_code == 3
    assert jobs.find_task(found, "worker-1").ssh == "ssh://ma-user@h:1"
    assert found.key_pairs == ("k",)
    with pytest.raises(CloudNotFound) as refused:
        jobs.find_task(found, "worker-7")
    assert "worker-10" in refused.value.hint


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {}, {"metadata": 3}, {"status": {"tasks": "x", "task_statuses": [1]}},
     {"endpoints": {"ssh": {"task_urls": [{"task": None}]}}}],
)  # fmt: skip
def test_whatever_the_cloud_sends_is_a_job(value: Any) -> None:
    found = read_job(value)

    assert (found.pool, found.tasks, found.key_pairs) == (None, (), ())


def test_seconds_and_milliseconds_are_told_apart() -> None:
    first = read_job(job(status={"start_time": 1_767_268_800}))
    second = read_job(job(status={"start_time": 1_767_268_800_000}))

    assert first.started == second.started == "2026-01-01T12:00:00+00:00"
    assert first.seconds == 65
