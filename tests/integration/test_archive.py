"""Archives with real environments, the real conda-pack and the real tar."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import sweep
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.preflight import preflight
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.errors import DiskFull

ASK = (
    "import sys, json; print(json.dumps([sys.prefix, sys.executable, __import__('pip').__file__]))"
)


def conda_pack(prefix: Path, output: Path, *options: str) -> None:
    command = [sys.executable, "-m", "conda_pack.cli", "-p", prefix, "-o", output, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def works(prefix: Path) -> None:
    """Its Python, and a script of its own, run what is in it."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    said = subprocess.run(
        [prefix / "bin/python", "-c", ASK], capture_output=True, text=True, env=clean, check=True
    )
    assert all(path.startswith(str(prefix) + "/") for path in json.loads(said.stdout)[1:])
    assert json.loads(said.stdout)[0] == str(prefix)
    script = subprocess.run(
        [prefix / "bin/pip", "--version"], capture_output=True, text=True, env=clean
    )
    assert str(prefix) in script.stdout, script.stderr


def test_plain_tar_and_conda_unpack_make_ours_work(
    disk: Disk, small_env: Path, tmp_path: Path
) -> None:
    clone(str(small_env), "mine", kernel=False, disk=disk)
    archive = pack("mine", output=str(tmp_path / "x.tar.zst"), disk=disk)
    shutil.rmtree(disk.envs / "mine")
    there = tmp_path / "there"
    there.mkdir()
    subprocess.run(["tar", "-xf", archive.path, "-C", there], check=True)

    subprocess.run([there / "bin/python", there / "bin/conda-unpack"], check=True)

    works(there)
    assert leftovers(there, [str(disk.envs / "mine")]) == []
    # Unpacked this way it can be packed by ours again, and once more unpacked.
    again = pack(str(there), disk=disk)
    made = unpack(str(again.path), "again", kernel=False, disk=disk)
    works(made.prefix)
    assert leftovers(made.prefix, [str(there)]) == []


def test_activated_without_conda_it_is_first_on_the_path(
    disk: Disk, small_env: Path, tmp_path: Path
) -> None:
    archive = pack(str(small_env), output=str(tmp_path / "x.tar"), disk=disk)
    there = tmp_path / "there"
    there.mkdir()
    subprocess.run(["tar", "-xf", archive.path, "-C", there], check=True)
    line = f". {there}/bin/activate && conda-unpack && command -v pip && pip --version"
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"{there}/bin/pip\n")


@pytest.mark.parametrize("suffix", ["tar.gz", "tar.zst", "squashfs"])
def test_what_conda_pack_made_unpacks_with_ours(
    disk: Disk, small_env: Path, tmp_path: Path, suffix: str
) -> None:
    clone(str(small_env), "mine", kernel=False, disk=disk)
    source = disk.envs / "mine"
    conda_pack(source, tmp_path / f"x.{suffix}", "--ignore-missing-files")
    shutil.rmtree(source)

    made = unpack(str(tmp_path / f"x.{suffix}"), "other", kernel=False, disk=disk)

    works(made.prefix)
    assert leftovers(made.prefix, [str(source)]) == []
    assert not (made.prefix / "bin/conda-unpack").exists()


def test_what_ours_unpacked_conda_pack_packs(disk: Disk, small_env: Path, tmp_path: Path) -> None:
    made = unpack(str(pack(str(small_env), disk=disk).path), "mine", kernel=False, disk=disk)
    conda_pack(made.prefix, tmp_path / "x.tar.gz")
    works(unpack(str(tmp_path / "x.tar.gz"), "other", kernel=False, disk=disk).prefix)


@pytest.mark.parametrize("format", ["tar.zst", "squashfs"])
def test_every_trap_survives_the_journey(disk: Disk, trapped_env: Path, format: str) -> None:
    archive = pack(str(trapped_env), format=format, disk=disk)
    made = unpack(str(archive.path), "mine", kernel=False, disk=disk)

    works(made.prefix)
    assert leftovers(made.prefix, [str(trapped_env)]) == []
    said = subprocess.run([made.prefix / "bin/trap-binary"], capture_output=True, text=True)
    assert said.stdout.splitlines()[0] == str(made.prefix)


def test_a_whole_image_survives_the_journey(disk: Disk, image_env: Path) -> None:
    archive = pack(str(image_env), disk=disk)
    made = unpack(str(archive.path), "mine", disk=disk)

    works(made.prefix)
    assert made.kernel == "ready"
    assert leftovers(made.prefix, [str(image_env)]) == []
    code = "import numpy; print(numpy.arange(3).sum())"
    said = subprocess.run(
        [made.prefix / "bin/python", "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert said.stdout == "3\n", said.stderr
    # Compiled files stay valid: none is written anew when a module is imported.
    compiled = made.prefix / "lib/python3.11/site-packages/pip/__pycache__"
    before = {p.name: p.stat().st_mtime_ns for p in compiled.glob("__init__.*")}
    subprocess.run([made.prefix / "bin/python", "-c", "import pip"], check=True)
    assert before == {p.name: p.stat().st_mtime_ns for p in compiled.glob("__init__.*")}


def test_python_37_unpacks_itself(disk: Disk, image_env_37: Path, tmp_path: Path) -> None:
    archive = pack(str(image_env_37), output=str(tmp_path / "x.tar"), disk=disk)
    there = tmp_path / "there"
    there.mkdir()
    subprocess.run(["tar", "-xf", archive.path, "-C", there], check=True)
    command = [there / "bin/python", "-W", "error", there / "bin/conda-unpack"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    works(there)


def test_an_image_passes_its_preflight(disk: Disk, image_env: Path) -> None:
    found = preflight(str(image_env), disk=disk)
    assert found.ready, found.findings


@pytest.fixture
def small_mount(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs privileges that this machine does not give")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_is_said_so_and_left_as_it_was(
    disk: Disk, small_env: Path, small_mount: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the space had vanished only after it was looked at.
    for module in ("pack", "unpack"):
        named = importlib.import_module(f"modelarts_nb.envs.archive.{module}")
        monkeypatch.setattr(named, "require_space", lambda *_, **__: None)
    for format in ("tar.zst", "squashfs"):
        with pytest.raises(DiskFull):
            pack(str(small_env), output=str(small_mount / f"x.{format}"), disk=disk)
        assert os.listdir(small_mount) == []
    archive = pack(str(small_env), disk=disk)
    with pytest.raises(DiskFull):
        unpack(str(archive.path), prefix=str(small_mount / "env"), kernel=False, disk=disk)
    assert os.listdir(small_mount) == []


def test_killed_while_unpacking_nothing_is_visible_and_a_sweep_removes_the_rest(
    disk: Disk, small_env: Path
) -> None:
    archive = pack(str(small_env), disk=disk)
    code = (
        "import sys; from pathlib import Path\n"
        "from modelarts_nb.disk.persistent import Disk\n"
        "from modelarts_nb.envs.archive.unpack import unpack\n"
        "unpack(sys.argv[1], 'mine', disk=Disk(Path(sys.argv[2]), 'me', Path(sys.argv[3])))\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code, archive.path, disk.root, disk.home], start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not list(disk.staging.glob("*/content/lib")) and time.monotonic() < deadline:
        time.sleep(0.01)
    program.send_signal(signal.SIGKILL)
    assert program.wait() == -9
    assert not disk.envs.exists() or os.listdir(disk.envs) == []
    sweep(disk)
    assert os.listdir(disk.staging) == []
    works(unpack(str(archive.path), "mine", kernel=False, disk=disk).prefix)
