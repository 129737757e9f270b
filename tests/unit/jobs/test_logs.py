"""The newest lines, and following them without gaps or doubles, whatever the service's ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb import jobs
from modelarts_nb.cloud.errors import CloudNotFound, CloudUnreachable
from modelarts_nb.errors import Cancelled, UsageError
from modelarts_nb.jobs import logs
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Response, error
from tests.unit.jobs.fake import Service, job

WAYS = st.fixed_dictionaries(
    {
        "base_included": st.booleans(),
        "oldest_first": st.booleans(),
        "first_number": st.sampled_from([1, 96, 1_700_000_000_000_000_000]),
    }
)
SHARED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def paging(lines: int) -> Iterator[None]:
    """Pages of so many lines, so that there are some."""
    before = logs._PAGE
    logs._PAGE = lines
    try:
        yield
    finally:
        logs._PAGE = before


def texts(found: list[jobs.Line], task: str = "worker-0") -> list[str]:
    return [line.text for line in found if line.task == task]


@SHARED
@given(ways=WAYS, count=st.integers(0, 12), wanted=st.integers(0, 12), page=st.integers(2, 5))
def test_the_newest_lines_are_those_and_in_their_order(
    service: Service, ways: dict[str, Any], count: int, wanted: int, page: int
) -> None:
    vars(service).update(ways)
    said = [f"line {k}" for k in range(count)]
    service.lines["worker-0"] = said

    with paging(page):
        found = texts(jobs.read_logs("mine", lines=wanted))

    assert found == (said[-wanted:] if wanted else said)


@SHARED
@given(
    ways=WAYS,
    before=st.integers(0, 5),
    batches=st.lists(st.integers(0, 7), max_size=5),
    wanted=st.integers(-1, 6),
    page=st.integers(2, 4),
)
def test_following_gives_every_line_once(
    service: Service,
    ways: dict[str, Any],
    before: int,
    batches: list[int],
    wanted: int,
    page: int,
) -> None:
    # given a job that says so many lines, some before it is asked and some with each look
    vars(service).update(ways)
    said = [f"line {k}" for k in range(before)]
    service.lines["worker-0"] = list(said)
    service.jobs[0]["status"]["phase"] = "Running"
    coming = list(batches)

    def more() -> None:
        if coming:
            lines = service.lines["worker-0"]
            lines += [f"line {k}" for k in range(len(lines), len(lines) + coming.pop(0))]
        else:
            service.jobs[0]["status"]["phase"] = "Completed"

    looks = iter(range(1000))
    service.looked = lambda: more() if next(looks) else None  # the first look finds the tasks

    # when it is followed to its end
    with paging(page):
        found = texts(list(jobs.follow("mine", lines=wanted)))

    # then every line comes once, from where it was asked for
    every = service.lines["worker-0"]
    begin = {-1: before, 0: 0}.get(wanted, max(0, before - wanted))
    if before == 0:
        begin = 0
    assert found == every[begin:]


def test_blank_lines_and_the_ends_of_pages_are_kept(service: Service) -> None:
    said = ["", "a", "", "", "b", ""]
    service.lines["worker-0"] = said

    for page in (2, 3, 500):
        with paging(page):
            assert texts(jobs.read_logs("mine", lines=0)) == said


def test_of_several_tasks_each_has_its_lines(service: Service) -> None:
    service.lines = {"worker-0": ["a", "b"], "worker-1": ["c"]}

    assert [line.task for line in jobs.read_logs("mine")] == ["worker-0"] * 2
    found = jobs.read_logs("mine", all_tasks=True)
    assert (texts(found), texts(found, "worker-1")) == (["a", "b"], ["c"])
    assert texts(jobs.read_logs("mine", tasks=["worker-1"]), "worker-1") == ["c"]


def test_what_is_said_until_the_end_is_among_it(service: Service) -> None:
    # given a job that says something between the look at it and the look at its log
    service.phases = ["Running", "Running", "Completed"]
    service.lines["worker-0"] = ["first"]
    service.looked = lambda: (
        service.lines["worker-0"].append("more") if not service.phases else None
    )

    found = texts(list(jobs.follow("mine")))

    assert found == service.lines["worker-0"]


def test_a_job_that_has_no_tasks_yet_is_waited_for(service: Service) -> None:
    # given a job that has just been made, and gets its tasks later
    service.jobs = [job(phase="Creating", status={"tasks": []})]
    service.lines["worker-0"] = ["a"]
    looks = iter(range(100))

    def begin() -> None:
        if next(looks) == 3:
            service.jobs[0]["status"].update(tasks=["worker-0"], phase="Completed")

    service.looked = begin

    assert jobs.read_logs("mine") == []
    assert texts(list(jobs.follow("mine"))) == ["a"]


def test_a_job_that_ended_without_tasks_has_said_nothing(service: Service) -> None:
    service.jobs = [job(phase="Failed", status={"tasks": []})]

    assert list(jobs.follow("mine", all_tasks=True)) == []


def test_a_cloud_that_is_out_of_reach_for_a_moment_is_waited_for(service: Service) -> None:
    service.phases = ["Running"] * 4
    service.lines["worker-0"] = ["a", "b"]
    asked = 0

    def sometimes(request: Any) -> Response | None:
        nonlocal asked
        asked += 1
        if not service.phases:
            service.jobs[0]["status"]["phase"] = "Completed"
        return Response(drop=True) if 6 <= asked <= 9 else None

    service.refuse = sometimes

    assert texts(list(jobs.follow("mine"))) == ["a", "b"]


def test_a_cloud_that_stays_out_of_reach_is_not_waited_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PATIENCE", 0.0)
    service.lines["worker-0"] = ["a"]
    coming = jobs.follow("mine")
    next(coming)
    service.refuse = lambda request: Response(drop=True)

    with pytest.raises(CloudUnreachable):
        list(coming)


def test_a_log_that_is_not_there_yet_is_no_error(service: Service) -> None:
    service.refuse = lambda request: (
        error(400, "ModelArts.2818", "not generated") if "/logs/" in request.path else None
    )

    assert jobs.read_logs("mine") == []


def test_a_log_that_was_cleaned_away(service: Service) -> None:
    service.refuse = lambda request: (
        error(400, "ModelArts.2819", "cleaned") if "/logs/" in request.path else None
    )

    with pytest.raises(CloudNotFound) as refused:
        jobs.read_logs("mine")
    assert "30 days" in refused.value.hint


def test_who_does_not_want_to_wait_need_not(service: Service) -> None:
    class Impatient(Silent):
        asked = 0

        def check(self) -> None:
            self.asked += 1
            if self.asked > 20:
                raise Cancelled

    service.lines["worker-0"] = ["a"]

    with pytest.raises(Cancelled):
        list(jobs.follow("mine", progress=Impatient()))


@pytest.mark.parametrize("asked", [{"lines": -2}, {"tasks": ["worker-0"], "all_tasks": True}])
def test_what_cannot_be_asked(service: Service, asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        jobs.read_logs("mine", **asked)


def test_a_task_that_is_not_there(service: Service) -> None:
    with pytest.raises(CloudNotFound) as refused:
        jobs.read_logs("mine", tasks=["worker-9"])
    assert "worker-1" in refused.value.hint


def test_a_service_that_does_not_heed_the_base_line_is_left(service: Service) -> None:
    # given one that gives the same page whatever it is asked
    service.jobs = [job(phase="Completed")]
    same = {"start_line": "2", "end_line": "1", "lines": 2, "content": "b\na"}
    service.refuse = lambda request: Response(200, same) if "/logs/" in request.path else None

    assert texts(list(jobs.follow("mine", lines=0))) == ["a", "b"]
