"""Reading shares: in order, and no change of a file goes unnoticed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelarts_nb.envs.archive import shares
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.layout import lay
from modelarts_nb.envs.archive.reading import Odd, read_soon
from modelarts_nb.errors import AccessDenied, Busy


def contents(*items: Item) -> list[tuple[str, bytes | None]]:
    """Path and bytes of each part of ``items``, read in shares."""
    found: list[tuple[str, bytes | None]] = []
    with ThreadPoolExecutor(8) as pool:
        for share in shares.divide(items):
            layout = lay([(part, part.size) for part in share.parts])
            buffer = bytearray(layout.size)
            odd: Odd = {}
            for future in read_soon(layout.slots, memoryview(buffer), pool):
                odd |= future.result()
            for number, slot in enumerate(layout.slots):
                as_scanned = bytes(buffer[slot.start : slot.end])
                found.append((slot.part.item.path, odd.get(number, as_scanned)))
    return found


def item(path: Path, name: str | None = None) -> Item:
    stat = path.stat()
    return Item(name or path.name, "file", str(path), stat.st_size, 0o644, stat.st_mtime_ns)


def test_files_come_in_order_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "PIECE", 1000)
    monkeypatch.setattr(shares, "_SHARE", 8000)
    expected = {}
    for number in range(60):
        path = tmp_path / f"f{number:02}"
        path.write_bytes(os.urandom(number * 77))
        expected[path.name] = path.read_bytes()
    found: dict[str, bytes] = {}
    for path, data in contents(*(item(tmp_path / name) for name in expected)):
        assert data is not None
        found[path] = found.get(path, b"") + data
    assert found == expected
    assert list(found) == list(expected)


def test_a_small_file_that_changed_since_the_scan_is_packed_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"short")
    before = item(path)
    path.write_bytes(b"longer now")
    assert contents(before) == [("small", b"longer now")]


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, 500)


def rewrite(path: Path) -> None:
    path.write_bytes(b"z" * path.stat().st_size)
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [grow, shrink, rewrite, Path.unlink])
def test_a_big_file_that_changes_ends_the_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(shares, "PIECE", 1000)
    path = tmp_path / "big"
    path.write_bytes(b"a" * 5000)
    before = item(path)
    change(path)
    with pytest.raises(Busy, match="big changed") as caught:
        contents(before)
    assert caught.value.hint


def test_a_vanished_file_is_busy_but_a_vanished_pyc_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gone"
    path.write_bytes(b"x")
    gone, compiled = item(path), item(path, "gone.pyc")
    path.unlink()
    assert contents(compiled) == [("gone.pyc", None)]
    with pytest.raises(Busy):
        contents(gone)


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x")

    def refuse(fd: int, into: object, offset: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "preadv", refuse)  # root may read everything, so the kernel is played
    with pytest.raises(AccessDenied, match="secret"):
        contents(item(path))
