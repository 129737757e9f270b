"""Walking a folder tree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modelarts_nb.disk.walk import walk


def test_every_folder_with_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    assert list(walk(tmp_path)) == [
        (str(tmp_path), ["d"], []),
        (str(tmp_path / "d"), [], ["f"]),
    ]


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    found = walk(tmp_path)
    next(found)
    shutil.rmtree(tmp_path / "d")
    with pytest.raises(FileNotFoundError):
        next(found)
