"""kill -9 in every phase of every operation: the old state or the new, and nothing to tidy."""

from __future__ import annotations

import pytest

from tests.faults.deeds import DEEDS, moments
from tests.faults.killing import kill_and_judge, undisturbed
from tests.faults.world import World

SEED = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, channel: str) -> World:
    base = tmp_path_factory.mktemp("faults")
    world = World(base, base / "disk", channel)
    world.root.mkdir()
    world.build()
    return world


@pytest.mark.parametrize("deed", DEEDS)
def test_killed_in_any_phase_it_is_there_as_a_whole_or_not_at_all(deed: str, world: World) -> None:
    # Given how it goes undisturbed
    course = undisturbed(deed, world)
    # When it is killed in every phase, once each
    halves = {}
    for phase, moment in moments(course.phases, course.total, SEED).items():
        try:
            kill_and_judge(course, world, moment)
        except AssertionError as half:
            halves[f"{phase} ({moment})"] = str(half)
    # Then each time the old or the new state is found, and the next operation works
    assert not halves, "\n".join(f"--- {phase}\n{text}" for phase, text in halves.items())
