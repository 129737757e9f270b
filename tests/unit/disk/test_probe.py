"""Asking a file system in a child that can be left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelarts_nb.disk import probe
from modelarts_nb.disk.probe import Answer, Asked, ask, ask_all


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A child that finds out one thing and then waits for ever; the file holds its pid."""
    pid = tmp_path / "pid"
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\necho $$ > {pid}\n"
        """echo '[0, {"total": 10, "free": 4}]'\nprintf '[0, {"stat_ms'\nexec sleep 600\n"""
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(probe, "PATIENCE", 1.0)
    return pid


def test_space_and_the_time_of_a_look_up_are_found_out(tmp_path: Path) -> None:
    answer = ask(Asked(str(tmp_path)))
    found = answer.found

    assert answer.whole
    assert 0 < found["free"] <= found["total"]
    assert found["stat_ms"] > 0
    assert "write_ms" not in found


def test_a_small_write_is_timed_when_asked_and_leaves_nothing(tmp_path: Path) -> None:
    assert ask(Asked(str(tmp_path), write=True)).found["write_ms"] > 0
    assert os.listdir(tmp_path) == []


def test_folders_are_listed_when_asked_but_no_files_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()

    assert ask(Asked(str(tmp_path), names=True)).found["names"] == ["a", "b"]


def test_what_the_file_system_refuses_is_said_and_the_rest_found_out(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    answer = ask(Asked(str(file), names=True))

    assert answer.whole
    assert answer.found["total"] > 0
    assert answer.found["failure"]


def test_several_are_asked_by_one_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(a) or real(*a, **k))

    first, second = ask_all([Asked(str(tmp_path)), Asked("/proc")])

    assert (first.whole, second.whole, len(started)) == (True, True, 1)
    assert first.found["total"] > 0
    assert second.found["total"] == 0


def test_a_child_that_fails_is_no_file_system_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    answer = ask(Asked(str(tmp_path)))

    assert (answer.whole, answer.found) == (True, {"failure": "it could not be asked"})


def test_nobody_is_started_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)

    assert ask_all([]) == []


def test_one_that_hangs_is_left_with_what_is_known_so_far(stuck: Path) -> None:
    started = time.monotonic()

    answer = ask(Asked(str(stuck.parent)))

    assert answer == Answer({"total": 10, "free": 4}, whole=False)
    assert time.monotonic() - started < 10


def test_nobody_is_left_waiting_for_a_child_that_could_be_ended(stuck: Path) -> None:
    ask(Asked(str(stuck.parent)))

    pid = int(stuck.read_text())
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
