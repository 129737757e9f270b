"""Copying the bytes of one file, in every way."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from modelarts_nb.disk.bytescopy import BytesCopy
from modelarts_nb.disk.crew import Stopped


class _Counter:
    def __init__(self) -> None:
        self.bytes = 0

    def __call__(self, count: int) -> None:
        self.bytes += count


def _copy(source: Path, target: Path, *, ranges: bool = True, times: int = 1) -> int:
    """Copy with one engine; the bytes it reported."""
    counter = _Counter()
    engine = BytesCopy(ranges=ranges, check=lambda: None, copied=counter)
    for _ in range(times):
        target.unlink(missing_ok=True)
        with open(source, "rb") as old, open(target, "wb") as new:
            engine.copy(old.fileno(), new.fileno(), os.fstat(old.fileno()))
    return counter.bytes // times


@pytest.fixture(params=["copy_file_range", "read and write", "fallback", "answers 0"])
def ranges(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "fallback":

        def refuse(*args: object) -> int:
            raise OSError(errno.EXDEV, "two file systems")

        monkeypatch.setattr(os, "copy_file_range", refuse)
    if request.param == "answers 0":
        monkeypatch.setattr(os, "copy_file_range", lambda *args: 0)
    return request.param != "read and write"


@pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) + 1, 3 << 20])
def test_every_size(tmp_path: Path, ranges: bool, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    assert _copy(tmp_path / "a", tmp_path / "b", ranges=ranges, times=2) == size
    assert (tmp_path / "b").read_bytes() == content


@pytest.mark.parametrize("data", [[], [0], [5], [15], [0, 7, 15]])
def test_holes_stay_holes(tmp_path: Path, ranges: bool, data: list[int]) -> None:
    # Given 16 MiB with data in some of the MiB
    with open(tmp_path / "a", "wb") as file:
        for place in data:
            file.seek(place << 20)
            file.write(os.urandom(1 << 20))
        file.truncate(16 << 20)
    # When it is copied
    assert _copy(tmp_path / "a", tmp_path / "b", ranges=ranges) == 16 << 20
    # Then it reads the same and takes no more room
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
    assert (tmp_path / "b").stat().st_blocks <= (tmp_path / "a").stat().st_blocks + 64


def test_a_clone_where_the_file_system_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a file system that clones (played: this machine's may not)
    asked = []
    monkeypatch.setattr(fcntl, "ioctl", lambda *args: asked.append(args) or 0)
    (tmp_path / "a").write_bytes(b"123")
    # When a file is copied, then that was all, and all bytes are reported
    assert _copy(tmp_path / "a", tmp_path / "b") == 3
    assert len(asked) == 1
    assert (tmp_path / "b").read_bytes() == b""


def test_what_cannot_clone_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(*args: object) -> int:
        asked.append(args)
        raise OSError(errno.EOPNOTSUPP, "no")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    (tmp_path / "a").write_bytes(b"123")
    _copy(tmp_path / "a", tmp_path / "b", times=3)
    assert len(asked) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_real_error_is_not_taken_for_inability(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> int:
        raise OSError(number, "failed")

    monkeypatch.setattr(os, "copy_file_range", fail)
    (tmp_path / "a").write_bytes(b"123")
    with pytest.raises(OSError, match="failed"):
        _copy(tmp_path / "a", tmp_path / "b")


def test_a_source_that_became_shorter_ends(tmp_path: Path, ranges: bool) -> None:
    (tmp_path / "a").write_bytes(b"123456")
    engine = BytesCopy(ranges=ranges, check=lambda: None, copied=lambda count: None)
    with open(tmp_path / "a", "rb") as old, open(tmp_path / "b", "wb") as new:
        info = os.fstat(old.fileno())
        os.truncate(tmp_path / "a", 2)
        engine.copy(old.fileno(), new.fileno(), info)
    assert (tmp_path / "b").read_bytes() == b"12"


def test_it_stops_between_chunks(tmp_path: Path, ranges: bool) -> None:
    def stop() -> None:
        raise Stopped

    (tmp_path / "a").write_bytes(b"123")
    engine = BytesCopy(ranges=ranges, check=stop, copied=lambda count: None)
    with open(tmp_path / "a", "rb") as old, open(tmp_path / "b", "wb") as new:
        with pytest.raises(Stopped):
            engine.copy(old.fileno(), new.fileno(), os.fstat(old.fileno()))


def test_beyond_4_gib(tmp_path: Path) -> None:
    with open(tmp_path / "a", "wb") as file:
        file.seek((4 << 30) + 5)
        file.write(b"end")
    _copy(tmp_path / "a", tmp_path / "b")
    with open(tmp_path / "b", "rb") as file:
        file.seek((4 << 30) + 5)
        assert file.read() == b"end"


def test_where_sending_is_impossible_a_small_file_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(*args: object) -> int:
        asked.append(args)
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(os, "sendfile", refuse)
    (tmp_path / "a").write_bytes(b"content")
    assert _copy(tmp_path / "a", tmp_path / "b", ranges=False) == 7
    assert (tmp_path / "b").read_bytes() == b"content"
    assert len(asked) == 1


def test_a_small_file_that_is_sent_in_parts_is_copied_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = os.sendfile
    monkeypatch.setattr(os, "sendfile", lambda out, inp, offset, count: send(out, inp, offset, 3))
    (tmp_path / "a").write_bytes(b"content")
    _copy(tmp_path / "a", tmp_path / "b", ranges=False)
    assert (tmp_path / "b").read_bytes() == b"content"


def test_a_full_disk_shows_when_a_small_file_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "sendfile", full)
    (tmp_path / "a").write_bytes(b"content")
    with pytest.raises(OSError, match="full"):
        _copy(tmp_path / "a", tmp_path / "b", ranges=False)
