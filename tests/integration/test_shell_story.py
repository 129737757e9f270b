"""Shells in the jobs of the local cloud: both transports, the rules of the platform, the audit."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelarts_nb import jobs, magics, shell, ssh
from modelarts_nb.cli import tree
from modelarts_nb.cloud import waiting
from modelarts_nb.cloud.client import forget_clients
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from modelarts_nb.operations import shell as shells
from modelarts_nb.operations.audit import list_sessions
from modelarts_nb.shell import running
from modelarts_nb.shell.choosing import ExecOptions
from modelarts_nb.shell.errors import ConnectionLost
from tests.unit.shell.screen import Screen

MA = Path(sys.executable).with_name("ma")


@dataclass
class World:
    """A local cloud with jobs: ``both`` has two tasks in a dedicated pool and a key pair;
    ``public`` has a key pair, in the public pool; ``keyless`` has none, in the dedicated pool."""

    cloud: LocalCloud
    folder: Path

    def kubeconfig(self, user: str = "developer") -> str:
        return str(self.folder / "local" / "keys" / f"{user}.kubeconfig")

    def exec(self, user: str = "developer") -> ExecOptions:
        return ExecOptions(kubeconfig=self.kubeconfig(user))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("shells")
    (folder / "home").mkdir()
    (folder / "disk").mkdir()
    with pytest.MonkeyPatch.context() as patch, local_cloud(folder / "local") as cloud:
        for name in list(os.environ):
            if name.startswith(("MODELARTS_", "HUAWEICLOUD_", "KUBE")) or name.upper().endswith(
                "_PROXY"
            ):
                patch.delenv(name)
        for name in ("INSTANCE_ID", "PROJECT_ID", "SSH_AUTH_SOCK"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("MODELARTS_NB_DISK", str(folder / "disk"))
        patch.setenv("MODELARTS_NB_OWNER", "tester")
        keys = folder / "local" / "keys"
        patch.setenv("MODELARTS_NB_CLOUD_FILE", str(keys / "developer.json"))
        patch.setattr(waiting, "_FIRST", 0.01)
        patch.setattr(waiting, "_LONGEST", 0.05)
        cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
        ssh.create_key("mine")
        submit("both", pool="demo-pool", nodes=2, key_pairs=["mine"])
        submit("public", flavor="modelarts.vm.cpu.2u", key_pairs=["mine"])
        submit("keyless", pool="demo-pool", key_pairs=[])
        yield World(cloud, folder)
        forget_clients()


def submit(name: str, **options: Any) -> jobs.Job:
    command = "export RANK=3; exec sleep 600"
    return jobs.submit(name=name, command=command, image="x/y:1", wait=True, **options).job


@dataclass
class Done:
    """How a command of `ma` ended."""

    stdout: str
    stderr: str
    returncode: int


@pytest.fixture
def ma(capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs ``ma shell`` in this process: as a program it is in the tests of terminals."""

    def run(*words: str, stdin: str = "") -> Done:
        capfd.readouterr()
        done = CliRunner().invoke(tree.ma, ["shell", *words], input=stdin)
        # What containers print goes to the descriptors themselves.
        printed = capfd.readouterr()
        return Done(done.stdout + printed.out, done.stderr + printed.err, done.exit_code)

    return run


def said(job: str, line: str, **where: Any) -> tuple[bytes, int]:
    """What a command prints in a job, and its exit code."""
    heard = bytearray()

    async def out(_: int, stream: str, data: bytes) -> None:
        heard.extend(data)

    done = shells.run(shells.targets(job, **where), command=line, out=out)
    return bytes(heard), done.exit_code


def refusal(*words: Any, **options: Any) -> ModelArtsNbError:
    """What forbids a shell."""
    with pytest.raises(ModelArtsNbError) as caught:
        shells.run(shells.targets(*words, **options), command="true")
    return caught.value


