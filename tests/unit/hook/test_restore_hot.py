"""What lets kernels use hot files comes back, verified like all of the tool's files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.unit.hook.world import World, states


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tool that has it."""
    (tmp_path / "home").mkdir()
    world = World(tmp_path / "disk", tmp_path / "home")
    world.install_tool()
    file = world.tool / "kernel/start.py"
    file.parent.mkdir()
    file.write_text("HERE = True\n")
    path = world.tool / "manifest.json"
    manifest = json.loads(path.read_text())
    sums = {"start.py": hashlib.sha256(file.read_bytes()).hexdigest()}
    manifest["parts"]["hot"] = {"base": "kernel", "files": sums}
    path.write_text(json.dumps(manifest))
    return world


def test_it_is_where_launchers_look_for_it(world: World) -> None:
    placed = world.home / ".local/share/modelarts_nb/hot/start.py"
    assert states(world.run())["hot files"] == "restored"
    assert placed.read_text() == "HERE = True\n"
    assert states(world.run())["hot files"] == "already"


def test_an_altered_file_is_refused(world: World) -> None:
    (world.tool / "kernel/start.py").write_text("HERE = 'not what was installed'\n")
    assert states(world.run())["hot files"] == "failed"
    assert not (world.home / ".local/share/modelarts_nb/hot").exists()
