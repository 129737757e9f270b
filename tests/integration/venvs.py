"""Other people's interpreters: virtual environments of older Pythons, made once and kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

# Asked at import, before a test may change HOME.
_CACHE = Path(
    os.environ.get("MODELARTS_NB_TEST_CACHE") or Path.home() / ".cache/modelarts_nb-tests"
)
_PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"


def make_venv(name: str, minor: str, *packages: str) -> Path:
    """The folder of a virtual environment of CPython ``minor`` with ``packages``. Read-only."""
    found = sorted(_PYENV.glob(f"{minor}.*/bin/python"))
    if not found:
        pytest.skip(f"no CPython {minor} on this machine")
    folder = _CACHE / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([found[-1], "-m", "venv", folder], check=True)
            pip = [folder / "bin/python", "-m", "pip", "install", "--quiet"]
            # The pip that old Pythons bring tries every version of everything.
            subprocess.run([*pip, "--upgrade", "pip"], check=True, capture_output=True)
            subprocess.run([*pip, *packages], check=True, capture_output=True)
            (folder / "made").touch()
    return folder