def test_the_best_way_in_is_chosen_and_named(world: World) -> None:
    [over_ssh] = shells.targets("both")
    [over_exec] = shells.targets("keyless", options=world.exec())

    assert (over_ssh.transport, over_ssh.task) == ("ssh", "worker-0")
    assert over_exec.transport == "exec"
    for job, options in (("both", ExecOptions()), ("keyless", world.exec())):
        assert said(job, "echo $HOSTNAME; exit 3", options=options) == (
            f"ma-job-{jobs.show(job).id}-worker-0\n".encode(),
            3,
        )


def test_commands_scripts_and_all_tasks_on_the_command_line(
    world: World, ma: Callable[..., Done]
) -> None:
    done = ma("both", "--all-tasks", "--", "echo ${HOSTNAME##*-}; [ ${HOSTNAME##*-} = 0 ]")
    assert sorted(done.stdout.splitlines()) == ["worker-0 | 0", "worker-1 | 1"]
    assert done.stderr.splitlines() == ["worker-0  exit code 0", "worker-1  exit code 1"]
    assert done.returncode == 1

    script = ma("both", "--task", "worker-1", stdin="read x; echo 中文 [$x] >&2\nexit 4\n")
    assert (script.stdout, script.stderr, script.returncode) == ("", "中文 []\n", 4)

    words = ma("both", "--", "printf", "%s|", "a b", "$HOME")
    assert (words.stdout, words.returncode) == ("a b|$HOME|", 0)


def test_programs_get_events_or_a_result(world: World, ma: Callable[..., Done]) -> None:
    events = [
        json.loads(line)
        for line in ma("both", "--progress", "ndjson", stdin="echo 中; exit 2").stdout.splitlines()
    ]
    assert events[0] == {"type": "output", "task": "worker-0", "stream": "stdout", "text": "中\n"}
    assert events[-1]["value"]["exit_code"] == 2

    done = ma("both", "--json", "--", "echo a; echo b >&2; exit 5")
    [task] = json.loads(done.stdout)["tasks"]
    assert (task["stdout"], task["stderr"], task["exit_code"]) == ("a\n", "b\n", 5)
    assert done.returncode == 5


def test_a_cell_of_a_notebook_runs_in_every_task(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(magics, "find_ma", lambda: [str(MA)])

    result = magics.run("shell both --all-tasks", "echo 中文 ${HOSTNAME##*-}\nexit ${HOSTNAME##*-}")

    assert [(one.task, one.exit_code) for one in result] == [("worker-0", 0), ("worker-1", 1)]
    assert result["worker-1"].stdout == "中文 1\n"
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "worker-0 | 中文 0",
        "worker-1 | 中文 1",
    ]


def test_python_gets_what_every_task_prints(world: World) -> None:
    done = shell.execute(
        "both", "echo $VC_TASK_INDEX; cat >&2", all_tasks=True, process_env="apply", stdin=b"in"
    )

    assert [(one.stdout, one.stderr, one.exit_code) for one in done.tasks] == [
        ("0\n", "in", 0),
        ("1\n", "in", 0),
    ]


@pytest.mark.parametrize("transport", ["ssh", "exec"])
def test_a_terminal_of_either_transport(world: World, transport: str) -> None:
    words = [MA, "shell", "both", "--transport", transport, "--kubeconfig", world.kubeconfig()]
    with Screen(words) as screen:
        screen.expect(f"both worker-0 over {transport}")
        screen.type("PS1='rea''dy> '\r")
        screen.expect("ready> ")
        screen.type("stty size\r")
        screen.expect("43 132\r\n")
        screen.resize(20, 71)
        screen.type("until stty size | grep '20 71'; do sleep 0.02; done\r")
        screen.expect("20 71\r\n")
        screen.expect("ready> ")
        screen.type("sh -c 'echo be''gun; exec sleep 100'\r")
        screen.expect("begun")
        screen.type("\x03")
        screen.expect("ready> ")
        screen.type("echo 中''文; exit 7\r")
        screen.expect("中文\r\n")
        assert screen.end() == 7
        assert screen.modes_now() == screen.modes


