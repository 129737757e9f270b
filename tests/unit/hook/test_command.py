"""The COMMAND that the platform runs: in the shells there are, with nothing to rely on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.tool.command import hook_command
from tests.unit.hook.world import RESTORE, World, states, wait_until

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture
def make(world: World) -> Any:
    """``make(**changes)`` → the script, with restore.py and a tool on the disk."""
    restore = world.private / "hook/restore.py"
    restore.parent.mkdir(parents=True)
    shutil.copy(RESTORE, restore)
    manifest = world.install_tool()
    world.environment("mine")

    def script(**changes: Any) -> str:
        return hook_command(
            Disk(world.disk, world.owner, world.home),
            template=RESTORE.with_name("command.sh").read_text(),
            restore=restore,
            sha256=hashlib.sha256(RESTORE.read_bytes()).hexdigest(),
            tool=world.tool,
            manifest=manifest,
            **changes,
        )

    return script


def run(script: str, shell: str = "dash", **env: str) -> subprocess.CompletedProcess[str]:
    program = ["busybox", "sh"] if shell == "busybox" else [shell]
    return subprocess.run(
        [str(shutil.which(program[0])), *program[1:], "-c", script],
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_it_brings_everything_back(world: World, make: Any, shell: str) -> None:
    done = run(make(), shell, PATH=os.environ["PATH"])

    assert (done.returncode, done.stderr) == (0, "")
    assert "modelarts_nb restore: done" in done.stdout
    assert (world.home / ".local/share/jupyter/kernels/ma-mine/kernel.json").is_file()


@pytest.mark.parametrize("shell", SHELLS)
def test_it_needs_no_variable(world: World, make: Any, shell: str) -> None:
    done = run(make(), shell)

    assert done.returncode == 0
    assert world.saved_report()["ok"]


def test_it_leaves_nothing_behind_in_tmp(tmp_path: Path, make: Any) -> None:
    (tmp_path / "tmp").mkdir()

    run(make(), PATH=os.environ["PATH"], TMPDIR=str(tmp_path / "tmp"))

    assert os.listdir(tmp_path / "tmp") == []


def test_an_altered_restore_is_refused(world: World, make: Any) -> None:
    script = make()
    with (world.private / "hook/restore.py").open("a") as file:
        file.write("print('evil')\n")

    done = run(script, PATH=os.environ["PATH"])

    assert done.returncode == 0
    assert "REFUSED" in done.stdout
    assert "evil" not in done.stdout
    assert states(world.saved_report()) == {"hook": "failed"}


def test_no_disk_is_said(world: World, make: Any) -> None:
    script = make()
    shutil.rmtree(world.disk)

    done = run(script, PATH=os.environ["PATH"])

    assert (done.returncode, "cannot be read" in done.stdout) == (0, True)


def test_a_disk_that_hangs_at_once_is_given_up_in_time(world: World, make: Any) -> None:
    restore = world.private / "hook/restore.py"
    restore.unlink()
    os.mkfifo(restore)
    began = time.monotonic()

    done = run(make(seconds=2), PATH=os.environ["PATH"])

    assert time.monotonic() - began < 10
    assert (done.returncode, "does not answer" in done.stdout) == (0, True)
    assert states(world.saved_report()) == {"disk": "failed"}
    # When the disk comes back, so does everything else.
    restore.with_name("new").write_bytes(RESTORE.read_bytes())
    with restore.open("wb") as late:
        late.write(RESTORE.read_bytes())
    assert wait_until(lambda: world.saved_report()["ok"])


def test_without_a_python_it_says_so(tmp_path: Path, world: World, make: Any) -> None:
    (world.tool / "bin/python").unlink()
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("mktemp", "cat", "sleep", "rm", "mkdir", "date"):
        (tools / name).symlink_to(str(shutil.which(name)))
    script = make().replace(":}/usr/local/bin:/usr/bin:/bin", "}")

    done = run(script, PATH=str(tools))

    assert (done.returncode, "no Python" in done.stdout) == (0, True)


def test_paths_with_spaces_and_quotes(tmp_path: Path) -> None:
    world = World(tmp_path / "my disk's", tmp_path / "ho me")
    world.disk.mkdir()
    world.home.mkdir()
    world.environment("mine")
    manifest = world.install_tool()
    script = hook_command(
        Disk(world.disk, world.owner, world.home),
        template=RESTORE.with_name("command.sh").read_text(),
        restore=RESTORE,
        sha256=hashlib.sha256(RESTORE.read_bytes()).hexdigest(),
        tool=world.tool,
        manifest=manifest,
    )

    done = run(script, PATH=os.environ["PATH"])

    assert world.saved_report()["ok"], done.stdout
    kernel = json.loads((world.home / ".local/share/modelarts_nb/tool.json").read_text())
    assert kernel["disk"] == str(world.disk)
