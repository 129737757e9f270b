"""Training jobs of a local cloud that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.localcloud.modelarts.conftest import until


def test_jobs_end_with_a_cloud_that_is_killed_and_what_is_left_ends_with_the_next_start(
    tmp_path: Path,
) -> None:
    # given a local cloud in a process of its own, whose demo job runs
    folder = tmp_path / "state"
    found = local_cloud("up", folder)
    try:
        until(lambda: shells(folder), running)

        # when it is killed, then the job's processes end too
        os.kill(found["pid"], signal.SIGKILL)
        until(lambda: shells(folder), lambda left: not left)

        # and when it is killed together with who sees to that
        found = local_cloud("up", folder)
        left = until(lambda: shells(folder), running)
        for pid in keepers(found["pid"]):
            os.kill(pid, signal.SIGKILL)
        os.kill(found["pid"], signal.SIGKILL)
        assert left & shells(folder)

        # then the next one ends what is left
        local_cloud("up", folder)
        until(lambda: shells(folder), lambda found: not left & found)
    finally:
        local_cloud("down", folder)
    assert not shells(folder)


def local_cloud(command: str, folder: Path) -> Any:
    """What ``up`` and ``down`` say."""
    program = [sys.executable, "-m", "modelarts_nb.localcloud", command, "--state", str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=100)
    return json.loads(done.stdout)


def running(found: set[int]) -> bool:
    """Whether both tasks run; one that begins a program is seen twice for a moment."""
    return len(found) >= 2


def shells(folder: Path) -> set[int]:
    """The training processes of the demo job."""
    done = subprocess.run(["pgrep", "-f", f"{folder}/.*command.sh"], capture_output=True, text=True)
    return {int(word) for word in done.stdout.split()}


def keepers(pid: int) -> set[int]:
    """The children of a local cloud that watch over its jobs."""
    done = subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "training.keeper"], capture_output=True, text=True
    )
    return {int(word) for word in done.stdout.split()}
