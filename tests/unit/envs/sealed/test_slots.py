"""Slots: paths of one length, used once they have a note, chosen by one small file."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.slots import LENGTH, PLACEHOLDER, Slot
from modelarts_nb.errors import AccessDenied, ConfigInvalid, DiskFailure

pytestmark = pytest.mark.usefixtures("run")


def fill(disk: Disk, name: str = "mine", number: int = 1) -> Slot:
    slot = Slot(slots.free_path(disk, name, number), name, number, 7, {"bin": ("python",)})
    (slot.path / "bin").mkdir(parents=True)
    slots.note(slot)
    return slot


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(names, st.integers(1, 999_999_999)), min_size=1, max_size=5))
def test_all_paths_have_the_length_of_the_placeholder_and_none_is_given_twice(
    disk: Disk, wanted: list[tuple[str, int]]
) -> None:
    made = []
    for name, number in wanted:
        path = slots.free_path(disk, name, number)
        path.mkdir()
        made.append(path)
    assert {len(os.fsencode(path)) for path in made} == {LENGTH} == {len(PLACEHOLDER)}
    assert len(set(made)) == len(made)
    for path in made:
        path.rmdir()


def test_a_slot_is_used_once_it_has_a_note(disk: Disk) -> None:
    # given a folder that is filled half
    path = slots.free_path(disk, "mine", 1)
    path.mkdir()
    assert slots.filled(disk) == []
    assert slots.read(path) is None
    # when
    slot = Slot(path, "mine", 1, 7, {"bin": ("a", "b")}, ("lib/x",))
    slots.note(slot)
    # then
    assert slots.filled(disk) == [slot]
    assert slots.holding(disk, "mine", 1) == slot
    assert slots.holding(disk, "mine", 2) is None


def test_kernels_start_from_the_one_that_is_chosen(disk: Disk) -> None:
    one, two = fill(disk, number=1), fill(disk, number=2)
    assert slots.current(disk, "mine") is None
    for slot in (one, two, one):
        slots.choose(disk, slot)
        assert slots.current(disk, "mine") == slot
    assert slots.current(disk, "other") is None


def test_given_a_version_twice_then_it_has_two_paths(disk: Disk) -> None:
    assert fill(disk).path != fill(disk).path


def test_given_a_slot_is_forgotten_then_nobody_starts_from_it(disk: Disk) -> None:
    slot, other = fill(disk), fill(disk, "other")
    for each in (slot, other):
        slots.choose(disk, each)
    slots.forget(disk, slot)
    assert slots.current(disk, "mine") is None
    assert slots.filled(disk) == [other]
    assert not slot.path.exists()
    slots.forget(disk, slot)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff", b'{"path": 7}'])
def test_given_a_damaged_note_then_there_is_no_slot(disk: Disk, damage: bytes) -> None:
    slot = fill(disk)
    slots.choose(disk, slot)
    (disk.run / ".slots" / f"{slot.path.name}.json").write_bytes(damage)
    assert slots.filled(disk) == []
    assert slots.current(disk, "mine") is None


def test_given_a_note_of_another_place_then_it_counts_nothing(disk: Disk) -> None:
    """A home that was copied: the files in the slot name the old path."""
    slot = fill(disk)
    note = disk.run / ".slots" / f"{slot.path.name}.json"
    text = note.read_text().replace(str(disk.run), str(disk.run)[:-1] + "x")
    note.write_text(text)
    assert slots.read(slot.path) is None


def test_given_its_folder_is_gone_then_there_is_no_slot(disk: Disk) -> None:
    slot = fill(disk)
    slots.choose(disk, slot)
    (slot.path / "bin").rmdir()
    slot.path.rmdir()
    assert slots.current(disk, "mine") is None


def test_given_the_local_disk_does_not_say_then_that_is_an_error(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = fill(disk)

    def fail(_path: Path) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(Path, "is_dir", fail)
    with pytest.raises(DiskFailure):
        slots.read(slot.path)


@pytest.mark.parametrize("line", ["", "\n", "/etc\n1\n", "relative\n", "\0\n"])
def test_given_a_damaged_choice_then_there_is_none(disk: Disk, line: str) -> None:
    slots.choose(disk, fill(disk))
    (disk.run / ".current/mine").write_text(line)
    assert slots.current(disk, "mine") is None


@pytest.mark.parametrize("folder", ["x" * 40, "with space", "名字"])
def test_given_a_run_root_that_scripts_cannot_carry_then_it_is_refused(
    disk: Disk, run: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("MODELARTS_NB_RUN", str(run.parent / folder))
    with pytest.raises(ConfigInvalid) as refused:
        slots.run_root(disk)
    assert "MODELARTS_NB_RUN" in refused.value.hint
    assert not (run.parent / folder).exists()


@pytest.fixture
def cache(run: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A large local folder, named in the settings."""
    folder = run.parent / "cache"
    folder.mkdir()
    (home / ".jupyter").mkdir()
    text = f'{{"Sealed": {{"cache": "{folder}"}}}}'
    (home / ".jupyter/modelarts_nb_config.json").write_text(text)
    return folder


def test_given_a_cache_then_the_run_root_leads_into_it(disk: Disk, cache: Path) -> None:
    slot = fill(disk)
    assert disk.run.is_symlink()
    assert slot.path.resolve().is_relative_to(cache)
    assert slots.filled(disk) == [slot]


@pytest.mark.parametrize("level", ["", "run"])
def test_given_a_cache_in_which_another_made_our_folder_then_it_is_not_used(
    disk: Disk, cache: Path, level: str
) -> None:
    theirs = cache / f"modelarts_nb-{os.getuid()}"
    (theirs / "run").mkdir(parents=True)
    (theirs / level).chmod(0o777)
    with pytest.raises(AccessDenied, match="run root") as refused:
        slots.run_root(disk)
    assert str(cache) in refused.value.hint
    assert not disk.run.exists()


def test_what_is_noted_again_is_what_counts(disk: Disk) -> None:
    slot = replace(fill(disk), number=5, dirty=("a",), clean=9)
    slots.note(slot)
    assert slots.filled(disk) == [slot]
