"""``ma`` on a disk that hangs: it says so and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slowfs.mount import SlowFs

CODE = """
import sys
from modelarts_nb.cli import main, patience
patience.QUESTION = patience.WORK = 0.5
patience.patience.__wrapped__.__kwdefaults__["every"] = 0.5
sys.argv = ["ma", *sys.argv[1:]]
main()
"""


@pytest.fixture
def hanging(mount_slowfs: Callable[..., SlowFs]) -> Iterator[Path]:
    """A disk that does not answer."""
    fs = mount_slowfs()
    found = subprocess.run(["pgrep", "-f", str(fs.path)], capture_output=True, text=True)
    pids = [int(pid) for pid in found.stdout.split()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield fs.path
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "words", [("env", "list"), ("env", "remove", "mine"), ("status",)], ids=" ".join
)
def test_a_disk_that_hangs_ends_the_command_with_its_own_error(
    home: Path, hanging: Path, words: tuple[str, ...]
) -> None:
    environment = {**os.environ, "MODELARTS_NB_DISK": str(hanging), "MODELARTS_NB_OWNER": "t"}

    done = subprocess.run(
        [sys.executable, "-c", CODE, *words, "--json"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )

    assert done.returncode == 5, done.stderr
    assert '"code": "disk_timeout"' in done.stdout
