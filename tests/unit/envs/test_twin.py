"""A twin shares files with its original and cannot change it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from modelarts_nb.disk.scan import scan
from modelarts_nb.envs.twin import changed, make_twin


@pytest.fixture
def source(tmp_path: Path, home: Path) -> Path:
    root = tmp_path / "env"
    for name, text in (
        ("conda-meta/history", "h"),
        ("lib/module.py", "code"),
        ("lib/site-packages/x.pth", "path"),
        ("lib/site-packages/x-1.dist-info/RECORD", "record"),
        ("bin/python3.11", "elf"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "bin/python").symlink_to("python3.11")
    return root


def test_given_an_environment_then_its_twin_has_the_same_content(
    source: Path, tmp_path: Path
) -> None:
    make_twin(source, tmp_path / "twin")
    texts = {
        str(path.relative_to(tmp_path / "twin")): path.read_text()
        for path in (tmp_path / "twin").rglob("*")
        if path.is_file()
    }
    assert texts == {
        str(path.relative_to(source)): path.read_text()
        for path in source.rglob("*")
        if path.is_file()
    }
    assert (tmp_path / "twin/bin/python").is_symlink()


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        ("lib/module.py", True),
        ("bin/python3.11", True),
        ("conda-meta/history", False),
        ("lib/site-packages/x.pth", False),
        ("lib/site-packages/x-1.dist-info/RECORD", False),
    ],
)
def test_what_tools_write_into_is_copied_and_the_rest_is_linked(
    source: Path, tmp_path: Path, path: str, shared: bool
) -> None:
    make_twin(source, tmp_path / "twin")
    assert (source / path).samefile(tmp_path / "twin" / path) is shared


def test_given_changes_then_only_new_files_are_told(source: Path, tmp_path: Path) -> None:
    before = make_twin(source, tmp_path / "twin")
    (tmp_path / "twin/lib/new.py").write_text("new")
    told = {entry.path for entry in changed(before, scan(tmp_path / "twin"))}
    copied = {
        "conda-meta/history",
        "lib/site-packages/x.pth",
        "lib/site-packages/x-1.dist-info/RECORD",
    }
    assert told == {"lib/new.py"} | copied


def test_given_a_disk_without_hard_links_then_files_are_copied(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*parts: object, **options: object) -> None:
        raise OSError(errno.EPERM, "no hard links")

    monkeypatch.setattr(os, "link", refuse)
    make_twin(source, tmp_path / "twin")
    assert (tmp_path / "twin/lib/module.py").read_text() == "code"
    assert not (source / "lib/module.py").samefile(tmp_path / "twin/lib/module.py")
