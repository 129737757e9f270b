"""Two containers seal, save, go back, clone, remove, collect: no version misses an image."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.faults.sealed_hosts import fight

ROUNDS = 24
SEED = 4


def test_two_containers_never_take_an_image_from_each_other() -> None:
    with tempfile.TemporaryDirectory(prefix="f") as folder:
        disk = Path(folder, "disk")
        disk.mkdir()
        # When both do anything at random (and `fight` finds nothing wrong)
        ended = fight(disk, Path(folder), ROUNDS, SEED)
    # Then they did work, and got in each other's way
    assert ended["seal done"]
    assert ended["gc done"]
    assert sum(count for name, count in ended.items() if "done" not in name)
