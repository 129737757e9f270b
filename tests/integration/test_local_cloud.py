"""`ma local`: a process of its own that outlives the command, and ends when told to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.localcloud.plane.identity import MARKER_VARIABLE
from modelarts_nb.localcloud.state import holder
from modelarts_nb.localcloud.testing import User, signed


@pytest.fixture
def state(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder; what runs on it at the end of the test is ended."""
    folder = tmp_path / "cloud"
    monkeypatch.setenv("MODELARTS_NB_LOCAL_CLOUD", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield folder
    if (pid := holder(folder)) is not None:
        os.kill(pid, signal.SIGKILL)


def ma(*arguments: str, code: int = 0) -> Any:
    """The JSON that `ma local ...` prints."""
    command = [sys.executable, "-m", "modelarts_nb.cli", "local", *arguments, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def projects(file: str) -> list[str]:
    """The names of the projects that the holder of a file of keys sees."""
    import http.client

    keys = json.loads(Path(file).read_text())
    host = keys["endpoint"].removeprefix("http://")
    user = User("", keys["user_id"], keys["ak"], keys["sk"])
    connection = http.client.HTTPConnection(host, timeout=30)
    path = "/v3/auth/projects"
    connection.request("GET", path, headers=signed(user, "GET", host, path, b""))
    reply = connection.getresponse()
    assert reply.status == 200, reply.read()
    found = json.loads(reply.read())
    connection.close()
    return [project["name"] for project in found["projects"]]


def test_up_status_down(state: Path) -> None:
    up = ma("up")
    assert up["started"]
    assert projects(up["users"]["developer"]) == [up["region"]]

    # when it is asked for again, it is left as it is
    again = ma("up")
    assert (again["started"], again["pid"]) == (False, up["pid"])
    assert ma("status")["endpoint"] == up["endpoint"]

    # then down ends it and its keys, and keeps what was made in it
    assert ma("down")["stopped"]
    assert ma("status") == {"running": False, "state": str(state)}
    assert not Path(up["users"]["developer"]).exists()
    assert (state / "cloud.sqlite").exists()
    assert not ma("down")["stopped"]


def test_reset_makes_it_new_and_running_again(state: Path) -> None:
    before = ma("up")

    after = ma("reset", "--yes")

    assert after["running"]
    assert after["project_id"] != before["project_id"]
    ma("down")


def until(good: Callable[[], Any]) -> Any:
    """What there is as soon as there is something."""
    deadline = time.monotonic() + 60
    while not (found := good()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_a_cloud_that_was_killed_goes_on_where_it_was(state: Path) -> None:
    # given a notebook in which somebody works, files at home and on its disk
    first = ma("up")
    demo = state / "modelarts" / "notebooks"
    notebook = until(lambda: [n for n in demo.iterdir() if (n / "home" / "work").exists()])[0]
    (notebook / "home" / "scratch").touch()
    (notebook / "disk" / "kept").touch()
    with contextlib.closing(sqlite3.connect(state / "cloud.sqlite")) as database:
        (cloud,) = database.execute("SELECT cloud FROM modelarts_identity").fetchone()
    works = subprocess.Popen(
        ["sleep", "600"],
        env={"PATH": os.environ["PATH"], MARKER_VARIABLE: f"{cloud}/{notebook.name}"},
        start_new_session=True,
    )

    # when the cloud is killed in the midst of it
    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: holder(state) is None)
    assert ma("status") == {"running": False, "state": str(state)}
    second = ma("up")

    # then the account is the same, the keys are new, and nothing of the old life runs on
    assert (second["started"], second["project_id"]) == (True, first["project_id"])
    assert projects(second["users"]["developer"]) == [second["region"]]
    assert works.wait(60) == -signal.SIGKILL
    until(lambda: not (notebook / "home" / "scratch").exists())
    assert (notebook / "disk" / "kept").exists()
    assert (notebook / "data" / "demo-bucket" / "README.txt").exists()
    ma("down")


def test_a_folder_of_something_else_is_an_error_with_a_hint(state: Path) -> None:
    state.mkdir()
    (state / "thesis.txt").write_text("years of work")

    for command in (["up"], ["reset", "--yes"]):
        error = ma(*command, code=1)["error"]
        assert error["code"] == "local_cloud_failed"
        assert "not a folder of the local cloud" in error["message"]
    assert (state / "thesis.txt").exists()


def test_a_port_that_is_taken_is_an_error(state: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        error = ma("up", "--port", str(taken.getsockname()[1]), code=1)["error"]

    assert "in use" in error["message"]
    assert "server.log" in error["hint"]
    assert not ma("status")["running"]
