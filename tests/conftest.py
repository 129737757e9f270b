"""Fixtures for every test."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from modelarts_nb.disk.persistent import Disk

pytest_plugins = ["tests.channel.fixtures", "tests.slowfs.mount", "tests.unit.cloud.fixtures"]

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_OURS = ("CONDA_", "JUPYTER_", "MODELARTS_", "JUPYTERHUB_", "IPYTHON")


def pytest_configure() -> None:
    """A run in the background (``&``, ``nohup``) ignores Ctrl-C and hang-ups, and so would every
    program that the tests start."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        # A handler, unlike what is ignored, does not outlive an exec.
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an environment that knows nothing of this machine's conda or Jupyter."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name in ("INSTANCE_ID", "PROJECT_ID", "XDG_DATA_HOME"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def disk(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """An empty persistent disk of the owner ``tester``, which is also the settings' disk."""
    root = tmp_path / "disk"
    root.mkdir()
    monkeypatch.setenv("MODELARTS_NB_DISK", str(root))
    monkeypatch.setenv("MODELARTS_NB_OWNER", "tester")
    return Disk(root, "tester", home)
