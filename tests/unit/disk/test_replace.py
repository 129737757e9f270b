"""Replacing one small file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelarts_nb.disk.replace import replace_file, write_new
from modelarts_nb.errors import AccessDenied, DiskFailure


def test_a_new_file(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", b"new", mode=0o600)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_the_mode_is_not_narrowed_by_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        replace_file(tmp_path / "a", b"", mode=0o755)
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755


def test_the_old_content_goes_in_one_step(tmp_path: Path) -> None:
    # Given somebody who has the old file open
    (tmp_path / "a").write_bytes(b"old content")
    with open(tmp_path / "a", "rb") as reader:
        # When it is replaced
        replace_file(tmp_path / "a", b"new")
        # Then the reader still reads the old one, whole
        assert reader.read() == b"old content"
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "a").symlink_to("theirs")
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "a").is_symlink()


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", b"new")
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(DiskFailure):
        replace_file(tmp_path / "a", b"new")
    assert os.listdir(tmp_path) == ["a"]


def test_a_missing_folder_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DiskFailure):
        replace_file(tmp_path / "no" / "a", b"")


def test_a_forbidden_folder_is_a_typed_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> int:
        raise PermissionError(13, "no", str(tmp_path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(AccessDenied):
        replace_file(tmp_path / "a", b"")


def test_write_new_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"new", 0o644)
    assert (tmp_path / "a").read_bytes() == b"old"
