"""A disk, a short run root (a slot's path has a fixed length), a small environment to seal."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from tests.unit.envs.archive.conftest import make_env

__all__ = ["make_env", "run"]


@pytest.fixture
def run(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The run root of ``disk``, not made yet; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="run"))
    monkeypatch.setenv("MODELARTS_NB_RUN", str(folder / "run"))
    yield folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
