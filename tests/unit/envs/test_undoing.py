"""Undo of an open environment: its state before the last change and the one now change places."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs import swaps
from modelarts_nb.envs.bin import NOTE, bin_list, entry_name, note_removal
from modelarts_nb.envs.kernels import register
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.state import State, write_state
from modelarts_nb.envs.swaps import finish_swaps, swap
from modelarts_nb.envs.undoing import undo_change
from modelarts_nb.errors import DiskFailure, NotFound
from tests.unit.envs.by_hand import make_on_disk, make_prefix, write


@pytest.fixture(params=["exchange", "renames"], autouse=True)
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # NFS cannot exchange two folders.
    if request.param == "renames":
        monkeypatch.setattr(swaps, "exchange", lambda one, other: False)


def change(disk: Disk, name: str, text: str) -> None:
    """A change as install makes it: built in staging, the former state in the bin."""
    prefix = disk.envs / name
    with lock(disk, name) as held, staged(disk, "change") as stage:
        built = make_prefix(stage.path / "content")
        write_state(built, State(str(prefix), "2026-01-01T00:00:00+00:00"))
        write(built / "text", text)
        note_removal(prefix, disk)
        swap(disk, held, stage, built, prefix, disk.bin / entry_name(name))


@pytest.fixture
def mine(disk: Disk) -> Iterator[Path]:
    """An environment that was changed twice."""
    prefix = make_on_disk(disk, "mine")
    write(prefix / "text", "one")
    for text in ("two", "three"):
        change(disk, "mine", text)
    yield prefix
    # Whatever happened: nothing is lost, nothing half, nothing left to be finished.
    kept = {path.read_text() for path in (*disk.bin.glob("*/text"), *disk.envs.glob("*/text"))}
    assert kept == {"one", "two", "three"}
    assert not list((disk.private / "swaps").glob("*.json"))


def now(prefix: Path) -> str:
    return (prefix / "text").read_text()


def test_what_was_before_the_last_change_is_back(disk: Disk, mine: Path) -> None:
    register("mine", disk=disk)
    environment = undo_change("mine", disk=disk)
    assert now(mine) == "two"
    assert (environment.prefix, environment.kernel) == (mine, "ready")
    assert not (mine / NOTE).exists()
    assert [removed.name for removed in bin_list(disk=disk)] == ["mine", "mine"]


def test_undo_of_the_undo_comes_back(disk: Disk, mine: Path) -> None:
    seen = []
    for _ in range(4):
        undo_change("mine", disk=disk)
        seen.append(now(mine))
    assert seen == ["two", "three", "two", "three"]


def test_without_a_former_state_there_is_nothing_to_undo(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    make_on_disk(disk, "other")
    remove("other", disk=disk)
    with pytest.raises(NotFound, match="nothing to undo"):
        undo_change("mine", disk=disk)


def test_another_that_had_the_name_is_no_former_state(disk: Disk) -> None:
    # given one that was removed before this one was made
    write_state(make_on_disk(disk, "mine"), State(str(disk.envs / "mine"), "2025-01-01"))
    remove("mine", disk=disk)
    make_on_disk(disk, "mine")
    # then
    with pytest.raises(NotFound):
        undo_change("mine", disk=disk)


def test_there_must_be_an_environment(disk: Disk) -> None:
    with pytest.raises(NotFound):
        undo_change("mine", disk=disk)


@pytest.mark.parametrize("fails", range(4))
def test_a_rename_that_fails_leaves_it_as_it_was(
    disk: Disk, mine: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    # given the n-th rename fails
    rename, count = os.rename, [0]

    def failing(one: Path, other: Path) -> None:
        count[0] += 1
        if count[0] == fails + 1:
            raise OSError(5, "Input/output error", str(one))
        rename(one, other)

    with monkeypatch.context() as broken:
        broken.setattr(swaps.os, "rename", failing)
        try:
            undo_change("mine", disk=disk)
        except DiskFailure:
            assert now(mine) == "three"
    # then the next one works, whatever came of that one
    before = now(mine)
    finish_swaps(disk)
    undo_change("mine", disk=disk)
    assert {before, now(mine)} == {"two", "three"}


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(6))
def test_killed_at_any_step_both_are_still_there(
    disk: Disk, mine: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    # given it ends right before the n-th step that moves something
    count = [0]

    def counted(function: object) -> object:
        def call(*args: object) -> object:
            count[0] += 1
            if count[0] == step + 1:
                raise Killed
            return function(*args)  # type: ignore[operator]

        return call

    with monkeypatch.context() as dying:
        for name in ("_move", "exchange", "land"):
            dying.setattr(swaps, name, counted(getattr(swaps, name)))
        with contextlib.suppress(Killed):
            undo_change("mine", disk=disk)
    # when somebody tidies
    finish_swaps(disk)
    # then one of them is there, and undo works
    assert now(mine) in ("two", "three")
    before = now(mine)
    undo_change("mine", disk=disk)
    assert {before, now(mine)} == {"two", "three"}
