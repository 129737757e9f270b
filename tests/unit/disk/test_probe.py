"""Asking a file system in a child that can be left behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from modelarts_nb.disk import probe


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A child that finds out one thing and then waits for ever; the file holds its pid."""
    pid = tmp_path / "pid"
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\necho $$ > {pid}\n"
        """echo '{"total": 10, "free": 4}'\nprintf '{"stat_ms'\nexec sleep 600\n"""
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(probe, "PATIENCE", 1.0)
    return pid


def test_space_and_the_time_of_a_look_up_are_found_out(tmp_path: Path) -> None:
    found, whole = probe.ask(tmp_path)

    assert whole
    assert 0 < found["free"] <= found["total"]
    assert found["stat_ms"] > 0
    assert "write_ms" not in found


def test_a_small_write_is_timed_when_asked_and_leaves_nothing(tmp_path: Path) -> None:
    found, _ = probe.ask(tmp_path, write=True)

    assert found["write_ms"] > 0
    assert os.listdir(tmp_path) == []


def test_folders_are_listed_when_asked_but_no_files_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()

    assert probe.ask(tmp_path, names=True)[0]["names"] == ["a", "b"]


def test_what_the_file_system_refuses_is_said_and_the_rest_found_out(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    found, whole = probe.ask(file, names=True)

    assert whole
    assert found["total"] > 0
    assert found["failure"]


def test_one_that_hangs_is_left_with_what_is_known_so_far(stuck: Path) -> None:
    started = time.monotonic()

    found, whole = probe.ask(stuck.parent)

    assert (found, whole) == ({"total": 10, "free": 4}, False)
    assert time.monotonic() - started < 10


def test_nobody_is_left_waiting_for_a_child_that_could_be_ended(stuck: Path) -> None:
    probe.ask(stuck.parent)

    pid = int(stuck.read_text())
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
