"""A container as the platform makes one: an image, an empty home, one disk that survives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_START_KERNEL = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)
try:
    client.execute_interactive(sys.argv[2], timeout=60)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@dataclass
class Container:
    """One container at a time on one disk. ``image`` is an environment that every container has."""

    folder: Path
    image: Path
    channel: str
    owner: str = "notebook-a"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def disk(self) -> Path:
        return self.folder / "work"

    def start(self) -> str:
        """An empty home; then the registered hook, if there is one. Returns what it printed."""
        shutil.rmtree(self.home, ignore_errors=True)
        for folder in (self.home / ".conda", self.disk):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / ".conda/environments.txt").write_text(f"{self.image}\n")
        (self.home / ".condarc").write_text(f"channels:\n  - {self.channel}\n")
        registered = self.folder / "registered-hook.sh"
        if not registered.exists():
            return ""
        # The platform gives a hook next to nothing.
        done = subprocess.run(
            ["/bin/sh", registered], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def register_hook(self) -> None:
        """What a person does with the command that ``ma hook install`` prints."""
        command = self.ma("hook", "install")["command"]
        (self.folder / "registered-hook.sh").write_text(command)

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program in the container."""
        done = subprocess.run(
            [*map(str, command)], env=self.variables(), capture_output=True, text=True, timeout=280
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done

    def ma(self, *args: str) -> Any:
        """The result of ``ma ARGS`` of the interpreter that runs the tests."""
        return json.loads(
            self.run(sys.executable, "-m", "modelarts_nb.cli", *args, "--json").stdout
        )

    def kernels(self) -> list[str]:
        """Names of the kernels that Jupyter offers."""
        listing = self.run(sys.executable, "-m", "jupyter", "kernelspec", "list", "--json").stdout
        return sorted(json.loads(listing)["kernelspecs"])

    def in_kernel(self, name: str, code: str) -> str:
        """What ``code`` prints in a kernel that Jupyter starts."""
        return self.run(sys.executable, "-c", _START_KERNEL, name, code).stdout.strip()

    def variables(self, extra: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
        """The variables of a shell in the container."""
        return {
            "HOME": str(self.home),
            "PATH": f"{self.home}/.local/bin:{Path(sys.executable).parent}:/usr/bin:/bin",
            "MODELARTS_NB_DISK": str(self.disk),
            "INSTANCE_ID": self.owner,
            "LC_ALL": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            **dict(extra),
        }
