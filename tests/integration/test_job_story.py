"""A training job from a file to its end, through `ma` and the local cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.tree import ma
from modelarts_nb.localcloud.modelarts.training.runtime import training
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud

YAML = """\
name: story
image: team/torch:2
code: obs://demo-bucket/story/
command: sh ${MA_JOB_DIR}/story/run.sh
pool: demo-pool
nodes: 2
inputs: {data: obs://demo-bucket/datasets/}
parameters: {epochs: 3}
env: {WHO: me}
"""
RUN = """\
for k in 1 2 3; do echo "$VC_TASK_INDEX says $k for $WHO: $*"; done
[ -e ~/go ] || while [ ! -e ~/go ]; do sleep 0.05; done
echo bye; exit 5
"""


@pytest.fixture
def cloud(no_cloud: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """A local cloud, and the settings that lead to it as the developer."""
    with local_cloud(tmp_path / "cloud") as found:
        found.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        training(found.inside).metrics = 0.05
        keys = tmp_path / "cloud" / "keys" / "developer.json"
        monkeypatch.setenv("MODELARTS_NB_CLOUD_FILE", str(keys))
        folder = tmp_path / "cloud" / "modelarts" / "buckets" / "demo-bucket" / "story"
        folder.mkdir()
        (folder / "run.sh").write_text(RUN)
        yield found


def run(*args: str) -> Result:
    return CliRunner().invoke(ma, list(args))


def value(*args: str) -> Any:
    result = run(*args, "--json", "--progress", "none")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_job_is_submitted_followed_measured_and_ends(cloud: LocalCloud, tmp_path: Path) -> None:
    # given a key pair of one's own, and a job in a file
    value("ssh", "keys", "create", "laptop")
    (tmp_path / "job.yaml").write_text(YAML)

    # when it is submitted
    job = value("job", "submit", str(tmp_path / "job.yaml"), "--param", "epochs=4", "--wait")["job"]

    # then it runs, and can be entered
    assert (job["phase"], job["pool"]["name"]) == ("Running", "demo-pool")
    assert job["key_pairs"] == ["laptop"]
    assert all(task["ssh"].startswith("ssh://ma-user@127.0.0.1:") for task in job["tasks"])
    assert job["name"] in [found["name"] for found in value("job", "list", "--phase", "running")]

    # and says and uses something
    while not (measured := value("job", "metrics", "story")) or not measured[0]["values"]:
        pass
    assert {m["name"] for m in measured} == {"cpuUsage", "memUsage"}
    while len(found := value("job", "logs", "story", "--all-tasks", "--lines", "3")) < 6:
        pass
    data = (
        f"--data={tmp_path}/cloud/modelarts/jobs/{job['id']}-worker-1/home/modelarts/inputs/data_0"
    )
    assert found[3] == {"task": "worker-1", "text": f"1 says 1 for me: --epochs=4 {data}"}

    # and when a task ends, then following it ends and it says how
    (tmp_path / f"cloud/modelarts/jobs/{job['id']}-worker-0/home/go").touch()
    followed = run("job", "logs", "story", "-f", "--lines", "0", "--progress", "none")
    assert followed.exit_code == 0, followed.output
    lines = followed.stdout.splitlines()
    assert [line.partition(" for")[0] for line in lines] == [
        *(f"0 says {k}" for k in (1, 2, 3)),
        "bye",
    ]
    ended = value("job", "show", "story")
    assert ended["phase"] == "Failed"
    assert ended["tasks"][0]["exit_code"] == 5
    assert "exit code 5" in value("job", "events", "story", "--level", "Error")[-1]["message"]


def test_a_job_is_stopped(cloud: LocalCloud) -> None:
    options = ["--image", "a/b:1", "--command", "sleep 600", "--flavor", "modelarts.vm.cpu.2u"]
    value("job", "submit", "--name", "long", *options, "--wait")

    assert value("job", "stop", "long")["phase"] == "Terminated"
    assert value("job", "stop", "long")["phase"] == "Terminated"
