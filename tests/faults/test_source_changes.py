"""What is cloned or packed changes meanwhile: noticed, said, and nothing half lands."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.removal import remove
from modelarts_nb.errors import Busy
from modelarts_nb.progress import Silent
from tests.faults.world import make_source

Do = Callable[[Disk, "At"], object]
SITE = "lib/python3.11/site-packages"
# At which report it acts: copying reports file by file, packing share by share.
AFTER = {"copying": 30, "scanning": 30, "packing": 1}


class At(Silent):
    """Acts once, in the middle of a phase; whoever works waits for it."""

    def __init__(self, phase: str, act: Callable[[], object]) -> None:
        self._wanted, self._act = phase, act
        self._now, self._seen, self.done = "", 0, False

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self._now = name

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        self._seen += self._now == self._wanted
        if self._seen == AFTER[self._wanted] and not self.done:
            self.done = True
            self._act()


DEEDS: dict[str, tuple[str, Do]] = {
    "clone": ("copying", lambda disk, at: clone("mine", "new", disk=disk, progress=at)),
    "pack": ("packing", lambda disk, at: pack("mine", disk=disk, progress=at)),
}


@pytest.fixture
def mine(disk: Disk) -> Path:
    make_source(disk.envs / "mine")
    return disk.envs / "mine"


def _upgrade(prefix: Path) -> None:
    """As pip does: the old package away, the new one in."""
    for file in (prefix / SITE / "demo/0").iterdir():
        file.unlink()
    (prefix / SITE / "demo/0/fresh.py").write_text("B = 2\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a package is added": lambda prefix: (prefix / SITE / "added").mkdir(),
    "a package is upgraded": _upgrade,
    "a record is added": lambda prefix: (prefix / "conda-meta/x-1-0.json").write_text("{}"),
    "it is moved away": lambda prefix: prefix.rename(prefix.parents[1] / "away"),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_meanwhile_is_noticed(disk: Disk, mine: Path, deed: str, change: str) -> None:
    phase, act = DEEDS[deed]
    at = At(phase, lambda: CHANGES[change](mine))
    with pytest.raises(Busy) as busy:
        act(disk, at)
    assert at.done
    assert busy.value.hint
    assert not (disk.envs / "new").exists()
    assert not any(disk.archives.iterdir() if disk.archives.exists() else ())
    assert not any(disk.staging.iterdir() if disk.staging.exists() else ())


@pytest.mark.parametrize("deed", DEEDS)
def test_a_kernel_that_compiles_meanwhile_does_not_disturb(
    disk: Disk, mine: Path, deed: str
) -> None:
    def compile_it() -> None:
        (mine / SITE / "demo/1/__pycache__").mkdir()
        (mine / SITE / "demo/1/__pycache__/0.cpython-311.pyc").write_bytes(b"x")

    phase, act = DEEDS[deed]
    at = At(phase, compile_it)
    act(disk, at)
    assert at.done


def test_a_clone_of_what_is_removed_meanwhile_is_refused(disk: Disk, mine: Path) -> None:
    at = At("copying", lambda: remove("mine", disk=disk))
    with pytest.raises(Busy):
        clone("mine", "new", disk=disk, progress=at)
    assert os.listdir(disk.envs) == []


@pytest.mark.parametrize("phase", ["scanning", "packing"])
def test_pip_installs_while_it_is_packed(
    disk: Disk, small_env: Path, tmp_path: Path, phase: str
) -> None:
    # Given an environment in which pip has installed something
    clone(str(small_env), "mine", kernel=False, disk=disk)
    _pip(disk.envs / "mine", _wheel(tmp_path, "1.0"))
    # When pip installs another version of it while it is packed
    at = At(phase, lambda: _pip(disk.envs / "mine", _wheel(tmp_path, "2.0")))
    try:
        archive = pack("mine", output=str(tmp_path / "x.tar"), disk=disk, progress=at)
    except Busy:
        archive = None
    assert at.done
    # Then it is refused, or what is in the archive is one version as a whole
    listed = ""
    if archive:
        command = ["tar", "-tf", str(archive.path)]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    old, new = (
        "pipthing-1.0.dist-info/RECORD" in listed,
        "pipthing-2.0.dist-info/RECORD" in listed,
    )
    assert (old, new) in ([(False, False)] if not archive else [(True, False), (False, True)])
    # And once pip is through it is packed
    pack("mine", output=str(tmp_path / "y.tar"), disk=disk)


def _pip(prefix: Path, wheel: Path) -> None:
    python = str(prefix / "bin/python")
    command = [python, "-m", "pip", "install", "-q", "--no-index", str(wheel)]
    subprocess.run(command, check=True, env={"PATH": "/usr/bin:/bin"}, capture_output=True)


def _wheel(folder: Path, version: str) -> Path:
    path = folder / f"pipthing-{version}-py3-none-any.whl"
    info = f"pipthing-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("pipthing.py", f"version = {version!r}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: pipthing\nVersion: {version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"pipthing.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n")
    return path
