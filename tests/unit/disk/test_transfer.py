"""Copying a tree."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk import filecopy
from modelarts_nb.disk.bytescopy import BytesCopy
from modelarts_nb.disk.scan import Entry, Tree, scan
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.errors import AccessDenied, Busy, Cancelled, DiskFailure, DiskFull
from modelarts_nb.progress import Silent

MTIME = 1_234_567_890_123_456_789


class _Counting(Silent):
    def __init__(self) -> None:
        self.total: tuple[str, int | None, int | None] = ("", None, None)
        self.files = self.bytes = 0

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self.total = (name, files, bytes)

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        self.files += files
        self.bytes += bytes


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Everything a tree can hold."""
    root = tmp_path / "source"
    (root / "bin").mkdir(parents=True)
    (root / "lib" / "empty").mkdir(parents=True)
    (root / "lib" / "中文").mkdir()
    (root / "bin" / "run").write_text("#!/bin/sh\n")
    (root / "bin" / "run").chmod(0o755)
    (root / "bin" / "again").hardlink_to(root / "bin" / "run")
    (root / "lib" / "secret").write_text("x")
    (root / "lib" / "secret").chmod(0o400)
    (root / "lib" / "none").touch()
    (root / "lib" / os.fsdecode(b"\xff\xfe")).write_text("bytes")
    (root / "lib" / ("x" * 255)).write_text("long")
    (root / "lib" / "中文" / "文件").write_text("中文")
    (root / "lib" / "shared").write_text("x")
    (root / "lib" / "shared").chmod(0o664)
    with open(root / "lib" / "holes", "wb") as file:
        file.truncate(8 << 20)
    (root / "link").symlink_to("bin/run")
    (root / "dangling").symlink_to("nowhere")
    (root / "absolute").symlink_to(root / "bin")
    for number in range(50):
        (root / "lib" / "中文" / str(number)).write_text(str(number) * 100)
    (root / "lib" / "empty").chmod(0o555)
    (root / "bin").chmod(0o2770)
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, ns=(MTIME, MTIME + len(path.name)), follow_symlinks=False)
    os.utime(root, ns=(MTIME, MTIME))
    return root


def _all(entry: Entry) -> bool:
    return True


