"""Room on the local disk: what goes, what never goes."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.space import Space
from modelarts_nb.envs.sealed import room, slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.room import make_room
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.errors import DiskFailure, DiskFull
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version

pytestmark = pytest.mark.usefixtures("run")

COPY = 100  # bytes that a local copy takes on the small disk


@pytest.fixture
def small(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A local disk with room for three copies."""

    def space(*_: object) -> Space:
        return Space(3 * COPY, (3 - len(slots.filled(disk))) * COPY, None)

    monkeypatch.setattr(room, "space_at", space)
    monkeypatch.setattr(room, "_RESERVE", 0)
    return disk


def filled(disk: Disk, name: str, used: int) -> Slot:
    """A local copy that was last used at this time."""
    make_version(disk, name, make_layer(disk, environment(name)))
    slot = fill(name, disk=disk)
    os.utime(disk.run / ".slots" / f"{slot.path.name}.json", (used, used))
    return slot


@pytest.fixture
def three(disk: Disk, run: Path) -> list[Slot]:
    return [filled(disk, name, used) for used, name in enumerate(("first", "second", "third"), 1)]


def there(disk: Disk) -> list[str]:
    return sorted(slot.name for slot in slots.filled(disk))


def test_with_room_nothing_goes(three: list[Slot], small: Disk) -> None:
    make_room(small, bytes=0)
    assert there(small) == ["first", "second", "third"]


def test_the_least_recently_used_copy_goes_first(three: list[Slot], small: Disk) -> None:
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["second", "third"]
    assert not three[0].path.exists()
    assert slots.current(small, "first") is None


def test_what_is_to_stay_stays(three: list[Slot], small: Disk) -> None:
    make_room(small, bytes=COPY - 10, keep=["first", "second"])
    assert there(small) == ["first", "second"]


def test_changes_that_no_version_has_never_go(three: list[Slot], small: Disk) -> None:
    (three[0].path / "lib/data").write_bytes(b"a day's work")
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["first", "third"]


def test_a_copy_that_could_not_be_filled_again_never_goes(three: list[Slot], small: Disk) -> None:
    image_path(small, three[0].images[0]).unlink()
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["first", "third"]


@pytest.fixture
def kernel(three: list[Slot]) -> Iterator[None]:
    """A process that an environment was activated in."""
    variables = {**os.environ, "CONDA_PREFIX": str(three[0].path)}
    with subprocess.Popen(["sleep", "600"], env=variables) as process:
        yield
        process.kill()


@pytest.mark.usefixtures("kernel")
def test_what_a_process_uses_never_goes(small: Disk) -> None:
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["first", "third"]


def test_what_a_launcher_is_about_to_start_from_never_goes(three: list[Slot], small: Disk) -> None:
    (slots.marks(small) / f"{three[0].path.name}.{os.getpid()}").touch()
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["first", "third"]


def test_the_mark_of_a_dead_launcher_says_nothing(three: list[Slot], small: Disk) -> None:
    mark = slots.marks(small) / f"{three[0].path.name}.{2**22 + 1}"
    mark.touch()
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["second", "third"]
    assert not mark.exists()


def test_a_launcher_that_comes_at_the_last_moment_keeps_its_copy(
    three: list[Slot], small: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a launcher that makes its mark just before the note is taken
    withdraw = slots.withdraw

    def late(slot: Slot) -> None:
        (slots.marks(small) / f"{slot.path.name}.{os.getpid()}").touch()
        withdraw(slot)

    monkeypatch.setattr(slots, "withdraw", late)
    # then the copy stays, and can be started from
    assert not room.free(three[0], small)
    assert slots.current(small, "first") == three[0]


def test_a_disk_that_stays_full_is_said(three: list[Slot], small: Disk) -> None:
    with pytest.raises(DiskFull) as caught:
        make_room(small, bytes=10 * COPY)
    assert "local disk" in caught.value.message
    assert "MODELARTS_NB_RUN" in caught.value.hint


def test_a_share_of_the_disk_stays_free(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    slots.run_root(disk)
    monkeypatch.setattr(room, "space_at", lambda *_: Space(1000, 500, None))
    make_room(disk, bytes=390)
    with pytest.raises(DiskFull):
        make_room(disk, bytes=450)


def test_a_copy_of_a_namesake_is_kept_for_whoever_runs_in_it(
    three: list[Slot], small: Disk
) -> None:
    slots.note(replace(three[0], images=("0" * 64,)))
    os.utime(small.run / ".slots" / f"{three[0].path.name}.json", (1, 1))
    make_room(small, bytes=COPY - 10)
    assert there(small) == ["first", "third"]


@pytest.fixture
def failing(three: list[Slot], monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """Local copies whose notes cannot be read."""
    read = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path.parent.name == ".slots":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    return three


def test_a_copy_whose_note_cannot_be_read_is_not_taken_for_a_half_filled_one(
    failing: list[Slot], disk: Disk
) -> None:
    room.clear(disk)

    assert all((slot.path / "bin/python").exists() for slot in failing)


def test_a_local_disk_that_cannot_be_read_is_no_missing_copy(
    failing: list[Slot], disk: Disk
) -> None:
    with pytest.raises(DiskFailure):
        slots.current(disk, "first")
