"""Deleting trees."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.errors import AccessDenied, Cancelled, DiskFailure
from modelarts_nb.progress import Silent


class _Log(Silent):
    def __init__(self) -> None:
        self.files = 0
        self.lines: list[str] = []

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        self.files += files

    def log(self, message: str) -> None:
        self.lines.append(message)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for folder in ("", "a", "a/b", "a/b/c", "empty"):
        (root / folder).mkdir(exist_ok=True, parents=True)
    for number in range(100):
        (root / "a" / "b" / str(number)).write_text("x")
    (root / "a" / "b" / "c" / os.fsdecode(b"\xff\xfe")).write_text("x")
    return root


def test_everything_goes(tree: Path) -> None:
    progress = _Log()
    remove_tree(tree, progress)
    assert not tree.exists()
    assert progress.files == 101


def test_what_is_not_there_is_fine(tmp_path: Path) -> None:
    remove_tree(tmp_path / "no")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_single_file_or_link(tmp_path: Path, kind: str) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("x") if kind == "file" else victim.symlink_to(keep)
    remove_tree(victim)
    assert os.listdir(tmp_path) == ["keep"]


def test_links_are_not_followed(tree: Path, tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "precious").write_text("x")
    (tree / "a" / "out").symlink_to(keep)
    remove_tree(tree)
    assert (keep / "precious").exists()


def test_two_may_remove_the_same(tree: Path) -> None:
    errors: list[BaseException] = []

    def remove() -> None:
        try:
            remove_tree(tree)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=remove) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert not tree.exists()


def test_read_only_folders_are_opened(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a folder that forbids deleting (root may do anything, so the refusal is played)
    (tree / "a" / "b").chmod(0o555)
    unlink = os.unlink

    def refuse(path: str) -> None:
        if not os.stat(os.path.dirname(path)).st_mode & 0o200:
            raise PermissionError(errno.EACCES, "no", path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", refuse)
    # When the tree is removed, then it is gone
    remove_tree(tree)
    assert not tree.exists()


def test_a_refusal_that_stays_is_a_typed_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(errno.EPERM, "immutable", path)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(AccessDenied):
        remove_tree(tree)


def test_files_that_nfs_keeps_are_left_and_logged(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a file that is open somewhere, as an NFS client shows it
    silly = tree / "a" / ".nfs000000000000000100000001"
    silly.write_text("x")
    unlink = os.unlink

    def busy(path: str) -> None:
        if os.path.basename(path).startswith(".nfs"):
            raise OSError(errno.EBUSY, "busy", path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", busy)
    progress = _Log()
    # When the tree is removed
    remove_tree(tree, progress)
    # Then only that file and its folders are left, and the log says so
    assert [path for path in tree.rglob("*") if path.is_file()] == [silly]
    assert not (tree / "empty").exists()
    assert len(progress.lines) == 1


def test_what_appears_meanwhile_goes_too(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rmdir = os.rmdir
    late = tree / "empty" / "late"

    def refill(path: str) -> None:
        if path == str(late.parent):
            monkeypatch.setattr(os, "rmdir", rmdir)
            late.write_text("x")
        rmdir(path)

    monkeypatch.setattr(os, "rmdir", refill)
    remove_tree(tree)
    assert not tree.exists()


@pytest.mark.parametrize("call", ["rmdir", "scandir"])
def test_an_error_of_the_disk_is_typed(
    tree: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> None:
        raise OSError(errno.EIO, "failed", path)

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(DiskFailure):
        remove_tree(tree)


def test_cancel(tree: Path) -> None:
    class Cancel(Silent):
        def check(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        remove_tree(tree, Cancel())
