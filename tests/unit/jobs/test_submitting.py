"""Submitting: from options, from a file, from both; what is refused before it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb import jobs
from modelarts_nb.cloud.errors import CloudForbidden, CloudNotFound, StateFailed
from modelarts_nb.errors import ModelArtsNbError, NotFound, UsageError
from modelarts_nb.jobs.spec import JobSpec, read_file, split_volume
from modelarts_nb.jobs.submitting import plan
from tests.unit.cloud.wire import Response, Wire, error
from tests.unit.jobs.fake import Service

GOOD: dict[str, Any] = {"name": "mine", "image": "team/torch:2", "command": "train",
                        "flavor": "cpu"}  # fmt: skip
YAML = """\
name: from-file
engine: PyTorch:pytorch_1.8
code: obs://bucket/code/
boot: train.py
pool: demo-pool
nodes: 4
inputs: {data: obs://bucket/data/}
outputs:
  model: /bucket/model/
parameters: {epochs: 20, rate: 0.1, fast: true}
env: {MODE: x}
volumes: ["192.168.0.10:/team:/mnt/team:ro"]
key-pairs: [laptop]
log: obs://bucket/logs/
hours: 3
retries: 2
description: a test
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(YAML)
    return path


def test_everything_in_a_file_is_sent(service: Service, file: Path) -> None:
    done = jobs.submit(file)

    (sent,) = service.created
    assert (
        sent
        == done.request
        == {
            "kind": "job",
            "metadata": {
                "name": "from-file",
                "description": "a test",
                "annotations": {
                    "fault-tolerance/job-retry-num": "2",
                    "fault-tolerance/job-unconditional-retry": "true",
                },
            },
            "algorithm": {
                "engine": {"engine_name": "PyTorch", "engine_version": "pytorch_1.8"},
                "code_dir": "obs://bucket/code/",
                "boot_file": "obs://bucket/code/train.py",
                "parameters": [
                    {"name": "epochs", "value": "20"},
                    {"name": "rate", "value": "0.1"},
                    {"name": "fast", "value": "true"},
                ],
                "inputs": [{"name": "data", "remote": {"obs": {"obs_url": "obs://bucket/data/"}}}],
                "outputs": [{"name": "model", "remote": {"obs": {"obs_url": "/bucket/model/"}}}],
                "environments": {"MODE": "x"},
            },
            "spec": {
                "resource": {"pool_id": "pool-1", "node_count": 4},
                "volumes": [
                    {
                        "nfs": {
                            "nfs_server_path": "192.168.0.10:/team",
                            "local_path": "/mnt/team",
                            "read_only": True,
                        }
                    }
                ],
                "log_export_path": {"obs_url": "obs://bucket/logs/"},
                "auto_stop": {"time_unit": "HOURS", "duration": 3},
            },
            "endpoints": {"ssh": {"key_pair_names": ["laptop"]}},
        }
    )
    assert done.job is not None
    assert (done.job.name, done.job.phase) == ("from-file", "Creating")


def test_options_win_and_maps_are_put_together(file: Path) -> None:
    spec = plan(file, {"name": "other", "parameters": {"epochs": "5", "more": "1"}, "nodes": None})

    assert (spec.name, spec.nodes) == ("other", 4)
    assert spec.parameters == {"epochs": "5", "rate": "0.1", "fast": "true", "more": "1"}


def test_what_was_not_said_is_not_sent(service: Service) -> None:
    jobs.submit(**GOOD)

    assert service.created == [
        {
            "kind": "job",
            "metadata": {"name": "mine"},
            "algorithm": {"engine": {"image_url": "team/torch:2"}, "command": "train"},
            "spec": {"resource": {"flavor_id": "cpu", "node_count": 1}},
        }
    ]


def test_a_dry_run_sends_nothing(service: Service, wire: Wire) -> None:
    done = jobs.submit(**GOOD, dry_run=True)

    assert done.job is None
    assert done.request["metadata"] == {"name": "mine"}
    assert wire.seen == []


def test_without_ssh_there_is_no_endpoint_whatever_the_file_says(
    service: Service, file: Path
) -> None:
    assert "endpoints" not in jobs.submit(file, ssh=False, dry_run=True).request


@pytest.mark.parametrize("pool", ["demo-pool", "pool-1"])
def test_a_pool_is_named_by_name_or_id(service: Service, pool: str) -> None:
    done = jobs.submit(**{**GOOD, "flavor": None}, pool=pool, dry_run=True)

    assert done.request["spec"]["resource"]["pool_id"] == "pool-1"


def test_a_pool_that_there_is_not(service: Service) -> None:
    with pytest.raises(CloudNotFound) as refused:
        jobs.submit(**{**GOOD, "flavor": None}, pool="other")
    assert "demo-pool" in refused.value.hint
    assert service.created == []


def test_who_may_not_list_pools_names_one_by_its_id(service: Service) -> None:
    service.refuse = lambda request: (
        error(403, "ModelArts.0112", "no") if request.path.endswith("/pools") else None
    )

    done = jobs.submit(**{**GOOD, "flavor": None}, pool="pool-9", dry_run=True)

    assert done.request["spec"]["resource"]["pool_id"] == "pool-9"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "has space"}, "name"),
        ({"name": ""}, "name"),
        ({"engine": "x"}, "engine"),
        ({"image": ""}, "engine"),
        ({"command": ""}, "command"),
        ({"boot": "x.py"}, "command"),
        ({"flavor": ""}, "run"),
        ({"nodes": 0}, "nodes"),
        ({"inputs": {"a": "bucket/x"}}, "OBS"),
        ({"outputs": {"a b": "obs://bucket/x/"}}, "a b"),
        ({"code": "http://x/"}, "OBS"),
        ({"env": {"MA_X": "1"}}, "MA_X"),
        ({"env": {f"V{k}": "" for k in range(101)}}, "100"),
        ({"volumes": ["nowhere"]}, "nowhere"),
        ({"hours": -1}, "negative"),
    ],
)
def test_what_the_cloud_would_refuse_is_said_before(
    service: Service, change: dict[str, Any], word: str
) -> None:
    with pytest.raises(UsageError) as refused:
        jobs.submit(**{**GOOD, **change})
    assert word in refused.value.message
    assert service.created == []


