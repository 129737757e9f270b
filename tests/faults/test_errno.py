"""A disk that is full, that fails, goes stale or read-only at the n-th request of an operation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deeds import DEEDS
from tests.faults.failing import ERRORS, at_random, fail_and_judge
from tests.faults.killing import undisturbed
from tests.faults.world import World
from tests.slowfs.mount import SlowFs

SEED = 5
SAMPLE = 3


@pytest.fixture(scope="module")
def faulty(
    tmp_path_factory: pytest.TempPathFactory, channel: str, slowfs_program: Path
) -> Iterator[tuple[World, SlowFs]]:
    base = tmp_path_factory.mktemp("errno")
    fs = SlowFs(slowfs_program, base / "fs", 0, cached=False)
    world = World(base, fs.path, channel, fs.source)
    world.build()
    yield world, fs
    fs.unmount()


@pytest.mark.parametrize("deed", DEEDS)
def test_a_disk_that_fails_is_named_and_nothing_is_half(
    deed: str, faulty: tuple[World, SlowFs]
) -> None:
    world, fs = faulty
    # Given what the deed asks of the disk
    course = undisturbed(deed, world, fs)
    # When the disk answers some of it with an error, in turn with each
    chance = random.Random(f"{SEED} {deed}")
    first = list(DEEDS).index(deed)
    wrong = {}
    for number in range(SAMPLE):
        trouble = at_random(ERRORS[(first * SAMPLE + number) % len(ERRORS)], course.needed, chance)
        try:
            fail_and_judge(course, world, fs, trouble)
        except AssertionError as error:
            wrong[trouble] = str(error)
    # Then it says so, nothing is half, and once the disk is well the same command works
    assert not wrong, "\n".join(f"--- {trouble}\n{text}" for trouble, text in wrong.items())
