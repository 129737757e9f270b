"""The server extension in a Jupyter server of CPython 3.9, with the tool in another Python.

Where this machine has no CPython 3.9, its sources are checked for that language level instead.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import modelarts_nb
from modelarts_nb.disk.persistent import Disk
from tests.channel.cpython import find_pythons
from tests.integration.server_process import ServerProcess
from tests.unit.operations.conftest import make_prefix

PACKAGE = Path(modelarts_nb.__file__).parent
# What jupyter_server needs on 3.9, all of it: solving takes minutes, this takes seconds.
LOCK = Path(__file__).with_name("server39.txt")
# Asked at import, before a test may change HOME.
CACHE = Path(os.environ.get("MODELARTS_NB_TEST_CACHE") or Path.home() / ".cache/modelarts_nb-tests")
BASE = find_pythons(("3.9",)).get("3.9")


@pytest.fixture(scope="module")
def python39() -> str:
    """An interpreter of 3.9 with jupyter_server and nothing of ours, kept between runs."""
    folder = CACHE / f"server39-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "server39.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run(
                [f"{BASE}/bin/python3.9", "-m", "venv", "--without-pip", folder], check=True
            )
            python = str(folder / "bin/python")
            pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"]
            subprocess.run([*pip, "-r", str(LOCK)], check=True, timeout=280)
            (folder / "complete").touch()
    return str(folder / "bin/python")


@pytest.fixture
def slim(tmp_path: Path) -> Path:
    """The path that restore adds to the server's: our package without anything but the server."""
    copy = tmp_path / "slim/modelarts_nb"
    copy.mkdir(parents=True)
    shutil.copy(PACKAGE / "__init__.py", copy)
    shutil.copytree(PACKAGE / "server", copy / "server", ignore=shutil.ignore_patterns("__pyc*"))
    return copy.parent


@pytest.fixture
def server(disk: Disk, slim: Path, request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A server of 3.9 that finds the tool as restore has recorded it."""
    disk.local_data.mkdir(parents=True)
    (disk.local_data / "tool.json").write_text(json.dumps({"python": sys.executable}))
    python = request.getfixturevalue("python39")
    env = {"PYTHONPATH": str(slim), "PYTHONWARNINGS": "error::SyntaxWarning"}
    # Else the worker may have started before a test takes the tool away.
    options = ("--ModelArtsNb.restore_at_start=False",)
    started = ServerProcess(disk.home, disk.root, python=python, env=env, options=options)
    yield started
    started.stop()


def sources() -> list[Path]:
    return [PACKAGE / "__init__.py", *sorted((PACKAGE / "server").rglob("*.py"))]


if BASE is None:

    def test_without_a_cpython_3_9_its_language_level_is_checked(
        request: pytest.FixtureRequest,
    ) -> None:
        request.config.get_terminal_writer().line(
            "\nThere is no CPython 3.9 here: the server extension is only parsed as 3.9."
        )
        for file in sources():
            ast.parse(file.read_text("utf-8"), feature_version=(3, 9))

else:

    def test_it_is_really_3_9(python39: str) -> None:
        program = "import sys, jupyter_server; print(sys.version_info[:2])"
        done = subprocess.run([python39, "-c", program], capture_output=True, text=True)

        assert done.stdout.strip() == "(3, 9)"

    def test_environments_are_listed(server: ServerProcess, disk: Disk) -> None:
        make_prefix(disk.envs / "mine")

        status, answer = server.ask("GET", "environments")

        assert status == 200
        assert "mine" in [environment["name"] for environment in answer["environments"]]

    def test_an_operation_runs_in_the_tools_python(
        server: ServerProcess, disk: Disk, tmp_path: Path
    ) -> None:
        source = make_prefix(tmp_path / "image")
        params: dict[str, Any] = {"source": str(source), "name": "mine", "kernel": False}

        status, begun = server.ask("POST", "operations", {"verb": "env.clone", "params": params})

        assert status == 202
        ended = server.ended(begun["id"])
        assert (ended["state"], ended["error"]) == ("done", None)
        assert (disk.envs / "mine/bin/python").is_file()

    def test_an_error_is_one_of_ours(server: ServerProcess) -> None:
        status, problem = server.ask("GET", "environments/none")

        assert (status, problem["code"]) == (404, "not_found")

    def test_without_the_tool_the_panel_is_told_what_to_do(
        server: ServerProcess, disk: Disk
    ) -> None:
        (disk.local_data / "tool.json").unlink()

        status, problem = server.ask("GET", "environments")

        assert (status, problem["code"]) == (503, "tool_missing")
        assert "ma hook install" in problem["hint"]

    def test_a_tool_that_has_gone_is_told_too(server: ServerProcess, disk: Disk) -> None:
        gone = {"python": str(disk.root / "tool/bin/python")}
        (disk.local_data / "tool.json").write_text(json.dumps(gone))

        status, problem = server.ask("GET", "environments")

        assert (status, problem["code"]) == (503, "worker_lost")

    def test_the_server_ends_in_peace(server: ServerProcess) -> None:
        server.ask("GET", "operations")

        server.stop()

        assert "Traceback" not in server.log.read_text()
