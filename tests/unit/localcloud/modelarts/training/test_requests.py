"""What a request to create a job may hold, searching jobs, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam.v3 import ServiceStatement
from huaweicloudsdkmodelarts.v1 import (
    CreateTrainingJobRequest,
    ListTrainingJobEventsRequest,
    ListTrainingJobsRequest,
    ShowTrainingJobEnginesRequest,
    ShowTrainingJobFlavorsRequest,
    ValidateTrainingJobNameRequest,
)

from tests.unit.localcloud.modelarts.conftest import code
from tests.unit.localcloud.modelarts.training.conftest import FLAVOR, Jobs


def refused(jobs: Jobs, body: dict[str, Any], user: str = "developer") -> str:
    with pytest.raises(ClientRequestException) as error:
        jobs.world(user).create_training_job(CreateTrainingJobRequest(body=body))
    return code(error)


OBS = {"obs": {"obs_url": "obs://demo-bucket/absent/"}}
GONE = {"obs": {"obs_url": "obs://no-such-bucket/x/"}}


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ({"engine": {}}, "2830 400"),
        ({"engine": {"engine_id": "no-such"}}, "2780 400"),
        ({"command": ""}, "2806 400"),
        ({"code_dir": "obs://demo-bucket/absent/"}, "2773 400"),
        ({"code_dir": "somewhere"}, "2791 400"),
        ({"code_dir": "obs://demo-bucket/../x/"}, "6400 400"),
        ({"boot_file": "obs://demo-bucket/README.txt"}, "2757 400"),
        (
            {"code_dir": "obs://demo-bucket/datasets/",
             "boot_file": "obs://demo-bucket/README.txt"},
            "2758 400",
        ),
        ({"inputs": [{"name": "data", "remote": OBS}]}, "2773 400"),
        ({"outputs": [{"name": "model", "remote": GONE}]}, "2773 400"),
        ({"inputs": [{"name": "data", "remote": {"dataset": {"id": "1"}}}]}, "2788 400"),
        ({"environments": {"MA_HOME": "x"}}, "2788 400"),
        ({"environments": {"1st": "x"}}, "2788 400"),
        ({"environments": {f"V{k}": "x" for k in range(101)}}, "2788 400"),
        ({"local_code_dir": "/home/ma-user/modelarts/x"}, "2788 400"),
        ({"working_dir": "/home/../etc"}, "2788 400"),
        ({"id": "algorithm-1"}, "2788 400"),
    ],
)  # fmt: skip
def test_an_algorithm_that_cannot_run(jobs: Jobs, algorithm: dict[str, Any], expected: str) -> None:
    assert refused(jobs, jobs.body(algorithm=algorithm)) == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"node_count": 1}, "2763 400"),
        ({"node_count": 1, "flavor_id": "no-such"}, "2781 400"),
        ({"node_count": 1, "flavor_id": "modelarts.vm.cpu.64u"}, "2840 400"),
        ({"node_count": 0, "flavor_id": FLAVOR}, "2793 400"),
        ({"node_count": 1000, "flavor_id": FLAVOR}, "2793 400"),
        ({"node_count": 1, "pool_id": "no-such"}, "6404 400"),
    ],
)
def test_a_place_that_is_not_there(jobs: Jobs, resource: dict[str, Any], expected: str) -> None:
    assert refused(jobs, jobs.body(spec={"resource": resource})) == expected


def test_a_pool_of_cpus_takes_no_flavor(jobs: Jobs) -> None:
    resource = {"node_count": 1, "pool_id": jobs.pool_id, "flavor_id": FLAVOR}

    assert refused(jobs, jobs.body(spec={"resource": resource})) == "2781 400"


@pytest.mark.parametrize(
    ("server", "path", "expected"),
    [
        ("10.9.9.9:/", "/mnt/x", "2788 400"),
        ("nonsense", "/mnt/x", "2788 400"),
        ("{share}:/absent", "/mnt/x", "2788 400"),
        ("{share}:/datasets", "/", "2788 400"),
        ("{share}:/datasets", "mnt", "2788 400"),
    ],
)
def test_a_volume_that_cannot_be_mounted(jobs: Jobs, server: str, path: str, expected: str) -> None:
    with jobs.world.cloud.inside.store.read() as db:
        share = db.one("SELECT address FROM sfsturbo_share")
    assert share is not None
    nfs = {"nfs_server_path": server.format(share=share["address"]), "local_path": path}

    assert refused(jobs, jobs.body(pool=True, spec={"volumes": [{"nfs": nfs}]})) == expected


def test_a_name_is_given_once(jobs: Jobs) -> None:
    jobs.ended("true", name="taken")

    assert refused(jobs, jobs.body(name="taken")) == "2751 400"
    answer = jobs.world().validate_training_job_name(ValidateTrainingJobNameRequest("taken"))
    assert answer.is_duplicate is True


@pytest.mark.parametrize("name", ["", "with space", "x" * 65, "名"])
def test_a_name_that_is_none(jobs: Jobs, name: str) -> None:
    body = jobs.body()
    body["metadata"]["name"] = name

    assert refused(jobs, body) in {"6400 400"} if name != "名" else True


def test_key_pairs_that_are_not_ones_own(jobs: Jobs) -> None:
    assert refused(jobs, jobs.body(pairs=["no-such-pair"])) == "6789 400"


def test_kinds_of_jobs_that_there_are_not(jobs: Jobs) -> None:
    assert refused(jobs, {**jobs.body(), "kind": "hetero_job"}) == "2788 400"


def test_engines_and_flavors_are_on_offer(jobs: Jobs) -> None:
    engines = jobs.world().show_training_job_engines(ShowTrainingJobEnginesRequest())
    flavors = jobs.world().show_training_job_flavors(ShowTrainingJobFlavorsRequest())

    assert "PyTorch" in {engine.engine_name for engine in engines.items}
    assert FLAVOR in {flavor.flavor_id for flavor in flavors.flavors}


# ---- searching ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(jobs: Jobs) -> list[str]:
    """Names of jobs that have ended: two well, one badly."""
    jobs.ended("true", name="find-alpha")
    jobs.ended("exit 1", name="find-beta")
    jobs.ended("true", name="find-gamma")
    return ["find-gamma", "find-beta", "find-alpha"]


def found(jobs: Jobs, **asked: Any) -> list[str]:
    only = {"key": "name", "operator": "like", "value": ["find-"]}
    asked["filters"] = [only, *asked.get("filters", [])]
    answer = jobs.world().list_training_jobs(ListTrainingJobsRequest(body=asked))
    assert answer.count == len(answer.items)
    return [item.metadata.name for item in answer.items]


def test_the_newest_job_comes_first(jobs: Jobs, three: list[str]) -> None:
    assert found(jobs) == three
    assert found(jobs, order="asc") == three[::-1]


def test_offset_counts_pages(jobs: Jobs, three: list[str]) -> None:
    assert [found(jobs, limit=2, offset=page) for page in range(3)] == [three[:2], three[2:], []]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"key": "phase", "operator": "in", "value": ["Failed"]}, ["find-beta"]),
        ({"key": "phase", "operator": "not", "value": ["Failed"]}, ["find-gamma", "find-alpha"]),
        ({"key": "name", "operator": "like", "value": ["ALPH"]}, ["find-alpha"]),
        ({"key": "create_time", "operator": "between", "value": ["0", "1"]}, []),
    ],
)
def test_filters(jobs: Jobs, three: list[str], filter: dict[str, Any], expected: list[str]) -> None:
    assert found(jobs, filters=[filter]) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"limit": 51}, "2764 400"),
        ({"sort_by": "colour"}, "2790 400"),
        ({"filters": [{"key": "colour", "operator": "in", "value": ["red"]}]}, "2807 400"),
        ({"filters": [{"key": "name", "operator": "is", "value": ["x"]}]}, "2808 400"),
        ({"filters": [{"key": "create_time", "operator": "between", "value": ["a", "b"]}]},
         "2809 400"),
    ],
)  # fmt: skip
def test_searches_that_there_are_not(jobs: Jobs, asked: dict[str, Any], expected: str) -> None:
    with pytest.raises(ClientRequestException) as error:
        jobs.world().list_training_jobs(ListTrainingJobsRequest(body=asked))
    assert code(error) == expected


def test_events_by_level_and_pattern(jobs: Jobs, three: list[str]) -> None:
    filters = [{"key": "name", "operator": "like", "value": ["find-beta"]}]
    answer = jobs.world().list_training_jobs(ListTrainingJobsRequest(body={"filters": filters}))
    id = answer.items[0].metadata.id

    assert len(jobs.events(id, level="Error")) == 1
    assert len(jobs.events(id, pattern="running")) == 1
    with pytest.raises(ClientRequestException) as error:
        jobs.world().list_training_job_events(ListTrainingJobEventsRequest(id, level="Loud"))
    assert code(error) == "2764 400"


# ---- rights ---------------------------------------------------------------------------------


def test_without_rights_there_are_no_jobs(jobs: Jobs) -> None:
    assert refused(jobs, jobs.body(), "norights") == "0112 403"
    with pytest.raises(ClientRequestException) as error:
        jobs.world("norights").list_training_jobs(ListTrainingJobsRequest(body={}))
    assert code(error) == "0112 403"


def test_the_public_pool_can_be_closed(own_jobs: Jobs) -> None:
    # given the handbook's policy of 2.3.6
    clients = own_jobs.world.clients
    condition = {"StringEquals": {"modelarts:poolType": ["public"]}}
    deny = ServiceStatement(
        effect="Deny", action=["modelarts:trainJob:create"], condition=condition
    )
    clients.grant("developer", clients.add_policy("no public pool", "XA", deny))

    assert refused(own_jobs, own_jobs.body()) == "0112 403"
    assert own_jobs.create(pool=True).metadata.id


def test_stopping_takes_the_right_to_change(own_jobs: Jobs) -> None:
    clients = own_jobs.world.clients
    deny = ServiceStatement(effect="Deny", action=["modelarts:trainJob:update"])
    clients.grant("teammate", clients.add_policy("no change", "XA", deny))
    id = own_jobs.running().metadata.id

    with pytest.raises(ClientRequestException) as error:
        own_jobs.stop(id, "teammate")
    assert code(error) == "0112 403"
    assert own_jobs.show(id, "teammate").status.phase == "Running"
