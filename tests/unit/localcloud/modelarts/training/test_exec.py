"""Pod exec: the channels of Kubernetes over a websocket, and the rules of Cloud Shell."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from typing import Any
from urllib.error import HTTPError

import pytest
from huaweicloudsdkiam.v3 import ServiceStatement
from websockets.exceptions import ConnectionClosed, InvalidStatus

from modelarts_nb.localcloud.modelarts.training.runtime import pod_name
from modelarts_nb.localcloud.plane.processes import processes_of
from tests.unit.localcloud.modelarts.conftest import until
from tests.unit.localcloud.modelarts.training.conftest import (
    V4,
    V5,
    Cluster,
    Jobs,
    Socket,
    collected,
)


@pytest.fixture(scope="module")
def id(jobs: Jobs) -> str:
    """A job in the dedicated pool that runs."""
    found = jobs.running("echo here; sleep 600", nodes=2, pool=True,
                         algorithm={"environments": {"OF_THE_TRAINING": "yes"}})  # fmt: skip
    jobs.said(found.metadata.id, "here")
    return str(found.metadata.id)


@pytest.fixture(scope="module")
def cluster(jobs: Jobs, id: str) -> Cluster:
    return Cluster(jobs.world)


def test_a_commands_streams_and_exit_code_come_apart(cluster: Cluster, id: str) -> None:
    done = cluster.run(id, "sh", "-c", "cat; echo bad >&2; exit 7", stdin=b"good\n")

    assert (done.stdout, done.stderr, done.exit_code) == (b"good\n", b"bad\n", 7)
    assert done.status["reason"] == "NonZeroExitCode"


def test_a_command_that_ends_well(cluster: Cluster, id: str) -> None:
    assert cluster.run(id, "true").status == {"metadata": {}, "status": "Success"}


def test_a_signal_counts_as_an_exit_code(cluster: Cluster, id: str) -> None:
    assert cluster.run(id, "sh", "-c", "kill -9 $$").exit_code == 137


def test_the_server_says_first_that_it_is_ready(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "cat") as socket:
        assert socket.recv(10) == b"\x01"


def test_each_task_is_a_pod_of_its_own(cluster: Cluster, id: str) -> None:
    names = [
        cluster.run(id, "sh", "-c", "echo $HOSTNAME", task=task).stdout.decode().strip()
        for task in ("worker-0", "worker-1")
    ]

    assert names == [pod_name(id, "worker-0"), pod_name(id, "worker-1")]


def test_the_environment_is_the_containers_and_not_the_training_processs(
    jobs: Jobs, cluster: Cluster, id: str
) -> None:
    said = cluster.run(id, "env").stdout.decode()

    home = jobs.identity(id).folders.home
    assert f"HOME={home}\n" in said
    assert not [w for w in ("MA_", "VC_", "OF_THE_TRAINING") if f"\n{w}" in f"\n{said}"]

    # but it is to be found, by the home that both have
    find = 'for p in /proc/[0-9]*; do tr "\\0" "\\n" < $p/environ 2>/dev/null' \
           ' | grep -qx "HOME=$HOME" && tr "\\0" "\\n" < $p/environ 2>/dev/null; done'  # fmt: skip
    environs = cluster.run(id, "sh", "-c", find).stdout.decode()
    assert "OF_THE_TRAINING=yes" in environs
    assert "VC_TASK_INDEX=0" in environs
    assert "VC_TASK_INDEX=1" not in environs


def test_a_terminal_has_the_size_it_is_given(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "sh", tty="true", stderr="false") as socket:
        resize(socket, 123, 45)
        socket.send(b"\0stty size; exit 3\n")
        done = collected(socket)

    assert b"45 123" in done.stdout
    assert done.exit_code == 3


def test_a_new_size_is_told_to_the_program(cluster: Cluster, id: str) -> None:
    trap = 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.1; done'
    with cluster.open(id, "sh", "-c", trap, tty="true") as socket:
        until_said(socket, b"ready")
        resize(socket, 99, 33)
        assert b"33 99" in collected(socket).stdout


def test_control_c_reaches_the_program(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "sh", "-c", "echo ready; exec sleep 600", tty="true") as socket:
        until_said(socket, b"ready")
        socket.send(b"\0\x03")
        assert collected(socket).exit_code == 130


def test_a_shell_in_a_terminal_ends_with_control_d(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "sh", tty="true") as socket:
        socket.send(b"\0\x04")
        assert collected(socket).exit_code == 0


def test_only_v5_can_say_that_input_has_ended(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "cat", protocols=[V4]) as socket:
        assert socket.subprotocol == V4
        socket.send(b"\0text")
        until_said(socket, b"text")
        socket.send(bytes([255, 0]))  # which v4 does not know
        socket.send(b"\0 more")
        until_said(socket, b" more")


def test_the_first_protocol_that_it_knows_is_taken(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "true", protocols=["v9.channel.k8s.io", V4, V5]) as socket:
        assert socket.subprotocol == V4


def test_megabytes_go_both_ways_whole(cluster: Cluster, id: str) -> None:
    sent = bytes(range(256)) * 8192  # 2 MB

    done = cluster.run(id, "sh", "-c", "cat | tee /dev/stderr", stdin=sent[:64_000])
    assert done.stdout == done.stderr == sent[:64_000]

    write = f"import sys; sys.stdout.buffer.write(bytes(range(256)) * {len(sent) // 256})"
    assert cluster.run(id, "python3", "-c", write).stdout == sent


def test_a_reader_that_is_slow_is_waited_for(cluster: Cluster, id: str) -> None:
    # given a command that would write for ever, and a client that does not read
    count = "import sys\nn = 0\nwhile True:\n sys.stdout.write('x' * 65536); n += 1\n" \
            " sys.stderr.write('.'); sys.stderr.flush()"  # fmt: skip
    with cluster.open(id, "python3", "-c", count, stderr="false") as socket:
        socket.recv(10)
        (pid,) = until(lambda: writers(id), lambda found: len(found) == 1)
        # then it comes to a halt
        until(lambda: blocked(pid), bool)


def writers(id: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", "sys.stdout.write"], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def blocked(pid: int) -> bool:
    """Whether a process waits in a write to a pipe."""
    with open(f"/proc/{pid}/wchan") as file:
        return "pipe" in file.read()


def test_split_messages_are_the_same_messages(jobs: Jobs, cluster: Cluster, id: str) -> None:
    jobs.world.cloud.fault("event", path="exec.split")

    done = cluster.run(id, "sh", "-c", "cat; exit 4", stdin=b"0123456789" * 1000)

    assert (done.stdout, done.exit_code) == (b"0123456789" * 1000, 4)


def test_a_connection_that_is_cut_has_no_status(jobs: Jobs, cluster: Cluster, id: str) -> None:
    jobs.world.cloud.fault("event", path="exec.cut")

    with cluster.open(id, "head", "-c", "100000", "/dev/zero") as socket:
        assert socket.recv(10) == b"\x01"
        with pytest.raises(ConnectionClosed):
            socket.recv(10)


def test_a_server_may_know_only_v4(jobs: Jobs, cluster: Cluster, id: str) -> None:
    jobs.world.cloud.fault("event", path="exec.v4")

    with cluster.open(id, "true") as socket:
        assert socket.subprotocol == V4


def test_a_command_that_is_not_there(cluster: Cluster, id: str) -> None:
    done = cluster.run(id, "no-such-program")

    assert done.status["status"] == "Failure"
    assert "no-such-program" in done.status["message"]


def test_a_client_that_breaks_the_protocol_is_told_goodbye(cluster: Cluster, id: str) -> None:
    with cluster.open(id, "cat") as socket:
        socket.recv(10)
        socket.write(b"\xff\x80\0\0\0\0")  # bits that mean nothing
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1002


@pytest.mark.parametrize("sent", [b"\x04{}", b"\x04nonsense", b"\x04[1]", b"\x07?", b"", b"\xff"])
def test_what_means_nothing_is_passed_over(cluster: Cluster, id: str, sent: bytes) -> None:
    with cluster.open(id, "cat") as socket:
        socket.send(sent)
        socket.send(b"\0still")
        until_said(socket, b"still")


def test_a_client_that_goes_hangs_up(jobs: Jobs, cluster: Cluster, id: str) -> None:
    before = processes_of(jobs.identity(id).marker)

    with cluster.open(id, "sh", "-c", "echo ready; exec sleep 600", tty="true") as socket:
        until_said(socket, b"ready")
        assert processes_of(jobs.identity(id).marker) > before

    until(lambda: processes_of(jobs.identity(id).marker), lambda left: left <= before)


def test_sessions_end_with_the_job(jobs: Jobs) -> None:
    id = jobs.running(pool=True).metadata.id
    with Cluster(jobs.world).open(id, "sleep", "600") as socket:
        socket.recv(10)
        jobs.stop(id)
        assert collected(socket).exit_code in (137, 143)


# ---- who may enter which pod, and when ------------------------------------------------------


def refused(cluster: Cluster, id: str, **more: Any) -> dict[str, Any]:
    """The ``metav1.Status`` of a refusal."""
    with pytest.raises(InvalidStatus) as error, cluster.open(id, "true", **more):
        pass
    assert error.value.response.body is not None
    status: dict[str, Any] = json.loads(error.value.response.body)
    assert status["code"] == error.value.response.status_code
    assert (status["kind"], status["status"]) == ("Status", "Failure")
    return status


def test_the_kubeconfig_is_its_owners_alone(cluster: Cluster) -> None:
    assert cluster.mode == 0o600


def test_a_job_in_the_public_pool_has_no_exec(jobs: Jobs, cluster: Cluster) -> None:
    status = refused(cluster, jobs.running().metadata.id)

    assert status["code"] == 403
    assert "dedicated" in status["message"]


def test_a_job_that_does_not_run_has_no_exec(jobs: Jobs, cluster: Cluster) -> None:
    status = refused(cluster, jobs.ended("true", pool=True).metadata.id)

    assert status["code"] == 400
    assert "current phase is Completed" in status["message"]


def test_exec_takes_its_own_right(jobs: Jobs, id: str) -> None:
    # given somebody who may do everything with jobs but this
    clients = jobs.world.clients
    deny = ServiceStatement(effect="Deny", action=["modelarts:trainJob:exec"])
    clients.grant("teammate", clients.add_policy("no exec", "XA", deny))

    status = refused(Cluster(jobs.world, "teammate"), id)

    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert "modelarts:trainJob:exec" in status["message"]


def test_who_has_no_rights_sees_no_pod(jobs: Jobs, id: str) -> None:
    assert refused(Cluster(jobs.world, "norights"), id)["code"] == 403


def test_an_unknown_token(jobs: Jobs, id: str) -> None:
    nobody = Cluster(jobs.world)
    nobody.token = "x" * 43

    assert refused(nobody, id)["code"] == 401


@pytest.mark.parametrize(
    ("task", "more", "code"),
    [
        ("worker-9", {}, 404),
        ("worker-0", {"container": "other"}, 400),
        ("worker-0", {"protocols": ["v1.channel.k8s.io"]}, 400),
        ("worker-0", {"stdin": "false", "stdout": "false", "stderr": "false"}, 400),
    ],
)
def test_what_cannot_be_entered(
    cluster: Cluster, id: str, task: str, more: dict[str, Any], code: int
) -> None:
    assert refused(cluster, id, task=task, **more)["code"] == code


def test_the_pods_of_the_jobs_are_listed(cluster: Cluster, id: str) -> None:
    pods = cluster.get("/api/v1/namespaces/modelarts/pods")["items"]

    mine = [pod for pod in pods if pod["metadata"]["labels"]["modelarts/job-id"] == id]
    assert [pod["status"]["phase"] for pod in mine] == ["Running"] * 2


@pytest.mark.parametrize(
    "path",
    ["/api/v1/namespaces/other/pods", "/api/v1/nodes", "/api/v1/namespaces/modelarts/pods/x"],
)
def test_there_is_nothing_else_in_the_cluster(cluster: Cluster, path: str) -> None:
    with pytest.raises(HTTPError) as error:
        cluster.get(path)
    assert json.load(error.value)["status"] == "Failure"


def test_the_real_client_runs_a_command(jobs: Jobs, id: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on this machine")
    file = jobs.world.cloud.inside.folder / "keys" / "developer.kubeconfig"
    command = [kubectl, "--kubeconfig", str(file), "exec", "-i", pod_name(id, "worker-0"), "--"]

    done = subprocess.run(
        [*command, "sh", "-c", "cat; echo bad >&2; exit 6"],
        input=b"good",
        capture_output=True,
        env={"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true", "HOME": str(file.parent)},
        timeout=60,
    )

    assert (done.stdout, done.returncode) == (b"good", 6)
    assert done.stderr.startswith(b"bad\n")


def resize(socket: Socket, columns: int, rows: int) -> None:
    socket.send(b"\x04" + json.dumps({"Width": columns, "Height": rows}).encode())


def until_said(socket: Socket, text: bytes) -> None:
    """Read until the command has said this."""
    said = b""
    deadline = time.monotonic() + 20
    while text not in said:
        said += socket.recv(max(0.1, deadline - time.monotonic()))[1:]
