"""Compiled Python of files that changed."""

from __future__ import annotations

import importlib.util
import marshal
import py_compile
from pathlib import Path

import pytest

from modelarts_nb.envs.bytecode import refresh

CACHE = Path(importlib.util.cache_from_source("m.py"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An environment whose ``m.py`` was compiled and then changed."""
    (tmp_path / "m.py").write_text("PREFIX = '/old'\n")
    py_compile.compile(str(tmp_path / "m.py"), str(tmp_path / CACHE))
    (tmp_path / "m.py").write_text("PREFIX = '/new'\n")
    return tmp_path


def _runs(compiled: Path) -> tuple[object, str]:
    code = marshal.loads(compiled.read_bytes()[16:])
    names: dict[str, object] = {}
    exec(code, names)
    return names["PREFIX"], code.co_filename


def test_what_our_own_python_compiled_needs_no_other(root: Path) -> None:
    made = refresh(root, Path("/final"), ["m.py"])
    assert made == [str(CACHE)]
    assert _runs(root / CACHE) == ("/new", "/final/m.py")


def _foreign(root: Path) -> None:
    data = (root / CACHE).read_bytes()
    (root / CACHE).write_bytes(b"\0\0\r\n" + data[4:])


def test_another_pythons_is_made_by_the_environment_it_was_copied_from(root: Path) -> None:
    _foreign(root)
    like = root / "like"
    (like / "bin").mkdir(parents=True)
    python = like / "bin/python"
    python.write_text(f"#!/bin/sh\nprintf made > '{root / CACHE}'\n")
    python.chmod(0o755)
    assert refresh(root, Path("/final"), ["m.py"], like=like) == [str(CACHE)]
    assert (root / CACHE).read_text() == "made"


def test_what_nothing_can_compile_is_removed(root: Path) -> None:
    _foreign(root)
    assert refresh(root, Path("/final"), ["m.py"]) == []
    assert not (root / CACHE).exists()


def test_a_source_that_no_longer_compiles_loses_its_compiled_file(root: Path) -> None:
    (root / "m.py").write_text("def (\n")
    assert refresh(root, Path("/final"), ["m.py"]) == []
    assert not (root / CACHE).exists()
