"""A real environment goes round: sealed, filled, used, changed by pip, saved, filled elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.health import check
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.slots import PLACEHOLDER
from modelarts_nb.envs.sealed.versions import read_version
from tests.unit.envs.sealed.copies import holds

CLEAN = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
ASK = "import sys, json, pip; print(json.dumps([sys.prefix, sys.executable, pip.__file__]))"
SITE = "lib/python3.11/site-packages"


@pytest.fixture
def roots(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """Two run roots with short paths; the first is the settings'."""
    with tempfile.TemporaryDirectory(prefix="run") as folder:
        top = Path(folder)
        monkeypatch.setenv("MODELARTS_NB_RUN", str(top / "run"))
        yield top / "run", top / "other"


def wheel(folder: Path) -> Path:
    """A wheel with a module and a script."""
    file = folder / "greeting-1.0-py3-none-any.whl"
    info = "greeting-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as inside:
        inside.writestr("greeting.py", "def main():\n    print('hello')\n")
        inside.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        inside.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        inside.writestr(f"{info}/entry_points.txt", "[console_scripts]\ngreet = greeting:main\n")
        inside.writestr(f"{info}/RECORD", "")
    return file


def said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=CLEAN)
    assert done.returncode == 0, done.stderr
    return done.stdout


def errors(name: str, disk: Disk) -> list[str]:
    return [found.message for found in check(name, disk=disk) if found.level == "error"]


def test_sealed_filled_changed_saved_and_filled_elsewhere_it_is_one_environment(
    disk: Disk,
    small_env: Path,
    tmp_path: Path,
    roots: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a sealed environment that is filled here
    tree = clone(str(small_env), "mine", kernel=False, disk=disk).prefix
    before = holds(tree)
    seal("mine", disk=disk)
    slot = fill("mine", disk=disk)
    assert holds(slot.path).keys() == before.keys()

    # then it works, is healthy, and says nothing of where it was made
    assert json.loads(said(slot.path / "bin/python", "-c", ASK))[0] == str(slot.path)
    assert str(slot.path) in said(slot.path / "bin/pip", "--version")
    assert errors("mine", disk) == []
    assert leftovers(slot.path, [str(tree), PLACEHOLDER]) == []

    # when pip installs into it, and this is saved
    said(slot.path / "bin/pip", "install", "--no-index", "--no-deps", str(wheel(tmp_path)))
    version = save("mine", why="greeting", disk=disk)

    # then the version costs what was installed, and the copy is healthy still
    assert errors("mine", disk) == []
    assert ("greeting", "1.0") in [(p.name, p.version) for p in version.packages]
    assert version.stored < 50_000
    assert f"{SITE}/greeting.py" not in version.layers[0].prefix
    assert "bin/greet" in version.layers[1].prefix

    # and another container gets exactly this environment, at another path
    monkeypatch.setenv("MODELARTS_NB_RUN", str(roots[1]))
    elsewhere = replace(disk, home=tmp_path / "other-home")
    other = fill("mine", disk=elsewhere)
    assert other.path != slot.path
    assert said(other.path / "bin/greet") == "hello\n"
    assert leftovers(other.path, [str(tree), PLACEHOLDER, str(slot.path)]) == []
    assert differing(slot.path, other.path) == [f"{SITE}/greeting-1.0.dist-info/RECORD"]
    assert errors("mine", elsewhere) == []

    # and the version before is what it was
    first = fill("mine", number=1, disk=elsewhere)
    assert not (first.path / "bin/greet").exists()
    assert read_version(disk, "mine", 1).layers == version.layers[:1]
    shutil.rmtree(first.path)


def differing(one: Path, two: Path) -> list[str]:
    """Paths whose content is not the same, each at its own prefix."""
    here, there = holds(one, one), holds(two, two)
    return sorted(path for path in here.keys() | there.keys() if here.get(path) != there.get(path))
