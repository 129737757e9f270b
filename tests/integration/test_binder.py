"""`binder/start`: whatever Binder starts, it starts in front of a local cloud; and without one too.

Binder itself cannot be tried here: this is its script in a home of a test.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.localcloud.control import down

START = Path(__file__).parents[2] / "binder/start"
_SAY = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def binder(home: Path) -> Iterator[Path]:
    """A home as Binder has one; what was started in it is ended."""
    yield home
    down(home / "local-cloud")


def start(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program as Binder runs JupyterLab."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return subprocess.run(
        ["bash", str(START), *command], env={"HOME": str(home), "PATH": path}, cwd=START.parents[1],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_the_panel_has_a_cloud_and_a_disk(binder: Path) -> None:
    done = start(binder, sys.executable, "-c", _SAY)

    assert done.returncode == 0, done.stderr
    variables = json.loads(done.stdout)
    shown = ma(variables, "notebook", "show")
    assert (shown["id"], shown["name"]) == (variables["INSTANCE_ID"], "demo")
    assert ma(variables, "storage", "list")[0]["machine"]["mounted"]
    disk = ma(variables, "status")["disk"]
    assert disk["root"] == str(binder / "work")
    assert (binder / "work").resolve().is_relative_to(binder / "local-cloud")

    # when it is started once more in the same home, it is the same cloud
    again = json.loads(start(binder, sys.executable, "-c", _SAY).stdout)
    assert again["INSTANCE_ID"] == variables["INSTANCE_ID"]


def test_without_a_cloud_it_starts_all_the_same(binder: Path) -> None:
    (binder / "local-cloud").mkdir()
    (binder / "local-cloud/thesis").touch()

    done = start(binder, sys.executable, "-c", _SAY)

    assert done.returncode == 0
    assert "there is no local cloud" in done.stderr
    assert "INSTANCE_ID" not in json.loads(done.stdout)
    assert (binder / "work").is_dir()


def ma(variables: dict[str, str], *words: str) -> Any:
    """What `ma` says to programs."""
    command = [sys.executable, "-m", "modelarts_nb.cli", *words, "--json"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
