"""Fixtures: a real channel and real environments of an image, kept between runs.

They are made below ``~/.cache/modelarts_nb-tests`` (``MODELARTS_NB_TEST_CACHE`` names another
folder). **They are shared: a test that wants to change an environment clones it first.**
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.channel import build, cpython, images

TRAPS = ("trap-binary", "trap-activate", "trap-links", "trap-script")

CondaEnv = Callable[..., Path]
# What this process uses, locked to its end: others must not make it again meanwhile.
_IN_USE: list[IO[str]] = []

# Asked at import, before a test may change HOME.
_CACHE = Path(
    os.environ.get("MODELARTS_NB_TEST_CACHE") or Path.home() / ".cache/modelarts_nb-tests"
)


@pytest.fixture(scope="session")
def channel() -> str:
    """URL of the ``file://`` channel: CPython 3.11 and 3.7, wheels, traps."""
    name = f"channel-{build.fingerprint()}"
    with _alone(name):
        for old in _CACHE.glob("channel-*"):
            # Of older scripts, and not in use by a test run of another checkout.
            if old.is_dir() and old.name != name and time.time() - old.stat().st_mtime > 86400:
                shutil.rmtree(old, ignore_errors=True)
        if not (_CACHE / name / "channel").exists():
            build.build(_CACHE / name / "channel")
    return (_CACHE / name / "channel").as_uri()


@pytest.fixture(scope="session")
def conda_env(channel: str) -> CondaEnv:
    """``conda_env(name, *specs, python="3.11")``: the prefix of an environment of the image.

    Installed by py-rattler once and kept; made again if an earlier run changed it, and nobody uses
    it. Read-only.
    """

    def make(name: str, *specs: str, python: str | None = "3.11") -> Path:
        if python is not None:
            require_python(python)
            specs = (f"python={python}", *specs)
        home = Path(channel.removeprefix("file://")).parent
        key = hashlib.sha256(" ".join(specs).encode()).hexdigest()[:8]
        prefix = home / f"image-{key}" / "envs" / name
        seal = prefix.with_name(f"{name}.seal")
        with _alone(home.name):
            use = (home / f"image-{key}.use").open("w")
            changed = not seal.exists() or seal.read_text() != images.fingerprint(prefix)
            if changed and _is_free(use):
                shutil.rmtree(prefix, ignore_errors=True)
                command = [sys.executable, images.__file__, channel, str(prefix), *specs]
                # py-rattler may abort at exit: what counts is the environment.
                subprocess.run(command, capture_output=True, timeout=240)
                assert (prefix / "conda-meta/history").read_text(), "the image was not made"
                seal.write_text(images.fingerprint(prefix))
            fcntl.flock(use, fcntl.LOCK_SH)
            _IN_USE.append(use)
        return prefix

    return make


@pytest.fixture(scope="session")
def image_env(conda_env: CondaEnv) -> Path:
    """An image's environment: Python 3.11, pip, ipykernel, numpy and every trap."""
    return conda_env("PyTorch-1.8", "pip", "ipykernel", "numpy", *TRAPS)


@pytest.fixture(scope="session")
def image_env_37(conda_env: CondaEnv) -> Path:
    """An image's environment as in the seed's example: Python 3.7."""
    return conda_env("TensorFlow-1.13", "pip", "ipykernel", "numpy", *TRAPS, python="3.7")


@pytest.fixture(scope="session")
def trapped_env(conda_env: CondaEnv) -> Path:
    """Every way to name a prefix without the weight of numpy and ipykernel: a sixth of the image's
    files."""
    return conda_env("trapped", "pip", *TRAPS)


@pytest.fixture(scope="session")
def small_env(conda_env: CondaEnv) -> Path:
    """The least that is an environment with a Python: quick to clone."""
    return conda_env("small", "pip", "trap-activate", "trap-links")


def require_python(minor: str) -> None:
    """Skip the test, and say so, where this machine has no such CPython."""
    if minor not in cpython.find_pythons():
        pytest.skip(f"no CPython {minor} on this machine, so the channel has none")


def _is_free(use: IO[str]) -> bool:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Two test runs at once make one channel."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
