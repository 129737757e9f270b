"""A tree that changed after it was scanned is noticed; compiled files are no change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.scan import scan
from modelarts_nb.disk.steady import require_steady
from modelarts_nb.errors import Busy, DiskFailure


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two packages, one of them compiled."""
    folder = tmp_path / "env"
    for package in ("one", "two"):
        (folder / "lib" / package).mkdir(parents=True)
        (folder / "lib" / package / "__init__.py").write_text("A = 1\n")
    (folder / "lib/one/__pycache__").mkdir()
    (folder / "envs").mkdir()
    return folder


def _replace(root: Path) -> None:
    fresh = root / "lib/one/fresh"
    fresh.write_text("A = 2\n")
    os.replace(fresh, root / "lib/one/__init__.py")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a new file": (lambda root: (root / "lib/new.py").touch(), "lib/new.py"),
    "a new file at the top": (lambda root: (root / "new").touch(), "new"),
    "a new folder": (lambda root: (root / "lib/new").mkdir(), "lib/new"),
    "a file gone": (lambda root: (root / "lib/two/__init__.py").unlink(), "lib/two/__init__.py"),
    "a file replaced": (_replace, "lib/one/__init__.py"),
    "a folder gone": (lambda root: shutil.rmtree(root / "lib/two"), "lib/two"),
    "all gone": (shutil.rmtree, "env"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_named(root: Path, change: str) -> None:
    act, name = CHANGES[change]
    tree = scan(root)
    act(root)
    with pytest.raises(Busy, match=name) as busy:
        require_steady(tree)
    assert busy.value.hint


UNCHANGED: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "it is read": lambda root: (root / "lib/one/__init__.py").read_text(),
    "it is compiled": lambda root: (root / "lib/one/__pycache__/__init__.pyc").touch(),
    "it is compiled the first time": lambda root: (root / "lib/two/__pycache__").mkdir(),
    "it is being compiled": lambda root: (root / "lib/two/x.pyc.140213").touch(),
    "NFS keeps a deleted file": lambda root: (root / "lib/.nfs0001").touch(),
    "what was left out changes": lambda root: (root / "envs/new").touch(),
}


@pytest.mark.parametrize("change", UNCHANGED)
def test_what_is_no_change_is_let_pass(root: Path, change: str) -> None:
    tree = scan(root, skip={"envs"})
    UNCHANGED[change](root)
    require_steady(tree, skip={"envs"})


def test_a_folder_that_cannot_be_read_is_a_failure(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = scan(root)

    def fail(path: object) -> list[str]:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "listdir", fail)
    with pytest.raises(DiskFailure):
        require_steady(tree)
