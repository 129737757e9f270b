"""Free space, asked before work starts."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelarts_nb import magics
from modelarts_nb.disk.space import human_bytes, require_space, space_at
from modelarts_nb.errors import DiskFailure, DiskFull


def _statvfs(monkeypatch: pytest.MonkeyPatch, **numbers: int) -> None:
    answer = {"f_frsize": 1000, "f_blocks": 100, "f_bavail": 10, "f_files": 50, "f_favail": 5}
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**{**answer, **numbers}))


def test_the_real_disk_has_space(tmp_path: Path) -> None:
    space = space_at(tmp_path)
    assert 0 < space.free <= space.total


def test_a_disk_that_cannot_be_asked_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DiskFailure):
        space_at(tmp_path / "no")


def test_enough_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _statvfs(monkeypatch)
    require_space(tmp_path, bytes=9000, files=5)


def test_too_few_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _statvfs(monkeypatch)
    with pytest.raises(DiskFull, match=r"10\.1 kB are needed and 10\.0 kB are free"):
        require_space(tmp_path, bytes=10_000)


def test_too_few_inodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _statvfs(monkeypatch)
    with pytest.raises(DiskFull, match="6 files are needed and 5 more"):
        require_space(tmp_path, bytes=1, files=6)


def test_a_disk_that_does_not_count_inodes_has_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _statvfs(monkeypatch, f_files=0, f_favail=0)
    require_space(tmp_path, bytes=1, files=10**9)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.7, "1.0 kB"),
        (1500, "1.5 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (999_950, "1.0 MB"),
        (3_400_000_000, "3.4 GB"),
        (5e15, "5000 TB"),
    ],
)
def test_human_bytes(count: float, text: str) -> None:
    assert human_bytes(count) == magics.human_bytes(count) == text
