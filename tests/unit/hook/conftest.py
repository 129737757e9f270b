"""Fixtures of the hook's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.hook.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    disk, home = tmp_path / "disk", tmp_path / "home"
    disk.mkdir()
    home.mkdir()
    return World(disk, home)
