"""The tool is put on the disk, the container is replaced, and a JupyterLab of Python 3.9 whose own
environment knows nothing of us has the server extension, the panel and ``ma``."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.tool.install import HookInfo, install
from modelarts_nb.tool.status import status
from tests.integration.tool_wheel import make_wheel
from tests.integration.venvs import make_venv

pytestmark = pytest.mark.slow


@dataclass
class Notebook:
    """A container that was just replaced, and the JupyterLab of its image."""

    lab: Path
    home: Path
    disk: Path
    hook: HookInfo
    wheel: str

    def variables(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": f"{self.lab / 'bin'}:/usr/bin:/bin"}

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.variables(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def notebook(channel: str, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """Installed once, by one container; restored by the command in the next."""
    folder = tmp_path_factory.mktemp("notebook")
    first, second, root = folder / "first", folder / "second", folder / "disk"
    for new in (first, second, root):
        new.mkdir()
    lab = make_venv("lab39", "3.9", "jupyterlab==4.4.*")
    wheel = str(make_wheel(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(first))
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        hook = install(wheel=wheel, channels=[channel], disk=Disk(root, "me", second))
    subprocess.run(["/bin/sh", "-c", hook.command], env={}, check=True, capture_output=True)
    return Notebook(lab, second, root, hook, wheel)


def test_the_hook_is_installed_and_unaltered(notebook: Notebook) -> None:
    found = status(disk=Disk(notebook.disk, "me", notebook.home))

    assert (found.installed, found.unaltered, found.altered) == (True, True, ())
    assert found.report is not None
    assert found.report["ok"]


def test_ma_runs_from_the_disk(notebook: Notebook) -> None:
    listed = notebook.run("bash", "-lc", "ma hook status --json")

    assert json.loads(listed)["version"] == "0.1.0"


def test_the_same_build_is_not_installed_twice(notebook: Notebook) -> None:
    again = install(wheel=notebook.wheel, disk=Disk(notebook.disk, "me", notebook.home))

    assert again == notebook.hook


def test_the_tool_can_put_itself_on_another_disk(notebook: Notebook, tmp_path: Path) -> None:
    other = tmp_path / "other-disk"
    other.mkdir()
    command = f"MODELARTS_NB_DISK={other} MODELARTS_NB_OWNER=me ma hook install --json"

    found = json.loads(notebook.run("bash", "-lc", command))

    assert found["tool"] == str(other / "envs/.modelarts_nb/tool/0.1.0")
    python = Path(found["tool"]) / "bin/python"
    run = [str(python), "-I", "-c", "import sys, modelarts_nb; print(modelarts_nb.__file__)"]
    assert notebook.run(*run).startswith(str(other))


def test_an_altered_tool_is_noticed_and_replaced(notebook: Notebook, tmp_path: Path) -> None:
    disk = Disk(tmp_path / "disk", "me", tmp_path / "home")
    disk.root.mkdir()
    disk.home.mkdir()
    command = f"MODELARTS_NB_DISK={disk.root} MODELARTS_NB_OWNER=me ma hook install --json"
    notebook.run("bash", "-lc", command)
    magics = next(disk.tool.glob("*/lib/*/site-packages/modelarts_nb/magics.py"))
    magics.write_text("evil")
    assert status(disk=disk).altered == (str(magics),)

    notebook.run("bash", "-lc", command)

    assert status(disk=disk).unaltered


def test_the_server_extension_is_active(notebook: Notebook) -> None:
    listed = notebook.run("sh", "-c", "jupyter server extension list 2>&1")

    assert "modelarts_nb.server" in listed
    assert "enabled" in listed
    assert "OK" in listed


def test_the_panel_is_found(notebook: Notebook) -> None:
    listed = notebook.run("sh", "-c", "jupyter labextension list 2>&1")

    assert "modelarts_nb v0.1.0" in listed
    assert str(notebook.home) in listed


def test_the_rest_api_answers(notebook: Notebook) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (notebook.home / "lab.log").open("wb")
    server = subprocess.Popen(
        [
            *("jupyter-lab", "--no-browser", "--allow-root", f"--port={port}"),
            *("--IdentityProvider.token=secret", f"--ServerApp.root_dir={notebook.home}"),
        ],
        executable=str(notebook.lab / "bin/jupyter-lab"),
        env=notebook.variables(),
        stdout=log,
        stderr=log,
    )
    try:
        answer = _get(f"http://127.0.0.1:{port}/modelarts-nb/api/status", 60)
    finally:
        server.terminate()
        server.wait(60)
        log.close()

    assert answer["disk"]["root"] == str(notebook.disk)
    assert answer["hook"]["installed"]


def _get(url: str, seconds: float) -> dict[str, dict[str, object]]:
    until = time.monotonic() + seconds
    while True:
        request = urllib.request.Request(url, headers={"Authorization": "token secret"})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                answer: dict[str, dict[str, object]] = json.load(reply)
                return answer
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
