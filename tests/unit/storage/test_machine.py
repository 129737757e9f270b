"""The machine's word about a path, from real file systems."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from modelarts_nb.disk.mounts import Mount
from modelarts_nb.storage import machine
from modelarts_nb.storage.machine import bounded, look_at


def mounted(path: Path, read_only: bool = False) -> list[Mount]:
    """A table of mounts in which this folder is one."""
    return [Mount(path, "nfs4", "share:/", read_only)]


def test_a_path_that_is_no_mount_is_not_mounted(tmp_path: Path) -> None:
    assert look_at(str(tmp_path), []).mounted is False


def test_space_and_latency_of_a_mount_are_measured(tmp_path: Path) -> None:
    found = look_at(str(tmp_path), mounted(tmp_path), measure=True)

    assert (found.mounted, found.answers, found.fstype) == (True, True, "nfs4")
    assert found.total is not None
    assert found.used is not None
    assert found.free is not None
    assert 0 < found.free <= found.total
    assert found.stat_ms is not None
    assert found.write_ms is not None
    assert os.listdir(tmp_path) == []


def test_nothing_is_written_unless_asked(tmp_path: Path) -> None:
    assert look_at(str(tmp_path), mounted(tmp_path)).write_ms is None


def test_nothing_is_written_where_it_is_read_only(tmp_path: Path) -> None:
    found = look_at(str(tmp_path), mounted(tmp_path, read_only=True), measure=True)

    assert (found.read_only, found.write_ms) == (True, None)


def test_a_real_mount_is_found_in_the_real_table() -> None:
    found = look_at("/proc")

    assert (found.mounted, found.fstype) == (True, "proc")


def test_what_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PATIENCE", 0.05)
    answers = threading.Event()

    assert bounded(lambda: answers.wait(30)) is None
    answers.set()


def test_a_disk_that_does_not_answer_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "PATIENCE", 0.05)
    answers = threading.Event()

    def hang(_path: Path) -> None:
        answers.wait(30)
        raise OSError("gone")

    monkeypatch.setattr(machine, "space_at", hang)

    found = look_at(str(tmp_path), mounted(tmp_path))

    assert (found.mounted, found.answers) == (True, False)
    answers.set()
