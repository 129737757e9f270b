"""What of a local copy differs from its version."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import seems_unsaved, watch

MakeEnv = Callable[..., Path]
SITE = "lib/python3.11/site-packages"


@pytest.fixture
def slot(make_env: MakeEnv, tmp_path: Path) -> Slot:
    """A local copy, watched from now on."""
    path = make_env(at=tmp_path / "slot")
    clean, names = watch(path)
    return Slot(path, "demo", 1, clean, names)


def test_what_was_written_before_is_older_and_what_is_written_after_is_younger(
    tmp_path: Path,
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.touch()

    clean, _ = watch(tmp_path)

    after.touch()
    assert before.stat().st_ctime_ns <= clean < after.stat().st_ctime_ns


def test_watching_leaves_the_mode_of_the_folder_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    watch(tmp_path)

    assert tmp_path.stat().st_mode & 0o7777 == 0o750


def test_given_nothing_happened_then_nothing_seems_unsaved(slot: Slot) -> None:
    assert not seems_unsaved(slot)


@pytest.mark.parametrize("folder", [SITE, "bin", "conda-meta"])
def test_what_an_installer_adds_a_name_for_is_seen(slot: Slot, folder: str) -> None:
    (slot.path / folder / "new-1.0").touch()

    assert seems_unsaved(slot)


def test_a_removed_package_is_seen(slot: Slot) -> None:
    os.rename(slot.path / SITE / "demo", slot.path / "demo")

    assert seems_unsaved(slot)


def test_what_is_known_to_differ_is_unsaved(slot: Slot) -> None:
    assert seems_unsaved(Slot(slot.path, "demo", 1, slot.clean, slot.names, ("bin/tool",)))


def test_compiled_files_and_our_own_notes_are_no_sign(slot: Slot) -> None:
    (slot.path / SITE / "__pycache__").mkdir()
    (slot.path / "conda-meta/modelarts_nb").mkdir()

    assert not seems_unsaved(slot)


def test_what_is_not_there_has_nothing_to_lose(slot: Slot) -> None:
    os.rename(slot.path, slot.path.with_name("gone"))

    assert not seems_unsaved(slot)