def _seen(root: Path) -> dict[str, tuple[object, ...]]:
    """All that has to be kept."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in [root, *root.rglob("*")]:
        info = path.lstat()
        content: object = None
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        name = str(path.relative_to(root))
        seen[name] = (stat.S_IFMT(info.st_mode), info.st_mode, info.st_mtime_ns, content)
    return seen


@pytest.mark.parametrize("threads", [1, 32])
def test_everything_is_kept(source: Path, tmp_path: Path, threads: int) -> None:
    copy_tree(scan(source), tmp_path / "copy", threads=threads)
    assert _seen(tmp_path / "copy") == _seen(source)


def test_modes_do_not_depend_on_the_umask(source: Path, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        copy_tree(scan(source), tmp_path / "copy")
    finally:
        os.umask(old)
    assert _seen(tmp_path / "copy") == _seen(source)


def test_the_source_stays_as_it_was(source: Path, tmp_path: Path) -> None:
    before = _seen(source)
    copy_tree(scan(source), tmp_path / "copy", content=lambda entry, fd: b"new")
    assert _seen(source) == before


def test_hard_links_inside_are_kept_and_none_to_the_source(source: Path, tmp_path: Path) -> None:
    copy_tree(scan(source), tmp_path / "copy")
    run, again = (tmp_path / "copy" / "bin" / name for name in ("run", "again"))
    assert run.samefile(again)
    assert run.stat().st_nlink == 2
    assert not run.samefile(source / "bin" / "run")


def test_hard_links_become_copies_where_there_are_none(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    copy_tree(scan(source), tmp_path / "copy", link=_all)
    assert _seen(tmp_path / "copy") == _seen(source)


def test_linking_to_the_source_when_asked(source: Path, tmp_path: Path) -> None:
    copy_tree(scan(source), tmp_path / "copy", link=_all)
    assert (tmp_path / "copy" / "lib" / "secret").samefile(source / "lib" / "secret")
    assert _seen(tmp_path / "copy") == _seen(source)


def test_what_is_rewritten_is_never_linked(source: Path, tmp_path: Path) -> None:
    def content(entry: Entry, fd: int) -> bytes | None:
        return b"new" if entry.path == "lib/secret" else None

    copy_tree(scan(source), tmp_path / "copy", link=_all, content=content)
    assert (source / "lib" / "secret").read_text() == "x"
    assert (tmp_path / "copy" / "lib" / "secret").read_text() == "new"


def test_holes_stay_holes(source: Path, tmp_path: Path) -> None:
    copy_tree(scan(source), tmp_path / "copy")
    assert (tmp_path / "copy" / "lib" / "holes").stat().st_blocks < 100


def test_content_is_replaced_and_the_rest_kept(source: Path, tmp_path: Path) -> None:
    # Given a rewrite that reads the source
    def content(entry: Entry, fd: int) -> bytes | None:
        return (
            os.read(fd, 100).replace(b"/bin/sh", b"/bin/bash") if entry.path[:3] == "bin" else None
        )

    copy_tree(scan(source), tmp_path / "copy", content=content)
    # Then the content is new, mode and time are the old ones
    new, old = tmp_path / "copy" / "bin" / "run", source / "bin" / "run"
    assert new.read_text() == "#!/bin/bash\n"
    assert (new.stat().st_mode, new.stat().st_mtime_ns) == (
        old.stat().st_mode,
        old.stat().st_mtime_ns,
    )


def test_content_that_only_reads_does_not_disturb(source: Path, tmp_path: Path) -> None:
    def content(entry: Entry, fd: int) -> None:
        os.read(fd, 3)

    copy_tree(scan(source), tmp_path / "copy", content=content)
    assert _seen(tmp_path / "copy") == _seen(source)


def test_content_is_asked_once_for_hard_links(source: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def content(entry: Entry, fd: int) -> None:
        asked.append(entry.path)

    copy_tree(scan(source), tmp_path / "copy", content=content)
    assert len([path for path in asked if path.startswith("bin/")]) == 1


def test_links_can_be_pointed_elsewhere(source: Path, tmp_path: Path) -> None:
    def retarget(entry: Entry) -> str | None:
        return (entry.target or "").replace(str(source), "/new") if entry.target else None

    copy_tree(scan(source), tmp_path / "copy", retarget=retarget)
    assert os.readlink(tmp_path / "copy" / "absolute") == "/new/bin"
    assert os.readlink(tmp_path / "copy" / "link") == "bin/run"


def test_only_what_is_selected(source: Path, tmp_path: Path) -> None:
    copy_tree(scan(source), tmp_path / "copy", select=lambda entry: entry.path == "lib/中文/7")
    found = sorted(str(p.relative_to(tmp_path / "copy")) for p in (tmp_path / "copy").rglob("*"))
    assert found == ["lib", "lib/中文", "lib/中文/7"]


def test_a_tree_without_its_folders_still_gets_them(source: Path, tmp_path: Path) -> None:
    files = [entry for entry in scan(source).entries if entry.kind == "file"]
    copy_tree(Tree(source, files), tmp_path / "copy")
    assert _seen(tmp_path / "copy")["lib/中文"] == _seen(source)["lib/中文"]


def test_totals_and_progress_agree(source: Path, tmp_path: Path) -> None:
    tree, progress = scan(source), _Counting()
    copy_tree(tree, tmp_path / "copy", progress=progress, content=lambda entry, fd: None)
    assert progress.total == ("copying", tree.files, tree.bytes)
    assert (progress.files, progress.bytes) == (tree.files, tree.bytes)


def test_existing_files_are_never_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy" / "lib").mkdir(parents=True)
    (tmp_path / "copy" / "lib" / "shared").write_text("mine")
    with pytest.raises(DiskFailure):
        copy_tree(scan(source), tmp_path / "copy")
    assert (tmp_path / "copy" / "lib" / "shared").read_text() == "mine"


def test_it_writes_through_no_link_in_the_target(tmp_path: Path) -> None:
    # Given a tree with a file, and a target in which a link lies in its place
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "f").write_text("new")
    (tmp_path / "copy").mkdir()
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "copy" / "f").symlink_to(tmp_path / "victim")
    with pytest.raises(DiskFailure):
        copy_tree(scan(tmp_path / "s"), tmp_path / "copy")
    assert (tmp_path / "victim").read_text() == "precious"


def _changing(source: Path, name: str, times: int) -> Callable[[Entry, int], None]:
    """A content callback during which somebody writes to the file."""
    left = [times]

    def content(entry: Entry, fd: int) -> None:
        if entry.path == name and left[0]:
            left[0] -= 1
            with open(source / name, "a") as file:
                file.write("more")

    return content


def test_a_file_that_changed_once_is_copied_again(source: Path, tmp_path: Path) -> None:
    content = _changing(source, "lib/shared", 1)
    copy_tree(scan(source), tmp_path / "copy", content=content)
    assert (tmp_path / "copy" / "lib" / "shared").read_text() == "xmore"
    assert _seen(tmp_path / "copy")["lib/shared"] == _seen(source)["lib/shared"]


def test_a_file_that_keeps_changing_is_busy(source: Path, tmp_path: Path) -> None:
    content = _changing(source, "lib/shared", 9)
    with pytest.raises(Busy, match="lib/shared was changed while it was copied"):
        copy_tree(scan(source), tmp_path / "copy", content=content)


@pytest.mark.parametrize("became", ["nothing", "folder", "link"])
def test_a_file_that_became_something_else_is_busy(
    source: Path, tmp_path: Path, became: str
) -> None:
    tree = scan(source)
    path = source / "lib" / "shared"
    path.unlink()
    if became == "folder":
        path.mkdir()
    if became == "link":
        path.symlink_to("/etc/hostname")
    with pytest.raises(Busy):
        copy_tree(tree, tmp_path / "copy")
    assert not (tmp_path / "copy" / "lib" / "shared").exists()


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EIO, DiskFailure),
        (errno.EACCES, AccessDenied),
    ],
)
def test_errors_of_close_are_seen(
    source: Path,
    tmp_path: Path,
    number: int,
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a disk that reports a failed write at close, as NFS does
    close = os.close

    def fail(fd: int) -> None:
        name = os.readlink(f"/proc/self/fd/{fd}")
        close(fd)
        if name == str(tmp_path / "copy" / "lib" / "shared"):
            raise OSError(number, "late")

    monkeypatch.setattr(filecopy.os, "close", fail)
    with pytest.raises(error, match="copying lib/shared"):
        copy_tree(scan(source), tmp_path / "copy")


def test_an_error_of_the_rewrite_is_passed_on(source: Path, tmp_path: Path) -> None:
    def content(entry: Entry, fd: int) -> None:
        raise Busy("no")

    with pytest.raises(Busy, match="no"):
        copy_tree(scan(source), tmp_path / "copy", content=content)


def test_cancel_stops_in_the_middle(source: Path, tmp_path: Path) -> None:
    class Cancel(_Counting):
        def check(self) -> None:
            if self.files:
                raise Cancelled

    def slowly(entry: Entry, fd: int) -> None:
        import time

        time.sleep(0.02)

    progress = Cancel()
    tree = scan(source)
    with pytest.raises(Cancelled):
        copy_tree(tree, tmp_path / "copy", progress=progress, threads=1, content=slowly)
    assert progress.files < tree.files


def test_descriptors_are_closed_after_an_error(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(errno.EIO, "failed")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(BytesCopy, "copy", fail)
    with pytest.raises(DiskFailure):
        copy_tree(scan(source), tmp_path / "copy")
    assert len(os.listdir("/proc/self/fd")) == before


def test_times_that_nobody_asks_for_are_not_kept(source: Path, tmp_path: Path) -> None:
    copy_tree(scan(source), tmp_path / "copy", times=lambda entry: "secret" not in entry.path)
    assert (tmp_path / "copy/lib/secret").stat().st_mtime_ns != MTIME + len("secret")
    assert (tmp_path / "copy/lib/none").stat().st_mtime_ns == MTIME + len("none")


def test_folders_without_times_still_get_their_modes(source: Path, tmp_path: Path) -> None:
    copy_tree(scan(source), tmp_path / "copy", times=lambda entry: False)
    assert stat.S_IMODE((tmp_path / "copy/lib/empty").stat().st_mode) == 0o555
    assert stat.S_IMODE((tmp_path / "copy/bin").stat().st_mode) == 0o2770
