"""A JupyterLab of its own: isolated home, temporary disk, a token, a free port."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FOREIGN = ("CONDA_", "JUPYTER", "MODELARTS_", "IPYTHON", "PYTEST")


class Lab:
    """One running JupyterLab.

    Args:
        folder: empty; gets the home, the notebooks and the log.
        disk: the persistent disk.
        images: environments that the image is said to bring.
        channel: where ``.condarc`` says that packages are.
        variables: of the server's environment, besides.
    """

    def __init__(
        self,
        folder: Path,
        disk: Path,
        images: list[Path],
        channel: str,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._variables = dict(variables or {})
        self.home, self.disk, self.notebooks = folder / "home", disk, folder / "notebooks"
        self.token = secrets.token_hex(16)
        self._log = folder / "server.log"
        settings = self.home / ".jupyter"
        settings.mkdir(parents=True)
        self.notebooks.mkdir()
        (settings / "modelarts_nb_config.json").write_text(
            json.dumps({"Environments": {"image_envs": [str(image) for image in images]}})
        )
        (self.home / ".condarc").write_text(f"channels:\n  - {channel}\n")
        self.set_setting("notification", {"fetchNews": "false"})
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.start()

    def url(self, workspace: str) -> str:
        """Where the browser goes; the token goes along. No two pages share a workspace."""
        return f"http://127.0.0.1:{self.port}/lab/workspaces/{workspace}?token={self.token}"

    def saved(self, workspace: str) -> dict[str, Any]:
        """What JupyterLab has kept of a workspace so far; empty when nothing."""
        folder = self.home / ".jupyter/lab/workspaces"
        for file in folder.glob(f"{workspace}-*.jupyterlab-workspace"):
            try:
                data: dict[str, Any] = json.loads(file.read_text())["data"]
            except ValueError:  # it is just being written
                continue
            return data
        return {}

    def set_setting(self, name: str, value: dict[str, Any], package: str = "apputils") -> None:
        """Write a user setting of JupyterLab, for the next page load."""
        folder = self.home / ".jupyter/lab/user-settings/@jupyterlab" / f"{package}-extension"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(value))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        env.update(
            HOME=str(self.home),
            MODELARTS_NB_DISK=str(self.disk),
            MODELARTS_NB_OWNER="tester",
            PYTHONPATH=str(Path(__file__).parents[2]),
            **self._variables,
        )
        options = {
            "ip": "127.0.0.1",
            "port": str(self.port),
            "port_retries": "0",
            "root_dir": str(self.notebooks),
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.{key}={value}" for key, value in options.items()]
        command += [f"--IdentityProvider.token={self.token}", "--LabApp.news_url=None"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.notebooks, env=env, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self.get("status")
                return
            except (urllib.error.URLError, ConnectionError):
                assert self._process.poll() is None, self._log.read_text()
                time.sleep(0.2)
        raise AssertionError(f"JupyterLab does not answer:\n{self._log.read_text()[-4000:]}")

    def stop(self) -> None:
        """End the server and its kernels; operations go on by themselves."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def get(self, path: str) -> Any:
        """What the REST API answers."""
        return self._ask(path)

    def start_operation(self, verb: str, **params: Any) -> Any:
        """Start an operation as another program would."""
        return self._ask("operations", {"verb": verb, "params": params})

    def run(self, verb: str, **params: Any) -> Any:
        """Start an operation and wait for its good end."""
        operation = self.run_to_end(verb, **params)
        assert operation["state"] == "done", operation
        return operation

    def run_to_end(self, verb: str, **params: Any) -> Any:
        """Start an operation and wait for its end, whatever it is."""
        return self._end_of(self.start_operation(verb, **params))

    def cancel(self, id: str) -> None:
        """Ask an operation to stop, if it runs."""
        if self.get(f"operations/{id}")["state"] == "running":
            self._ask(f"operations/{id}", method="DELETE")

    def forget(self, id: str) -> None:
        """Stop an operation if it runs; nothing of it is shown any more."""
        self.cancel(id)
        self._end_of(self.get(f"operations/{id}"))
        self._ask(f"operations/{id}", method="DELETE")

    def _end_of(self, operation: Any) -> Any:
        end = time.monotonic() + 120
        while operation["state"] == "running":
            assert time.monotonic() < end, f"{operation['verb']} does not end"
            time.sleep(0.1)
            operation = self.get(f"operations/{operation['id']}")
        return operation

    def jupyter(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """What Jupyter's own API answers."""
        return self._ask(path, body, method, base="api")

    def _ask(
        self,
        path: str,
        body: Any = None,
        method: str | None = None,
        base: str = "modelarts-nb/api",
    ) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{base}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
