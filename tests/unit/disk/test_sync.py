"""Making written data durable."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from modelarts_nb.disk import sync
from modelarts_nb.disk.sync import sync_folder, sync_tree
from modelarts_nb.errors import DiskFailure, DiskFull


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "t" / "sub").mkdir(parents=True)
    (tmp_path / "t" / "sub" / "a").write_text("a")
    (tmp_path / "t" / "dangling").symlink_to("nowhere")
    return tmp_path / "t"


class _FailingLibc:
    """A C library whose syncfs fails; the rest of the error path is real."""

    def __init__(self, number: int) -> None:
        self._number = number

    def syncfs(self, fd: int) -> int:
        import ctypes

        ctypes.set_errno(self._number)
        return -1


def test_a_tree_is_synced(tree: Path) -> None:
    sync_tree(tree)


def test_a_missing_tree_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DiskFailure):
        sync_tree(tmp_path / "no")


@pytest.mark.parametrize(("number", "error"), [(errno.EIO, DiskFailure), (errno.EDQUOT, DiskFull)])
def test_a_late_write_error_is_seen(
    tree: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    monkeypatch.setattr(sync, "_LIBC", _FailingLibc(number))
    with pytest.raises(error):
        sync_tree(tree)


@pytest.mark.parametrize("libc", [object(), _FailingLibc(errno.ENOSYS)])
def test_without_syncfs_every_file_and_folder_is_synced(
    tree: Path, monkeypatch: pytest.MonkeyPatch, libc: object
) -> None:
    synced = set()
    fsync = os.fsync

    def note(fd: int) -> None:
        synced.add(os.readlink(f"/proc/self/fd/{fd}"))
        fsync(fd)

    monkeypatch.setattr(sync, "_LIBC", libc)
    monkeypatch.setattr(os, "fsync", note)
    sync_tree(tree)
    assert synced == {str(tree), str(tree / "sub"), str(tree / "sub" / "a")}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_disk_that_cannot_sync_folders_is_fine(
    tree: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(fd: int) -> None:
        raise OSError(number, "cannot")

    monkeypatch.setattr(os, "fsync", refuse)
    sync_folder(tree)


def test_a_folder_that_fails_to_sync_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "failed")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="failed"):
        sync_folder(tree)
