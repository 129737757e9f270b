"""Stopping a job."""

from __future__ import annotations

import pytest

from modelarts_nb import jobs
from modelarts_nb.cloud.errors import CloudNotFound, StateFailed
from tests.unit.cloud.wire import Wire, error
from tests.unit.jobs.fake import Service, job


def actions(wire: Wire) -> int:
    return sum(request.path.endswith("/actions") for request in wire.seen)


def test_a_job_is_followed_until_it_has_stopped(service: Service, wire: Wire) -> None:
    service.phases = ["Running", "Terminating", "Terminated"]

    assert jobs.stop("mine").phase == "Terminated"
    assert actions(wire) == 1


@pytest.mark.parametrize("phase", ["Completed", "Failed", "Abnormal", "Terminated"])
def test_one_that_has_ended_is_left_as_it_is(service: Service, wire: Wire, phase: str) -> None:
    service.jobs = [job(phase=phase)]

    assert jobs.stop("mine").phase == phase
    assert actions(wire) == 0


def test_one_that_is_stopping_is_only_followed(service: Service, wire: Wire) -> None:
    service.phases = ["Terminating", "Terminating", "Terminated"]

    jobs.stop("mine")

    assert actions(wire) == 0


def test_somebody_may_be_faster(service: Service) -> None:
    service.phases = ["Running", "Completed"]
    service.refuse = lambda request: (
        error(409, "ModelArts.2813", "not now") if request.path.endswith("/actions") else None
    )

    assert jobs.stop("mine").phase == "Completed"


def test_it_need_not_be_waited_for(service: Service) -> None:
    assert jobs.stop("mine", wait=False).phase == "Terminating"


def test_one_that_cannot_be_stopped(service: Service) -> None:
    stuck = job(phase="Terminating", status={"secondary_phase": "TerminatedFailed"})
    stuck["status"]["phase"] = "Terminating"
    service.jobs = [stuck]

    with pytest.raises(StateFailed):
        jobs.stop("mine")


def test_one_that_is_not_there(service: Service) -> None:
    with pytest.raises(CloudNotFound):
        jobs.stop("absent")
