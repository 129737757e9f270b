"""What of a tree has other bytes in an image: also what was compiled from it, and further names."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.slots import PLACEHOLDER
from modelarts_nb.envs.sealed.versions import read_version
from tests.unit.envs.archive.conftest import MTIME
from tests.unit.envs.sealed.copies import ELSEWHERE, expanded

MakeEnv = Callable[..., Path]
SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(disk: Disk, run: Path, make_env: MakeEnv) -> Path:
    """An environment with a compiled module that names the prefix, and that has two names."""
    prefix = make_env()
    for name in ("here", "there"):
        module = prefix / SITE / f"{name}.py"
        if name == "here":
            module.write_text(f"HOME = {str(prefix)!r}\n")
            os.utime(module, (MTIME, MTIME))
        else:
            os.link(prefix / SITE / "here.py", module)
        py_compile.compile(str(module), doraise=True)
    return prefix


def compiled(root: Path, name: str) -> Path:
    return root / SITE / "__pycache__" / f"{name}.{sys.implementation.cache_tag}.pyc"


@pytest.mark.parametrize("name", ["here", "there"])
def test_a_compiled_file_is_made_anew_and_python_believes_it(
    disk: Disk, prefix: Path, tmp_path: Path, name: str
) -> None:
    seal("demo", disk=disk)

    version = read_version(disk, "demo")
    there = expanded(disk, version, tmp_path / "there")
    data = compiled(there, name).read_bytes()
    assert os.fsencode(prefix) not in data
    assert os.fsencode(ELSEWHERE) in data
    code = f"import {name}; print({name}.HOME, {name}.__cached__)"
    said = subprocess.run(
        [sys.executable, "-v", "-S", "-c", code],
        env={"PYTHONPATH": str(there / SITE)},
        capture_output=True,
        text=True,
    )
    assert said.stdout.split()[0] == str(ELSEWHERE)
    assert f"# {compiled(there, name)} matches" in said.stderr


def test_further_names_stay_names_of_one_file(disk: Disk, prefix: Path, tmp_path: Path) -> None:
    seal("demo", disk=disk)

    there = expanded(disk, read_version(disk, "demo"), tmp_path / "there")
    assert os.path.samefile(there / SITE / "here.py", there / SITE / "there.py")
    assert (there / SITE / "here.py").stat().st_mtime == MTIME


def test_what_cannot_be_compiled_anew_is_left_to_the_first_import(
    disk: Disk, prefix: Path, tmp_path: Path
) -> None:
    (prefix / SITE / "here.py").write_text(f"HOME = {str(prefix)!r}; no python\n")

    seal("demo", disk=disk)

    there = expanded(disk, read_version(disk, "demo"), tmp_path / "there")
    assert not compiled(there, "here").exists()
    assert (there / SITE / "here.py").read_text() == f"HOME = {str(ELSEWHERE)!r}; no python\n"


def test_links_to_files_outside_become_these_files_with_the_placeholder(
    disk: Disk, prefix: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text(f"#!{prefix}/bin/python\n")
    (prefix / "bin/linked").symlink_to(outside)

    seal("demo", disk=disk)

    there = expanded(disk, read_version(disk, "demo"), tmp_path / "there")
    assert (there / "bin/linked").read_text() == f"#!{ELSEWHERE}/bin/python\n"


def test_a_binary_without_room_stays_as_it_is_and_is_named(
    disk: Disk, run: Path, make_env: MakeEnv, tmp_path: Path
) -> None:
    disk = replace(disk, root=run.parent / "d")
    prefix = make_env(at=disk.envs / "x")
    assert len(str(prefix)) < len(PLACEHOLDER)
    (prefix / "lib/tight").write_bytes(b"\0" + os.fsencode(prefix) + b"\0tight")

    seal("x", disk=disk)

    version = read_version(disk, "x")
    assert version.unfit == ("lib/tight",)
    there = expanded(disk, version, tmp_path / "there")
    assert os.fsencode(prefix) in (there / "lib/tight").read_bytes()
