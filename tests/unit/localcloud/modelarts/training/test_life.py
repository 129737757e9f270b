"""A training job's life through the SDK: create, run, end, fail, stop, delete."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    BatchDeleteTrainingJobRequest,
    ChangeTrainingJobDescriptionRequest,
    ListTrainingJobStagesRequest,
    ListTrainingJobTasksRequest,
    ShowTrainingJobMetricsRequest,
)

from modelarts_nb.localcloud.modelarts.training.runtime import pod_name
from modelarts_nb.localcloud.plane.processes import processes_of
from tests.unit.localcloud.modelarts.conftest import code, until
from tests.unit.localcloud.modelarts.training.conftest import Jobs, measuring


def test_a_job_runs_and_completes_and_its_course_is_told(jobs: Jobs) -> None:
    found = jobs.ended("echo done", name="first", metadata={"description": "for a test"})

    assert (found.status.phase, found.status.secondary_phase) == ("Completed", "Completed")
    assert (found.metadata.name, found.metadata.user_name) == ("first", "developer")
    assert found.status.duration >= 0
    assert [(s.task, s.exit_code) for s in found.status.task_statuses] == [("worker-0", 0)]
    assert found.status.running_records[0].start_type == "init_or_rescheduled"
    assert jobs.log(found.metadata.id) == "done\n"
    assert jobs.events(found.metadata.id) == [
        "The training job was created.",
        "The training job is queuing.",
        "Resources are there; the containers are prepared.",
        "The training job is running.",
        "The training job is completed.",
    ]


def test_its_stages_come_one_after_the_other(jobs: Jobs) -> None:
    id = jobs.ended("true").metadata.id

    answer = jobs.world().list_training_job_stages(ListTrainingJobStagesRequest(id))

    (record,) = answer.running_records
    assert [stage.name for stage in record.stages] == ["scheduling", "preparing", "running", "end"]
    times = [t for stage in record.stages for t in (stage.start_time, stage.end_time)]
    assert times == sorted(times)


def test_each_task_is_a_process_with_the_containers_variables(jobs: Jobs) -> None:
    id = jobs.ended("env", nodes=2, algorithm={"environments": {"MINE": "x y"}}).metadata.id

    for index in range(2):
        task = f"worker-{index}"
        log = jobs.log(id, task)
        said = dict(line.split("=", 1) for line in log.splitlines() if "=" in line)
        home = str(jobs.identity(id, task).folders.home)
        hosts = ",".join(f"{pod_name(id, f'worker-{k}')}.ma-job-{id}" for k in range(2))
        assert said["VC_TASK_INDEX"] == str(index)
        assert (said["VC_WORKER_NUM"], said["MA_NUM_HOSTS"]) == ("2", "2")
        assert said["VC_WORKER_HOSTS"] == hosts
        assert said["MA_JOB_DIR"] == f"{home}/modelarts/user-job-dir"
        assert said["HOSTNAME"] == pod_name(id, task)
        assert (said["HOME"], said["MA_TASK_NAME"], said["MINE"]) == (home, "worker", "x y")


def test_a_task_that_fails_fails_the_job_and_ends_the_others(jobs: Jobs) -> None:
    command = "if [ $VC_TASK_INDEX = 1 ]; then exit 7; fi; sleep 600"

    found = jobs.ended(command, nodes=2)

    assert found.status.phase == "Failed"
    codes = {status.task: status.exit_code for status in found.status.task_statuses}
    assert codes["worker-1"] == 7
    assert codes["worker-0"] in (137, 143)  # as a container that was killed
    assert not processes_of(jobs.identity(found.metadata.id).marker)
    assert jobs.events(found.metadata.id)[-1].endswith("worker-1 ended with exit code 7.")
    assert found.status.running_records[0].end_related_task == "worker-1"


def test_a_process_that_a_signal_ends_has_a_containers_exit_code(jobs: Jobs) -> None:
    found = jobs.ended("kill -9 $$")

    assert found.status.task_statuses[0].exit_code == 137


def test_a_job_that_is_stopped_leaves_no_process(jobs: Jobs) -> None:
    id = jobs.running("sleep 600 & sleep 600", nodes=2).metadata.id
    marker = jobs.identity(id, "worker-1").marker
    until(lambda: len(processes_of(marker)), lambda count: count >= 3)

    assert jobs.stop(id).status.phase == "Terminating"

    jobs.wait(id, "Terminated")
    assert not processes_of(marker)


def test_a_job_that_has_ended_cannot_be_stopped(jobs: Jobs) -> None:
    id = jobs.ended("true").metadata.id

    with pytest.raises(ClientRequestException) as refused:
        jobs.stop(id)
    assert code(refused) == "2813 409"


def test_a_job_may_be_stopped_at_once(jobs: Jobs) -> None:
    id = jobs.create().metadata.id

    jobs.stop(id)

    jobs.wait(id, "Terminated")


def test_a_deleted_job_is_gone_with_its_processes_and_folders(jobs: Jobs) -> None:
    id = jobs.running().metadata.id
    identity = jobs.identity(id)

    jobs.delete(id)

    with pytest.raises(ClientRequestException) as refused:
        jobs.show(id)
    assert code(refused) == "2775 400"
    until(lambda: processes_of(identity.marker), lambda left: not left)
    until(lambda: identity.folders.root.exists(), lambda there: not there)


def test_several_jobs_are_deleted_or_none(jobs: Jobs) -> None:
    ids = [jobs.ended("true").metadata.id for _ in range(2)]

    def delete(*ids: str) -> None:
        body = {"jobs": [{"kind": "job", "metadata": {"id": id}} for id in ids]}
        jobs.world().batch_delete_training_job(BatchDeleteTrainingJobRequest(body=body))

    with pytest.raises(ClientRequestException):
        delete(ids[0], "no-such-job")
    assert jobs.show(ids[0]).metadata.id == ids[0]
    delete(*ids)
    with pytest.raises(ClientRequestException):
        jobs.show(ids[0])


def test_the_tasks_are_a_bare_list(jobs: Jobs) -> None:
    id = jobs.running(nodes=2, pool=True).metadata.id

    answer = jobs.world().list_training_job_tasks(ListTrainingJobTasksRequest(id))

    tasks = [(task["task"], task["schedule_count"]) for task in json.loads(answer.raw_content)]
    assert tasks == [("worker-0", 1), ("worker-1", 1)]


def test_the_description_can_be_changed(jobs: Jobs) -> None:
    id = jobs.ended("true").metadata.id
    body = {"metadata": {"description": "another"}}

    jobs.world().change_training_job_description(ChangeTrainingJobDescriptionRequest(id, body=body))

    assert jobs.show(id).metadata.description == "another"


def test_what_the_processes_use_is_measured(jobs: Jobs) -> None:
    measuring(jobs.world)
    busy = jobs.running("while :; do :; done").metadata.id
    idle = jobs.running("sleep 600").metadata.id

    def measured(id: str) -> list[float]:
        answer = jobs.world().show_training_job_metrics(
            ShowTrainingJobMetricsRequest(id, "worker-0")
        )
        values = {m.metric: m.value for m in answer.metrics or []}
        assert set(values) <= {"cpuUsage", "memUsage"}
        return values.get("cpuUsage", [])

    used = until(lambda: measured(busy), lambda values: sum(values) > 1)
    assert max(used) <= 100
    assert sum(until(lambda: measured(idle), bool)) < sum(measured(busy))
    jobs.stop(busy)
    jobs.stop(idle)


def test_code_inputs_and_outputs_are_copied(jobs: Jobs) -> None:
    # given code and data in a bucket
    bucket = jobs.world.cloud.inside.folder / "modelarts" / "buckets" / "demo-bucket"
    (bucket / "code").mkdir(exist_ok=True)
    (bucket / "code" / "train.py").write_text(
        "import argparse, os, pathlib\n"
        "p = argparse.ArgumentParser()\n"
        "for n in ('data', 'model', 'epochs'): p.add_argument('--' + n)\n"
        "a = p.parse_args()\n"
        "rows = pathlib.Path(a.data, 'numbers.csv').read_text().splitlines()\n"
        "pathlib.Path(a.model, 'm.txt').write_text(f'{len(rows)} {a.epochs} {os.getcwd()}')\n"
    )

    def stream(name: str, url: str) -> dict[str, object]:
        return {"name": name, "remote": {"obs": {"obs_url": url}}}

    algorithm = {
        "engine": {"engine_name": "PyTorch",
                   "engine_version": "pytorch_1.8.0-cuda_10.2-py_3.7-ubuntu_18.04-x86_64"},
        "command": None,
        "code_dir": "obs://demo-bucket/code/",
        "boot_file": "obs://demo-bucket/code/train.py",
        "parameters": [{"name": "epochs", "value": "3; exit 9"}],
        "inputs": [stream("data", "obs://demo-bucket/datasets/")],
        "outputs": [stream("model", "/demo-bucket/models/")],
    }  # fmt: skip

    # when
    spec = {"log_export_path": {"obs_url": "obs://demo-bucket/logs/"}}
    found = jobs.ended("", algorithm=algorithm, spec=spec)

    # then
    assert found.status.phase == "Completed", jobs.log(found.metadata.id)
    place = jobs.identity(found.metadata.id).folders.home / "modelarts" / "user-job-dir"
    assert (bucket / "models" / "m.txt").read_text() == f"3 3; exit 9 {place}"
    assert [path.name for path in (bucket / "logs").iterdir()] == [
        f"modelarts-job-{found.metadata.id}-worker-0.log"
    ]


def test_a_share_is_at_its_path_in_commands_and_at_home(jobs: Jobs) -> None:
    cloud = jobs.world.cloud.inside
    with cloud.store.read() as db:
        share = db.one("SELECT id, address FROM sfsturbo_share")
    assert share is not None
    folder = cloud.folder / "sfsturbo" / share["id"] / "checkpoints"
    volumes = [
        {"nfs": {"nfs_server_path": f"{share['address']}:/checkpoints", "local_path": path}}
        for path in ("/mnt/team", "/home/ma-user/team")
    ]
    command = "echo one > /mnt/team/a; echo two > ~/team/b"

    found = jobs.ended(command, pool=True, spec={"volumes": volumes})

    assert found.status.phase == "Completed", jobs.log(found.metadata.id)
    assert {path.name for path in folder.iterdir()} >= {"a", "b"}
    assert found.spec.volumes[0].nfs.local_path == "/mnt/team"


def test_a_job_runs_no_longer_than_it_may(own_jobs: Jobs) -> None:
    measuring(own_jobs.world)
    spec = {"auto_stop": {"time_unit": "HOURS", "duration": 1}}
    id = own_jobs.running(spec=spec).metadata.id

    own_jobs.world.cloud.forward(3700)

    own_jobs.wait(id, "Terminated")
    assert any("auto_stop" in event for event in own_jobs.events(id))


def test_a_job_whose_folders_cannot_be_made_fails_and_says_why(jobs: Jobs) -> None:
    found = jobs.ended("true", algorithm={"working_dir": "/home/ma-user/absent"})

    assert found.status.phase == "Failed"
    assert re.search("No such file", jobs.events(found.metadata.id)[-1])


def test_the_demo_account_has_a_job_that_runs(jobs: Jobs) -> None:
    found = until(
        lambda: [j for j in listed(jobs) if j["metadata"]["name"] == "demo-training"],
        lambda found: found[0]["status"]["phase"] == "Running",
    )
    id = found[0]["metadata"]["id"]

    assert "epoch 1" in jobs.said(id, "epoch 1", "worker-1")


def listed(jobs: Jobs) -> list[dict[str, dict[str, str]]]:
    from huaweicloudsdkmodelarts.v1 import ListTrainingJobsRequest

    answer = jobs.world().list_training_jobs(ListTrainingJobsRequest(body={"limit": 50}))
    items: list[dict[str, dict[str, str]]] = json.loads(answer.raw_content)["items"]
    return items


def test_nothing_is_written_outside_of_the_state_folder(own_jobs: Jobs) -> None:
    # given a home with a link out of it, as a process can make one
    folder = own_jobs.world.cloud.inside.folder
    precious = folder.parent / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    found = own_jobs.ended(f"ln -s {precious} ~/out")

    # when the job is deleted
    root = own_jobs.identity(found.metadata.id).folders.root
    own_jobs.delete(found.metadata.id)

    # then the link is gone and what it led to is there
    until(lambda: Path(root).exists(), lambda there: not there)
    assert (precious / "file").read_text() == "x"
