"""`make run`: JupyterLab in a notebook of the local cloud. Ctrl-C leaves nothing that runs, and the
next start is the next container: its home empty, its hook run, the disk as it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[2] / "scripts/demo.py"
_HOOK = '# modelarts_nb: of a test\ntouch "$HOME/hook-ran"; echo said\n'
_REGISTER = "import sys; from modelarts_nb.notebook import hook; hook.register(sys.argv[1])"


@dataclass
class Demo:
    """What `make run` starts, below a folder of its own."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(DEMO), "--folder", str(self.folder), "--no-browser"]
        log = (self.folder / "output").open("a")
        with log:
            process = subprocess.Popen(
                [*command, "--port=0", *options], stdout=log, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return process

    def said(self) -> str:
        return (self.folder / "output").read_text()

    def prepare(self) -> int:
        """Start the container and stop it; the exit code."""
        return self.start("--prepare").wait(120)

    def server(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """What the Jupyter server says of itself, as soon as it answers."""
        until = time.monotonic() + 120
        pattern = "cloud/modelarts/notebooks/*/home/.local/share/jupyter/runtime/jpserver-*.json"
        while True:
            for file in self.folder.glob(pattern):
                # Jupyter writes it in place, so for a moment it is empty, and before it listens.
                with contextlib.suppress(json.JSONDecodeError, ConnectionRefusedError):
                    told = dict(json.loads(file.read_text()))
                    socket.create_connection(("127.0.0.1", told["port"])).close()
                    return told
            assert process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)

    def left(self) -> list[str]:
        """Processes that were started with a path of this demo, in argument or variable."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                except OSError:
                    continue
                if os.fsencode(self.folder) in text:
                    found.append((entry / "cmdline").read_bytes().decode(errors="replace"))
        return found


@pytest.fixture
def demo(home: Path, tmp_path: Path, small_env: Path) -> Iterator[Demo]:
    """A folder in which the image was made before: that takes a minute."""
    made = Demo(tmp_path / "demo")
    image = made.folder / "image/anaconda3/envs/PyTorch-demo"
    image.parent.mkdir(parents=True)
    image.symlink_to(small_env)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def ask(server: dict[str, Any], path: str) -> Any:
    """JSON of our REST API."""
    headers = {"Authorization": f"token {server['token']}"}
    request = urllib.request.Request(f"{server['url']}modelarts-nb/api/{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def variables_of(pid: int) -> dict[str, str]:
    """The variables of a process, as it was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(pair).split("=", 1) for pair in pairs if pair)  # type: ignore[misc]


def run(variables: dict[str, str], *command: str) -> str:
    """What a program prints that somebody starts in a terminal of JupyterLab."""
    done = subprocess.run(
        [sys.executable, *command], env=variables, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ma(variables: dict[str, str], *words: str) -> Any:
    return json.loads(run(variables, "-m", "modelarts_nb.cli", *words, "--json"))


def test_a_container_of_the_local_cloud_and_then_the_next(demo: Demo) -> None:
    # given `make run`
    process = demo.start()
    server = demo.server(process)
    inside = variables_of(server["pid"])
    home, disk = Path(inside["HOME"]), Path(inside["MODELARTS_NB_DISK"])

    # then the panel has a disk, an environment to clone, and a cloud that knows this notebook
    assert ask(server, "status")["disk"]["root"] == str(disk)
    names = [environment["name"] for environment in ask(server, "environments")["environments"]]
    assert "PyTorch-demo" in names
    notebook = ma(inside, "notebook", "show")
    assert (notebook["id"], notebook["status"]) == (inside["INSTANCE_ID"], "RUNNING")
    assert notebook["lease"]["remaining"] > 23 * 3600
    others = {one["name"] for one in ma(inside, "notebook", "list")}
    assert others == {"demo", "other"}
    mounted = ma(inside, "storage", "list")[0]
    assert (mounted["path"], mounted["machine"]["mounted"]) == ("/data/demo-bucket", True)

    # and a second one at the same time is refused
    assert demo.prepare() == 1
    assert "end it with Ctrl-C" in demo.said()

    # when there are things in home and disk, a hook is registered, and Ctrl-C is pressed
    run(inside, "-c", _REGISTER, _HOOK)
    for folder in (home, disk):
        (folder / "mine").touch()
    process.send_signal(signal.SIGINT)

    # then it ends, and so does everything
    assert process.wait(60) == 0, demo.said()
    assert "the local cloud has ended" in demo.said()
    assert demo.left() == []
    assert not Path(inside["MODELARTS_NB_CLOUD_FILE"]).exists()

    # and the next `make run` is the next container
    assert demo.prepare() == 0, demo.said()
    assert "the restart hook ran in" in demo.said()
    assert (home / "hook-ran").exists()
    assert not (home / "mine").exists()
    assert (disk / "mine").exists()
    assert demo.left() == []
