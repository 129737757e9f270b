"""Reading a tree."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from modelarts_nb.disk.scan import Entry, scan
from modelarts_nb.errors import AccessDenied, Cancelled, NotFound
from modelarts_nb.progress import Silent


class _Log(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


def test_every_kind_with_what_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o750)
    (tmp_path / "d" / "f").write_text("12345")
    os.chmod(tmp_path / "d" / "f", 0o640)
    os.utime(tmp_path / "d" / "f", ns=(1, 1_234_567_890_123_456_789))
    (tmp_path / "l").symlink_to("d/f")
    folder, file, link = scan(tmp_path).entries
    assert (folder.path, folder.kind, folder.mode, folder.size) == ("d", "dir", 0o750, 0)
    assert (file.path, file.kind, file.mode, file.size) == ("d/f", "file", 0o640, 5)
    assert (file.mtime_ns, file.nlink) == (1_234_567_890_123_456_789, 1)
    assert (link.path, link.kind, link.target, file.target) == ("l", "link", "d/f", None)


def test_counts(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("12345")
    (tmp_path / "g").hardlink_to(tmp_path / "d" / "f")
    (tmp_path / "l").symlink_to("d")
    tree = scan(tmp_path)
    assert (tree.files, tree.dirs, tree.bytes) == (3, 1, 5)


def test_an_empty_tree(tmp_path: Path) -> None:
    assert scan(tmp_path).entries == []


def test_parents_come_before_what_is_in_them(tmp_path: Path) -> None:
    for path in ("a", "a/b", "a/b/c", "a-b", "a.b"):
        (tmp_path / path).mkdir()
    seen: set[str] = {""}
    for entry in scan(tmp_path).entries:
        assert entry.path.rpartition("/")[0] in seen
        seen.add(entry.path)
    assert len(seen) == 6


def test_a_big_folder_is_read_whole(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / str(number)).touch()
    assert scan(tmp_path, threads=3).files == 1000


@pytest.mark.parametrize(
    "name", ["中文.py", os.fsdecode(b"\xff\xfe"), "x" * 255, "a\nb", " ", "-rf", "\\"]
)
def test_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert [entry.path for entry in scan(tmp_path).entries] == [name]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert [entry.kind for entry in scan(tmp_path).entries] == ["link", "link"]


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f").touch()
    (tmp_path / "link").symlink_to("real")
    assert scan(tmp_path / "link").files == 1


def test_pipes_and_sockets_are_left_out_and_logged(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
        log = _Log()
        assert scan(tmp_path, progress=log).entries == []
    assert len(log.lines) == 2


def test_files_that_nfs_keeps_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".nfs000000000000000100000001").touch()
    (tmp_path / ".nfs").touch()
    assert [entry.path for entry in scan(tmp_path).entries] == [".nfs"]


def test_what_vanishes_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    lstat = os.lstat

    def vanish(path: str) -> os.stat_result:
        if path.endswith("a"):
            os.unlink(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", vanish)
    log = _Log()
    assert [entry.path for entry in scan(tmp_path, progress=log).entries] == ["b"]
    assert len(log.lines) == 1


@pytest.mark.parametrize("kind", ["nothing", "file"])
def test_what_is_no_folder_is_not_found(tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (tmp_path / "x").touch()
    with pytest.raises(NotFound):
        scan(tmp_path / "x")


def test_what_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> os.stat_result:
        raise PermissionError(13, "no", path)

    (tmp_path / "a").touch()
    monkeypatch.setattr(os, "lstat", refuse)
    with pytest.raises(AccessDenied, match="reading a"):
        scan(tmp_path)


def test_cancel(tmp_path: Path) -> None:
    class Cancel(Silent):
        def check(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan(tmp_path, progress=Cancel())


def test_entries_are_told_while_the_tree_is_read(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"f{number:03}").write_bytes(bytes(number))
    told: list[Entry] = []
    tree = scan(tmp_path, found=told.extend)
    assert sorted(told, key=lambda entry: entry.path) == tree.entries