def test_a_boot_file_needs_code_and_an_engine(service: Service) -> None:
    for change in ({"image": "", "engine": "e"}, {"code": "obs://bucket/c/"}):
        with pytest.raises(UsageError):
            jobs.submit(**{**GOOD, "command": "", "boot": "x.py", **change})


@pytest.mark.parametrize(
    "text",
    ["- a list", "name: [1]", "nodes: many", "nodes: true", "colour: red", "inputs: [a]",
     "volumes: x", "{", "\t", "a: &a [*a]", "name: !!python/object:os.system x", "\x00",
     "parameters: {a: [1]}", "? {a: 1} : 2"],
)  # fmt: skip
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)

    with pytest.raises(UsageError) as refused:
        read_file(path)
    assert str(path) in refused.value.message


@settings(max_examples=50)
@given(content=st.binary(max_size=60))
def test_any_file_is_keys_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    try:
        found = read_file(path)
    except ModelArtsNbError:
        return
    assert set(found) <= set(JobSpec.__dataclass_fields__)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        jobs.submit(tmp_path / "absent.yaml")
    with pytest.raises(ModelArtsNbError):
        jobs.submit(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1:/a:/b", ("10.0.0.1:/a", "/b", False)),
        ("host:/:/mnt:ro", ("host:/", "/mnt", True)),
        ("host:/a:/b:rw", ("host:/a", "/b", False)),
    ],
)
def test_volumes(text: str, expected: tuple[str, str, bool]) -> None:
    assert split_volume(text) == expected


def test_a_job_is_followed_until_it_runs(service: Service) -> None:
    service.phases = ["Creating", "Pending", "Running"]

    done = jobs.submit(**GOOD, wait=True)

    assert done.job is not None
    assert done.job.phase == "Running"


def test_one_that_fails_before_it_runs_says_why(service: Service) -> None:
    service.phases = ["Pending", "Failed"]
    service.events = [{"level": "Error", "message": "no image", "time": "1", "source": "x"}]

    with pytest.raises(StateFailed) as failed:
        jobs.submit(**GOOD, wait=True)
    assert "no image" in failed.value.message


def test_a_refusal_is_not_repeated(service: Service, wire: Wire) -> None:
    service.refuse = lambda request: error(403, "ModelArts.0112", "no")

    with pytest.raises(CloudForbidden) as refused:
        jobs.submit(**GOOD)
    assert "modelarts:trainJob:create" in refused.value.hint
    assert len(wire.seen) == 1


def test_an_answer_that_was_lost_is_not_asked_for_by_another_job(
    service: Service, wire: Wire
) -> None:
    service.refuse = lambda request: Response(drop=True)

    with pytest.raises(ModelArtsNbError):
        jobs.submit(**GOOD)
    assert len(wire.seen) == 1
