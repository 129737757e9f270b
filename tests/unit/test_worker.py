"""The worker as its one user talks to it: a pipe, line by line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.worker import CLOUD_THREADS, THREADS
from tests.unit.cloud.wire import Response, Wire
from tests.unit.cloud.wire import error as refusal


class Pipe:
    """A running worker."""

    def __init__(self, tmp_path: Path, folder: str = "") -> None:
        tmp_path = tmp_path / folder
        for name in ("disk", "home"):
            (tmp_path / name).mkdir(parents=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "modelarts_nb.worker", str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "HOME": str(tmp_path / "home"),
                "MODELARTS_NB_DISK": str(tmp_path / "disk"),
                "MODELARTS_NB_OWNER": "tester",
            },
        )

    def send(self, line: str | bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() if isinstance(line, str) else line)
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ask(self, call: str, **params: Any) -> dict[str, Any]:
        self.send(json.dumps({"id": call, "call": call, "params": params}))
        return self.read()

    def end(self) -> int:
        assert self.process.stdin
        assert self.process.stdout
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Pipe]:
    pipe = Pipe(tmp_path)
    yield pipe
    pipe.end()


def test_a_call_is_answered_with_its_result(worker: Pipe) -> None:
    assert worker.ask("operation.list") == {"id": "operation.list", "result": []}


def test_an_error_carries_all_that_a_face_needs(worker: Pipe) -> None:
    error = worker.ask("operation.show", id="nope")["error"]

    assert error["code"] == "not_found"
    assert error["http_status"] == 404
    assert error["message"]
    assert error["hint"]


def test_a_bad_parameter_is_a_usage_error(worker: Pipe) -> None:
    assert worker.ask("operation.show", name="x")["error"]["code"] == "usage"


def test_answers_do_not_wait_for_one_another(worker: Pipe, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "home/blocks")
    (tmp_path / "home/.jupyter").mkdir()
    # Reading the settings hangs, as a disk can.
    (tmp_path / "home/.jupyter/modelarts_nb_config.json").symlink_to(tmp_path / "home/blocks")
    worker.send('{"id": 1, "call": "disk.status"}')
    worker.send('{"id": 2, "call": "operation.list"}')

    first = worker.read()
    (tmp_path / "home/blocks").write_text("{}")

    assert first["id"] == 2


@pytest.fixture
def hung(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A cloud that answers at the end of the test."""
    release = threading.Event()
    wire.reply(Response(hold=release))
    monkeypatch.setenv("INSTANCE_ID", "this")
    yield wire
    release.set()


def test_a_cloud_that_hangs_takes_no_thread_from_others(hung: Wire, tmp_path: Path) -> None:
    # given more calls that wait for the cloud than there are threads for everything
    pipe = Pipe(tmp_path, "worker")
    for call in ("notebook.list", "env.list"):  # all is imported
        pipe.send(json.dumps({"call": call, "patience": 0.1}))
        pipe.read()
    many = THREADS + CLOUD_THREADS + 4
    for number in range(many):
        pipe.send(json.dumps({"id": number, "call": "notebook.list", "patience": 1.5}))
    # then others are answered before any of them
    assert pipe.ask("env.list")["result"] == []
    # and these are told in time that the cloud does not answer, also who stood in line
    answers = [pipe.read() for _ in range(many)]
    pipe.end()
    assert {answer["id"] for answer in answers} == set(range(many))
    assert {answer["error"]["code"] for answer in answers} == {"cloud_timeout"}
    assert {answer["error"]["http_status"] for answer in answers} == {504}


def test_who_says_no_patience_waits_as_long_as_the_settings_say(
    hung: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings").mkdir()
    settings = {"Cloud": {"read_timeout": 0.1, "connect_timeout": 0.1}}
    (tmp_path / "settings/modelarts_nb_config.json").write_text(json.dumps(settings))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "settings"))
    pipe = Pipe(tmp_path, "worker")

    error = pipe.ask("notebook.show")["error"]

    pipe.end()
    assert (error["code"], error["hint"].count("Cloud.read_timeout")) == ("cloud_timeout", 1)


def test_an_error_of_the_cloud_carries_its_code_and_the_id_of_the_request(
    wire: Wire, tmp_path: Path
) -> None:
    wire.reply(refusal(403, "ModelArts.0112", "no right"))
    pipe = Pipe(tmp_path, "worker")

    error = pipe.ask("notebook.list")["error"]

    pipe.end()
    assert (error["error_code"], error["cloud_request_id"]) == ("ModelArts.0112", "req-1")


@pytest.mark.parametrize(
    "line",
    [
        *("", "{", "[]", "1", '"x"', "{}", '{"call": 1}', "\0", "[" * 100_000),
        '{"call": "env.list", "params": []}',
        '{"call": "env.list", "patience": "long"}',
        '{"call": "env.list", "patience": true}',
    ],
)
def test_what_is_no_request_is_answered_by_an_error(worker: Pipe, line: str) -> None:
    worker.send(line)

    assert worker.read()["error"]["code"] == "usage"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    pipe = Pipe(tmp_path_factory.mktemp("worker"))
    yield pipe
    pipe.end()


@given(st.binary(max_size=60).filter(lambda line: b"\n" not in line))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_line_ends_the_worker(shared: Pipe, line: bytes) -> None:
    shared.send(line)

    assert "error" in shared.read()


def test_a_name_that_is_no_text_comes_through(worker: Pipe) -> None:
    worker.send(b'{"id": 1, "call": "operation.show", "params": {"id": "\\udce9"}}')

    assert "udce9" in worker.read()["error"]["message"]


def test_it_ends_with_its_input(worker: Pipe) -> None:
    worker.ask("operation.list")

    assert worker.end() == 0


def test_an_operation_goes_on_without_it(worker: Pipe, tmp_path: Path) -> None:
    (tmp_path / "image/conda-meta").mkdir(parents=True)
    (tmp_path / "image/conda-meta/history").touch()
    (tmp_path / "image/bin").mkdir()
    (tmp_path / "image/bin/python").touch(mode=0o755)
    # Relative to the folder that the worker was given.
    params = {"source": "./image", "name": "mine", "kernel": False}
    answer = worker.ask("operation.start", verb="env.clone", params=params)
    worker.end()

    record = tmp_path / f"home/.local/state/modelarts_nb/operations/{answer['result']['id']}"
    end = time.monotonic() + 90
    while time.monotonic() < end:
        operation = json.loads((record / "operation.json").read_text())
        if operation["state"] != "running":
            break
        time.sleep(0.05)

    assert (operation["state"], operation["error"]) == ("done", None)


def test_what_is_printed_does_not_come_between_the_answers(tmp_path: Path) -> None:
    program = (
        "import os, sys, modelarts_nb.worker as w\n"
        "def loud(query, params, progress):\n"
        "    print('hello'); os.write(1, b'native\\n'); return 1\n"
        "w.ask = loud\n"
        "w.main()\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b'{"id": 1, "call": "x"}\n',
        capture_output=True,
        timeout=20,
        env={**os.environ, "HOME": str(tmp_path)},
    )

    assert done.stdout == b'{"id": 1, "result": 1}\n'
    assert b"native" in done.stderr
