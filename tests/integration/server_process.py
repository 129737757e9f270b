"""A real Jupyter server in a process of its own, to be killed at will."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TOKEN = "of-the-test"


class ServerProcess:
    """A Jupyter server with our extension.

    Args:
        home: its home; log and settings lie there.
        disk: the persistent disk.
        python: the interpreter to run it with.
        env: added to its environment.
        options: more of its command line.
    """

    def __init__(
        self,
        home: Path,
        disk: Path,
        *,
        python: str = sys.executable,
        env: dict[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        home.mkdir(parents=True, exist_ok=True)
        self.log = home / f"server-{self.port}.log"
        command = [
            *(python, "-m", "jupyter_server", "--allow-root", "--no-browser"),
            *("--port", str(self.port), "--ServerApp.port_retries=0"),
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={home}",
            "--ServerApp.jpserver_extensions=modelarts_nb.server=True",
            *options,
        ]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(home),
                    "MODELARTS_NB_DISK": str(disk),
                    "MODELARTS_NB_OWNER": "tester",
                    **(env or {}),
                },
            )
        self._wait_until_up()

    def ask(self, method: str, path: str, body: Any = None, timeout: float = 30) -> tuple[int, Any]:
        """Status and JSON of ``path`` (without our base, or from the root with a ``/``)."""
        url = path if path.startswith("/") else f"/modelarts-nb/api/{path}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{url}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def ended(self, id: str, seconds: float = 120) -> Any:
        """The operation, when it has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            _, operation = self.ask("GET", f"operations/{id}")
            if operation["state"] != "running":
                return operation
            time.sleep(0.1)
        raise AssertionError(operation)

    def worker_pid(self) -> int:
        """The process id of its worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            if "modelarts_nb.worker" in Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
        raise AssertionError("there is no worker")

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as a person does; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _wait_until_up(self) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.ask("GET", "/api/status")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        self.process.kill()
        raise AssertionError(self.log.read_text())
