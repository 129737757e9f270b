"""Kernels of a sealed environment after a restart: real ones, started before anything is there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.container import Container
from tests.unit.hook.world import wait_until

WHERE = "import sys, os; print(sys.prefix, os.environ['CONDA_PREFIX'], sys.executable)"
INTERRUPT = """
import os, signal, threading, time
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture(scope="module")
def sealed(image_env: Path, channel: str) -> Iterator[Container]:
    """A container with one sealed environment, in a folder with a short path."""
    folder = Path(tempfile.mkdtemp(prefix="ma"))
    container = Container(folder, image_env, channel)
    container.start()
    container.ma("env", "clone", image_env.name, "mine")
    container.ma("env", "seal", "mine")
    yield container
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def replaced(sealed: Container) -> Container:
    """The container after a restart: its home is empty, and has only the kernel specs."""
    sealed.start()
    specs = sealed.disk / f"envs/.modelarts_nb/owners/{sealed.owner}/kernels"
    shutil.copytree(specs, sealed.home / ".local/share/jupyter/kernels")
    return sealed


def slots(container: Container) -> list[str]:
    return sorted(path.name for path in (container.home / ".ma/run").glob("mine~*"))


def test_two_kernels_at_once_are_there_after_one_filling(replaced: Container) -> None:
    # when
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: replaced.in_kernel("ma-mine", WHERE), range(2))
    # then
    prefix, conda, python = first.split()
    assert first == second
    assert prefix == conda == str(Path(python).parent.parent)
    assert slots(replaced) == [Path(prefix).name]
    # and the operations can be seen
    verbs = [operation["verb"] for operation in replaced.ma("operation", "list")]
    assert "env.fill" in verbs
    # and a kernel is interrupted as ever
    assert replaced.in_kernel("ma-mine", INTERRUPT) == "interrupted"


def test_a_kernel_that_is_killed_while_it_fills_leaves_nothing(replaced: Container) -> None:
    # given a kernel that is filling, killed as Jupyter kills: all of its process group
    spec = replaced.home / ".local/share/jupyter/kernels/ma-mine/launch.sh"
    prefix = replaced.disk / "envs/user_conda/mine"
    run = replaced.home / ".ma/run"
    command = ["/bin/sh", str(spec), "--sealed", str(run), sys.executable, str(prefix), "-c", "1"]
    with subprocess.Popen(command, env=replaced.variables(), start_new_session=True) as kernel:
        assert wait_until(lambda: list(run.glob(".new/*/content/lib")))
        os.killpg(kernel.pid, signal.SIGKILL)
    # then nothing is there that a kernel starts from
    assert slots(replaced) == []
    # and the next one starts, and what was left is gone
    assert "/.ma/run/mine~1" in replaced.in_kernel("ma-mine", WHERE)
    assert list(run.glob(".new/*")) == []


def test_restore_fills_it_behind(sealed: Container) -> None:
    sealed.start()
    sealed.ma("restore")
    assert wait_until(lambda: (sealed.home / ".ma/run/.current/mine").is_file(), 200)
    assert len(slots(sealed)) == 1
    link = sealed.home / ".ma/envs/mine"
    assert wait_until(link.is_symlink)
    assert sealed.run(link / "bin/python", "-c", "print(1)").stdout == "1\n"
