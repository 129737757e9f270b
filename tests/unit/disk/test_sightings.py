"""Since when somebody's heartbeat has not changed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from modelarts_nb.disk import sightings
from modelarts_nb.disk.sightings import Sightings


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_same_content_ages(tmp_path: Path, clock: list[float]) -> None:
    seen = Sightings(tmp_path / "s.json")
    assert seen.unchanged_for("k", b"1") == 0
    clock[0] += 61
    assert seen.unchanged_for("k", b"1") == 61


def test_another_content_starts_anew(tmp_path: Path, clock: list[float]) -> None:
    seen = Sightings(tmp_path / "s.json")
    seen.unchanged_for("k", b"1")
    clock[0] += 61
    assert seen.unchanged_for("k", b"2") == 0


def test_the_next_process_remembers(tmp_path: Path, clock: list[float]) -> None:
    first = Sightings(tmp_path / "new" / "s.json")
    first.unchanged_for("k", b"1")
    first.save()
    clock[0] += 61
    assert Sightings(tmp_path / "new" / "s.json").unchanged_for("k", b"1") == 61


@pytest.mark.parametrize("what", ["boot_id", "pid_namespace"])
def test_another_boot_or_container_knows_nothing(
    tmp_path: Path, clock: list[float], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Sightings(tmp_path / "s.json")
    first.unchanged_for("k", b"1")
    first.save()
    clock[0] += 61
    monkeypatch.setattr(sightings, what, lambda: "another")
    assert Sightings(tmp_path / "s.json").unchanged_for("k", b"1") == 0


def test_a_clock_that_went_back_proves_nothing(tmp_path: Path, clock: list[float]) -> None:
    seen = Sightings(tmp_path / "s.json")
    seen.unchanged_for("k", b"1")
    clock[0] -= 500
    assert seen.unchanged_for("k", b"1") == 0


def test_forgotten_is_new(tmp_path: Path, clock: list[float]) -> None:
    seen = Sightings(tmp_path / "s.json")
    seen.unchanged_for("k", b"1")
    seen.forget("k")
    clock[0] += 61
    assert seen.unchanged_for("k", b"1") == 0


@pytest.mark.parametrize(
    "content", ["", "[]", "null", '{"clock": 1}', '{"clock": "C", "seen": [1]}']
)
def test_a_damaged_file_knows_nothing(
    tmp_path: Path, clock: list[float], content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Sightings(tmp_path / "s.json")
    (tmp_path / "s.json").write_text(content.replace("C", own._clock))
    assert Sightings(tmp_path / "s.json").unchanged_for("k", b"1") == 0


def test_saving_where_nothing_can_be_saved_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    seen = Sightings(tmp_path / "file" / "s.json")
    seen.unchanged_for("k", b"1")
    seen.save()
    assert (tmp_path / "file").read_text() == ""


def test_the_file_is_readable_json(tmp_path: Path) -> None:
    seen = Sightings(tmp_path / "s.json")
    seen.unchanged_for("k", b"1")
    seen.save()
    assert list(json.loads((tmp_path / "s.json").read_text())["seen"]) == ["k"]
