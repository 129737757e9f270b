"""What becomes of jobs when the local cloud ends."""

from __future__ import annotations

from functools import partialmethod
from pathlib import Path

import pytest

from modelarts_nb.localcloud.modelarts.runtime import Pace
from modelarts_nb.localcloud.plane.processes import processes_of
from modelarts_nb.localcloud.testing import local_cloud
from tests.unit.localcloud.modelarts.conftest import World, quick_world
from tests.unit.localcloud.modelarts.training.conftest import Jobs

AGAIN = {
    "annotations": {
        "fault-tolerance/job-unconditional-retry": "true",
        "fault-tolerance/job-retry-num": "1",
    }
}


def test_a_job_that_ran_when_the_cloud_ended_is_lost_and_one_that_may_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three jobs, of which one has ended
    with quick_world(tmp_path) as world:
        jobs = Jobs(world)
        ended = jobs.ended("echo kept").metadata.id
        lost = jobs.running().metadata.id
        again = jobs.running("echo run; sleep 600", metadata=AGAIN).metadata.id
        jobs.said(again, "run")
        markers = [jobs.identity(id).marker for id in (lost, again)]
        was = jobs.show(again).status.start_time

    # when the cloud ends, then so do their processes
    assert not any(processes_of(marker) for marker in markers)

    # and when it is there again
    monkeypatch.setattr(Pace, "__init__", partialmethod(Pace.__init__, creating=0.0))
    with local_cloud(tmp_path / "state") as cloud:
        world = World(cloud)
        jobs = Jobs(world)

        # then it says what has become of them
        assert jobs.show(ended).status.phase == "Completed"
        assert jobs.log(ended) == "kept\n"
        found = jobs.show(lost)
        assert (found.status.phase, found.status.secondary_phase) == ("Abnormal", "Lost")
        assert "ended while the training job ran" in jobs.events(lost)[-1]
        rerun = jobs.wait(again, "Running")
        assert jobs.said(again, "run\nrun") == "run\nrun\n"
        assert rerun.status.start_time == was
        records = [record.end_recover for record in rerun.status.running_records]
        assert records == ["job_reschedule", None]
        world.clients.close()
