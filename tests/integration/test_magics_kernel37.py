"""``%ma`` in a real kernel of Python 3.7 into which nothing of ours was installed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.integration.venvs import make_venv
from tests.unit.hook.world import World, wait_until
from tests.unit.test_magics import FAKE

pytestmark = pytest.mark.slow


class Kernel:
    """A running kernel and what it says."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient, home: Path) -> None:
        self.manager, self.client, self.home = manager, client, home
        self.heard: list[dict[str, Any]] = []

    def run(self, code: str) -> dict[str, Any]:
        """Run a cell; returns its reply, and leaves its output in ``heard``."""
        self.heard.clear()
        reply = self.client.execute_interactive(
            code, timeout=60, output_hook=self.heard.append, allow_stdin=False
        )
        content: dict[str, Any] = reply["content"]
        return content

    def reply_to(self, asked: str) -> Any:
        """The reply to one request; a slow start leaves replies to earlier ones behind."""
        while True:
            message = self.client.get_shell_msg(timeout=90)
            if message["parent_header"].get("msg_id") == asked:
                return message["content"]

    def said(self, kind: str) -> list[Any]:
        return [m["content"] for m in self.heard if m["msg_type"] == kind]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    """Started in a home that restore has just filled; the tool's Python is a stand-in."""
    venv = make_venv("kernel37", "3.7", "ipykernel")
    world = World(tmp_path / "disk", tmp_path / "home")
    world.disk.mkdir()
    world.home.mkdir()
    world.install_tool()
    source = Path(__file__).parents[2] / "modelarts_nb" / "magics.py"
    copy = world.tool / "lib/python3.11/site-packages/modelarts_nb/magics.py"
    copy.write_bytes(source.read_bytes())
    _describe_again(world, copy)
    (tmp_path / "fake_ma.py").write_text(FAKE)
    python = world.tool / "bin/python"
    python.write_text(f'#!/bin/sh\nshift 3\nexec {sys.executable} {tmp_path}/fake_ma.py "$@"\n')
    assert world.run()["ok"]
    environment = {
        **os.environ,
        "HOME": str(world.home),
        "IPYTHONDIR": str(world.home / ".ipython"),
    }
    environment.pop("PYTHONPATH", None)
    manager = KernelManager()
    manager.kernel_spec.argv = [
        *(str(venv / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}")
    ]
    manager.start_kernel(env=environment, cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield Kernel(manager, client, world.home)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.term()


def _describe_again(world: World, magics: Path) -> None:
    path = world.tool / "manifest.json"
    manifest = json.loads(path.read_text())
    sha256 = hashlib.sha256(magics.read_bytes()).hexdigest()
    manifest["parts"]["magics"]["files"]["magics.py"] = sha256
    path.write_text(json.dumps(manifest))


def test_a_table_is_returned_and_shown(kernel: Kernel) -> None:
    kernel.run("import sys; print(sys.version_info[:2])")
    assert kernel.said("stream")[0]["text"] == "(3, 7)\n"

    kernel.run("envs = %ma list\nprint(envs[0]['size'])\nenvs")

    assert kernel.said("stream")[0]["text"] == "3400000000\n"
    assert "<table>" in kernel.said("execute_result")[0]["data"]["text/html"]


def test_progress_is_drawn_in_place(kernel: Kernel) -> None:
    kernel.run("%ma clone a b")

    first = kernel.said("display_data")[0]
    updates = kernel.said("update_display_data")
    assert "50 %" in first["data"]["text/plain"]
    assert "<progress" in first["data"]["text/html"]
    assert {u["transient"]["display_id"] for u in updates} == {first["transient"]["display_id"]}
    assert "done in" in updates[-1]["data"]["text/plain"]


def test_an_error_is_a_message_without_traceback(kernel: Kernel) -> None:
    reply = kernel.run("%ma fail")

    assert reply["status"] == "error"
    assert (reply["ename"], reply["evalue"]) == ("MaError", "No such thing.")
    assert "magics.py" not in "".join(reply["traceback"])
    assert reply["traceback"][1] == "Look."


def test_an_interrupt_cancels_and_the_kernel_lives_on(kernel: Kernel) -> None:
    asked = kernel.client.execute("%ma sleep")
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        message = kernel.client.get_iopub_msg(timeout=90)
        if message["msg_type"] == "display_data":
            break
    kernel.manager.interrupt_kernel()
    reply = kernel.reply_to(asked)

    assert (reply["ename"], reply["evalue"]) == ("MaError", "Cancelled; nothing was left.")
    # A kernel drops what is queued behind a failed cell for a moment.
    assert wait_until(lambda: kernel.run("1")["status"] == "ok")


@pytest.mark.parametrize("warm", [False, True])
def test_tab_completes(kernel: Kernel, warm: bool) -> None:
    if warm:
        kernel.run("%ma list")
    code = "%ma env c"

    def matches() -> bool:
        content = kernel.reply_to(kernel.client.complete(code, len(code)))
        # A kernel that is still busy starting may answer without any.
        return {"clone", "create"} <= set(content.get("matches", []))

    assert wait_until(matches)


def test_a_damaged_magic_does_not_break_the_kernel(kernel: Kernel) -> None:
    (kernel.home / ".local/share/modelarts_nb/magics.py").write_text("(")

    assert kernel.run("%ma list")["status"] == "ok"
    assert "not available" in kernel.said("stream")[0]["text"]
