"""Use-leases: alive while their content changes, by the observer's clock; unreadable holds all."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import leases, slots
from modelarts_nb.envs.sealed.leases import BEAT, STALE, drop_dead, live, look, prepare, prepared
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.sealed.slots import Slot

IMAGES = ("a" * 64, "b" * 64)
VERSION = Version("mine", 3, "", tuple(Layer(image, 1, 1) for image in IMAGES))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have passed on the observer's clock; change the only item."""
    passed, clock = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])
    return passed


@pytest.fixture
def slot(disk: Disk, run: Path) -> Slot:
    """A filled slot of the version."""
    slot = Slot(slots.free_path(disk, "mine", 3), "mine", 3, 0, {})
    slot.path.mkdir()
    slots.note(slot)
    prepare(disk, VERSION, slot)
    return slot


def beat(slot: Slot, pid: int, count: int) -> Path:
    """What the launcher of a kernel does, from what was prepared."""
    stem, body = prepared(slot).read_text().splitlines()
    path = Path(f"{stem}.{pid}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{body}\n{count}\n")
    return path


def test_what_is_prepared_names_the_images_and_this_container(disk: Disk, slot: Slot) -> None:
    stem, body = prepared(slot).read_text().splitlines()
    value = json.loads(body)
    assert Path(stem).parent == leases.folder(disk)
    assert Path(stem).name.startswith("tester-")
    assert Path(stem).name.endswith(slot.path.name)
    assert value == {
        "owner": "tester",
        "name": "mine",
        "number": 3,
        "slot": str(slot.path),
        "images": list(IMAGES),
    }


def test_two_containers_with_the_same_slot_have_leases_of_their_own(
    disk: Disk, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = prepared(slot).read_text().splitlines()[0]
    monkeypatch.setattr(leases.socket, "gethostname", lambda: "another")
    prepare(disk, VERSION, slot)
    assert prepared(slot).read_text().splitlines()[0] != here


def test_without_a_lease_nothing_is_held(disk: Disk) -> None:
    assert live(disk) == frozenset()


def test_a_kernel_holds_its_images_for_as_long_as_it_beats(
    disk: Disk, slot: Slot, later: list[float]
) -> None:
    for count in range(6):
        beat(slot, 7, count)
        assert live(disk) == frozenset(IMAGES)
        later[0] += BEAT
    # One or two beats that a slow disk has swallowed are no death.
    later[0] += BEAT
    assert live(disk) == frozenset(IMAGES)


def test_a_killed_kernel_holds_nothing_after_a_while(
    disk: Disk, slot: Slot, later: list[float]
) -> None:
    # given two kernels
    killed, alive = beat(slot, 7, 1), beat(slot, 8, 1)
    live(disk)
    # when one of them beats no more
    later[0] += STALE
    beat(slot, 8, 2)
    # then
    assert [(lease.path, lease.alive) for lease in look(disk)] == [(killed, False), (alive, True)]
    drop_dead(disk)
    assert [lease.path for lease in look(disk)] == [alive]
    # and once the other is dead too, nothing is held
    later[0] += STALE
    assert live(disk) == frozenset()


def test_what_is_seen_for_the_first_time_is_alive(disk: Disk, slot: Slot) -> None:
    """However old it is: nobody here knows for how long it has not changed."""
    beat(slot, 7, 1)
    assert live(disk) == frozenset(IMAGES)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]\n1\n", b'{"images": "x"}\n', b'{"images": ["x"]}\n', b"\xff\n1"]
)
def test_a_lease_that_cannot_be_read_may_hold_any_image_until_it_is_dead(
    disk: Disk, later: list[float], content: bytes
) -> None:
    leases.folder(disk).mkdir(parents=True)
    (leases.folder(disk) / "x.7.json").write_bytes(content)
    assert live(disk) is None
    later[0] += STALE
    assert live(disk) == frozenset()


def test_a_lease_that_is_just_being_written_holds_nothing_of_its_own(
    disk: Disk, slot: Slot, later: list[float]
) -> None:
    # given a launcher that was killed while it wrote
    half = beat(slot, 7, 1).with_suffix(".new")
    half.write_text('{"images": [')
    assert live(disk) == frozenset(IMAGES)
    # then what it left goes with the rest
    later[0] += STALE
    drop_dead(disk)
    assert not half.exists()
    assert look(disk) == []


def test_a_slot_that_is_forgotten_has_nothing_prepared(disk: Disk, slot: Slot) -> None:
    slots.forget(disk, slot)
    assert not prepared(slot).exists()
