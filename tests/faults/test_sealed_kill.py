"""kill -9 of every verb of sealed environments: nothing lost, nothing half."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deeds import moments
from tests.faults.sealed_deeds import SEALED
from tests.faults.sealed_judge import kill_and_judge, undisturbed
from tests.faults.sealed_world import SealedWorld

SEED = 5
#: Kills of each verb; `make soak` has them in every phase.
KILLS = dict.fromkeys(SEALED, 1) | dict.fromkeys(("seal", "save", "rollback", "fill", "gc"), 3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedWorld]:
    base = tmp_path_factory.mktemp("faults")
    with tempfile.TemporaryDirectory(prefix="f") as local:
        world = SealedWorld(base, base / "disk", "", local=Path(local))
        world.root.mkdir()
        world.build()
        yield world


@pytest.mark.parametrize("deed", SEALED)
def test_killed_at_any_moment_nothing_is_lost_and_the_same_again_works(
    deed: str, world: SealedWorld
) -> None:
    # Given how it goes undisturbed
    course = undisturbed(deed, world)
    # When it is killed in some of its phases
    wrong = {}
    phases = list(moments(course.phases, course.total, SEED).items())
    for phase, moment in random.Random(SEED).sample(phases, min(KILLS[deed], len(phases))):
        try:
            kill_and_judge(course, world, moment)
        except AssertionError as error:
            wrong[f"{phase} ({moment})"] = str(error)
    # Then each time the old or the new state is found, and the next operation works
    assert not wrong, "\n".join(f"--- {phase}\n{text}" for phase, text in wrong.items())
