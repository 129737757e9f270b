"""The environment that these tests start kernels of."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from tests.unit.envs.hot.tree import HotTree, make


@pytest.fixture
def tree(small_env: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> HotTree:
    """``mine``; on this fast disk hot files are switched on."""
    monkeypatch.setenv("MODELARTS_NB_HOT", "on")
    return make(small_env, disk)
