"""Places to build in: what a killed process left goes, and a failing local disk is said."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.workplace import sweep, turn, workplace
from modelarts_nb.errors import DiskFailure


def test_what_a_dead_builder_left_is_removed(disk: Disk, run: Path) -> None:
    left = run / ".new/0123456789ab"
    (left / "content").mkdir(parents=True)

    assert sweep(disk) == [left.name]
    assert not left.exists()


def test_what_is_being_built_stays(disk: Disk, run: Path) -> None:
    with workplace(disk) as folder:
        assert sweep(disk) == []
        assert folder.is_dir()


def test_where_nothing_was_ever_built_there_is_nothing_to_sweep(disk: Disk, run: Path) -> None:
    assert sweep(disk) == []


def test_a_local_disk_that_cannot_be_read_is_said(
    disk: Disk, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(self: Path) -> None:
        raise TimeoutError(110, "Connection timed out", str(self))

    monkeypatch.setattr(Path, "iterdir", unreadable)

    with pytest.raises(DiskFailure):
        sweep(disk)


def test_a_disk_that_fails_when_a_lock_is_let_go_takes_nothing_back(
    disk: Disk, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def failing(fd: int) -> None:
        close(fd)
        raise OSError(errno.EIO, "Input/output error")

    with turn(disk, "mine"):
        monkeypatch.setattr(os, "close", failing)

    monkeypatch.setattr(os, "close", close)
    with turn(disk, "mine"):
        pass
