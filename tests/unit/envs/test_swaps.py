"""Changing one environment for another: in one step, in two, and after a kill in between."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs import swaps
from modelarts_nb.envs.inventory import list_environments
from modelarts_nb.envs.swaps import finish_swaps, swap
from modelarts_nb.errors import DiskFailure, DiskFull


@pytest.fixture
def live(disk: Disk) -> Path:
    folder = disk.envs / "Mine"
    folder.mkdir(parents=True)
    (folder / "state").write_text("old")
    return folder


def do_swap(disk: Disk, live: Path) -> Path:
    old = disk.bin / "entry"
    with lock(disk, live.name) as held, staged(disk, "swap") as stage:
        built = stage.path / "content"
        built.mkdir()
        (built / "state").write_text("new")
        swap(disk, held, stage, built, live, old)
    return old


def note(disk: Disk, value: object) -> Path:
    path = disk.private / "swaps" / "mine.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize("in_one_step", [True, False])
def test_given_a_swap_then_the_new_is_live_and_the_old_is_kept(
    disk: Disk, live: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(swaps, "exchange", lambda one, other: False)
    old = do_swap(disk, live)
    assert (live / "state").read_text() == "new"
    assert (old / "state").read_text() == "old"
    assert finish_swaps(disk) == []


def test_given_a_landing_that_fails_in_two_steps_then_the_old_is_live_again(
    disk: Disk, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*parts: object) -> None:
        raise DiskFull("full")

    monkeypatch.setattr(swaps, "exchange", lambda one, other: False)
    monkeypatch.setattr(swaps, "land", fail)
    with pytest.raises(DiskFull):
        do_swap(disk, live)
    assert (live / "state").read_text() == "old"
    assert list((disk.private / "swaps").iterdir()) == []


def test_given_a_kill_between_the_steps_then_the_old_comes_back(disk: Disk, live: Path) -> None:
    disk.bin.mkdir(parents=True)
    live.rename(disk.bin / "entry")
    note(disk, {"name": "Mine", "old": "entry"})
    assert finish_swaps(disk) == ["Mine"]
    assert (live / "state").read_text() == "old"
    assert list((disk.private / "swaps").iterdir()) == []


def test_given_a_kill_between_the_steps_when_listed_then_it_comes_back_soon(
    disk: Disk, live: Path
) -> None:
    disk.bin.mkdir(parents=True)
    live.rename(disk.bin / "entry")
    note(disk, {"name": "Mine", "old": "entry"})
    list_environments(disk=disk)
    end = time.monotonic() + 60
    while not live.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert (live / "state").read_text() == "old"


def test_given_somebody_who_is_still_at_it_then_nothing_is_touched(disk: Disk, live: Path) -> None:
    disk.bin.mkdir(parents=True)
    live.rename(disk.bin / "entry")
    kept = note(disk, {"name": "Mine", "old": "entry"})
    with lock(disk, "mine"):
        assert finish_swaps(disk) == []
    assert kept.exists()


@pytest.mark.parametrize(
    "value",
    [
        "not json",
        "[]",
        {"name": "x"},
        {"name": "../../../escape", "old": "entry"},
        {"name": "Other", "old": "../owners"},
        {"name": "..", "old": "entry"},
    ],
)
def test_given_a_note_that_somebody_made_up_then_nothing_moves(disk: Disk, value: object) -> None:
    (disk.bin / "entry").mkdir(parents=True)
    (disk.private / "owners").mkdir()
    note(disk, value)
    assert finish_swaps(disk) == []
    assert (disk.bin / "entry").is_dir()
    assert (disk.private / "owners").is_dir()


def test_given_a_kill_before_the_exchange_then_the_bin_holds_no_state_that_never_was(
    disk: Disk, live: Path
) -> None:
    waiting = disk.bin / "entry"
    waiting.mkdir(parents=True)
    note(disk, {"name": "Mine", "old": "entry", "fresh": waiting.stat().st_ino})
    assert finish_swaps(disk) == []
    assert (live / "state").read_text() == "old"
    assert list(disk.bin.iterdir()) == []


def test_given_a_kill_after_the_exchange_then_the_old_stays_in_the_bin(
    disk: Disk, live: Path
) -> None:
    (disk.bin / "entry").mkdir(parents=True)
    note(disk, {"name": "Mine", "old": "entry", "fresh": live.stat().st_ino})
    assert finish_swaps(disk) == []
    assert (disk.bin / "entry").is_dir()


def test_given_an_exchange_whose_answer_is_lost_then_it_has_happened(
    disk: Disk, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = swaps.exchange

    def lose(one: Path, other: Path) -> bool:
        exchange(one, other)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(swaps, "exchange", lose)
    old = do_swap(disk, live)
    assert (live / "state").read_text() == "new"
    assert (old / "state").read_text() == "old"


def test_given_an_exchange_that_fails_then_everything_is_as_it_was(
    disk: Disk, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(one: Path, other: Path) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(swaps, "exchange", fail)
    with pytest.raises(DiskFailure):
        do_swap(disk, live)
    assert (live / "state").read_text() == "old"
    assert list(disk.bin.iterdir()) == []
