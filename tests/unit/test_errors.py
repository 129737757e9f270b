"""Errors of the operating system, in words that help."""

from __future__ import annotations

import errno
from pathlib import Path

from modelarts_nb.errors import AccessDenied, from_os_error


def denied(path: Path) -> AccessDenied:
    error = from_os_error(PermissionError(errno.EACCES, "denied", str(path)), "trying")
    assert isinstance(error, AccessDenied)
    return error


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    assert denied(file).hint == f"Check who may read and write {file}."


def test_of_a_file_that_could_not_be_made_the_folder_is_named(tmp_path: Path) -> None:
    assert denied(tmp_path / "gone" / ".x.new").hint == f"Check who may read and write {tmp_path}."