def test_the_training_process_environment(world: World, ma: Callable[..., Done]) -> None:
    shown = ma("both", "--all-tasks", "--process-env")
    assert shown.stdout.count("VC_WORKER_NUM=2") == 2
    assert "\nVC_TASK_INDEX=1\n" in shown.stdout.split("# worker-1, process ")[1]

    plain, applied = (
        ma("both", *more, "--", "echo [$VC_TASK_INDEX]") for more in ((), ("--process-env=apply",))
    )
    assert (plain.stdout, applied.stdout) == ("[]\n", "[0]\n")


@pytest.mark.parametrize("transport", ["ssh", "exec"])
def test_files_there_and_back(
    world: World, transport: str, tmp_path: Path, ma: Callable[..., Done]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_bytes(os.urandom(1 << 20))
    way = ("--transport", transport, "--kubeconfig", world.kubeconfig())

    if transport == "exec":
        world.cloud.fault("event", path="exec.v4")  # which cannot say that input has ended
    sent = ma("cp", f"{tmp_path}/data", f"both:worker-1:up-{transport}", *way)
    back = ma("cp", f"both:worker-1:up-{transport}", f"{tmp_path}/back", *way)

    assert (sent.returncode, back.returncode) == (0, 0), sent.stderr + back.stderr
    assert (tmp_path / "back/x").read_bytes() == (tmp_path / "data/x").read_bytes()


@pytest.mark.parametrize("fault", ["exec.v4", "exec.split"])
def test_an_older_or_a_slower_cluster_says_the_same(world: World, fault: str) -> None:
    world.cloud.fault("event", path=fault)

    out, code = said("both", "seq 1 20000; exit 6", transport="exec", options=world.exec())

    assert (out.split(), code) == ([b"%d" % n for n in range(1, 20001)], 6)


def test_a_cluster_that_is_cut_off_is_said(world: World) -> None:
    world.cloud.fault("event", path="exec.cut")

    with pytest.raises(ConnectionLost):
        said("both", "seq 1 20000", transport="exec", options=world.exec())


def test_each_refusal_names_the_rule_the_state_and_what_to_do(world: World) -> None:
    unknown = refusal("both", task="worker-9")
    assert "worker-0, worker-1" in unknown.hint

    no_endpoint = refusal("keyless", transport="ssh")
    assert "without a key pair" in no_endpoint.message
    assert "next time" in no_endpoint.hint

    public_pool = refusal("public", transport="exec", options=world.exec())
    assert "dedicated resource pool" in public_pool.message

    no_way = refusal("keyless")
    assert "cluster is not known" in no_way.message
    assert "--kubeconfig" in no_way.hint

    no_right = refusal("both", transport="exec", options=world.exec("norights"))
    assert isinstance(no_right, ModelArtsNbError)
    assert no_right.exit_code in (4, 6)

    missing = refusal("both", transport="exec", options=ExecOptions(kubeconfig="/none"))
    assert missing.exit_code == 5


def test_a_job_that_ends_takes_its_shells_with_it(world: World) -> None:
    submit("short", pool="demo-pool", key_pairs=["mine"])
    [target] = shells.targets("short")

    async def out(_: int, stream: str, data: bytes) -> None:
        jobs.stop("short")

    with pytest.raises(ConnectionLost, match="its containers are gone") as lost:
        running.run([target], "echo begun; sleep 100", out=out)
    assert lost.value.exit_code == 255

    ended = refusal("short")
    assert "needs a running job; short is Terminated" in ended.message
    assert "sleep 1h" in ended.hint


def test_every_session_is_written_down(world: World) -> None:
    said("both", "exit 9")

    newest = list_sessions()[0]
    assert (newest.who, newest.job_name, newest.task, newest.transport) == (
        "tester", "both", "worker-0", "ssh",
    )  # fmt: skip
    assert (newest.command, newest.exit_code) == ("exit 9", 9)
    assert newest.ended is not None
    assert newest.started <= newest.ended
    [kept] = world.folder.glob("disk/**/owners/tester/shell.ndjson")
    assert json.loads(kept.read_text().splitlines()[-1])["id"] == newest.id
    assert kept.stat().st_mode & 0o777 == 0o600
