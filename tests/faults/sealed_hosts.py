"""Two containers live with sealed environments on one disk, and one of them always collects."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.bin import bin_empty, bin_restore
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.sealed import collecting, leases
from modelarts_nb.envs.sealed.collecting import gc
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.opening import open_tree
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.versioning import rollback, undo
from modelarts_nb.envs.sealed.versions import head_of
from modelarts_nb.errors import ModelArtsNbError
from tests.faults.hosts import POLITE, pretend
from tests.faults.world import make_source

NAMES = ("a", "b", "c")
# What is said of an environment that is open, or sealed, or changed by the other meanwhile.
_POLITE = POLITE | {"usage", "unsaved"}
# Of an hour, so that images are really deleted. It must be longer than any of the deeds.
_YOUNG = 20.0
_CONTEXT = multiprocessing.get_context("spawn")

Deed = Callable[[Disk, str, str, random.Random], Any]


def _create(disk: Disk, name: str, source: str, chance: random.Random) -> Any:
    Path(source, "who").write_text(f"{chance.random()}")
    return clone(source, name, kernel=False, disk=disk)


def _save(disk: Disk, name: str, source: str, chance: random.Random) -> Any:
    slot = fill(name, disk=disk)
    (slot.path / f"lib/{chance.random()}").write_bytes(os.urandom(500))
    return save(name, disk=disk)


#: Each with how often it comes.
DEEDS: dict[str, tuple[int, Deed]] = {
    "create": (2, _create),
    "seal": (4, lambda disk, name, *_: seal(name, disk=disk)),
    "save": (4, _save),
    "rollback": (2, lambda disk, name, _, c: rollback(name, c.randint(1, 3), disk=disk)),
    "undo": (2, lambda disk, name, *_: undo(name, disk=disk)),
    "clone": (3, lambda disk, name, _, c: clone(c.choice(NAMES), name, disk=disk)),
    "open": (1, lambda disk, name, *_: open_tree(name, disk=disk)),
    "fill": (1, lambda disk, name, *_: fill(name, disk=disk)),
    "remove": (2, lambda disk, name, *_: remove(name, disk=disk)),
    "restore": (1, lambda disk, name, *_: bin_restore(name, disk=disk)),
    "empty": (1, lambda disk, *_: bin_empty(disk=disk)),
    "gc": (4, lambda disk, *_: gc(yes=True, disk=disk)),
}


def live(number: int, root: Path, base: Path, rounds: int, seed: int, ready: Any) -> None:
    """In a container of its own: anything at random, and write down what came of it."""
    pretend(number)
    collecting.YOUNG, leases.STALE = _YOUNG, _YOUNG
    disk = Disk(root, "tester", base / f"home-{number}")
    disk.home.mkdir()
    os.environ |= {
        "HOME": str(disk.home),
        "MODELARTS_NB_DISK": str(root),
        "MODELARTS_NB_OWNER": "tester",
        "MODELARTS_NB_RUN": str(base / f"run-{number}"),
    }
    source = base / f"source-{number}"
    make_source(source, folders=1)
    chance = random.Random(seed * 2 + number)
    weights = [weight for weight, _ in DEEDS.values()]
    ready.wait(60)
    with (base / f"journal-{number}").open("w") as journal:
        for turn in range(rounds):
            # At first there must be something.
            name = chance.choice(NAMES) if turn > 1 else NAMES[number]
            deed = ("create", "seal")[turn] if turn < 2 else chance.choices([*DEEDS], weights)[0]
            code = "done"
            try:
                DEEDS[deed][1](disk, name, str(source), chance)
            except ModelArtsNbError as error:
                code = error.code
                if code not in _POLITE:
                    code += f": {error.message} {error.cause}"
            journal.write(json.dumps([deed, code]) + "\n")


def fight(root: Path, base: Path, rounds: int, seed: int) -> Counter[str]:
    """Let two containers live on one disk, then judge.

    Args:
        root: the disk.
        base: a short path for what is local.
        rounds: of both together.

    Returns:
        How often each deed ended how.

    Raises:
        AssertionError: a version that misses an image, a rude error, anything left.
    """
    ready = _CONTEXT.Barrier(2)
    children = [
        _CONTEXT.Process(target=live, args=(number, root, base, rounds // 2, seed, ready))
        for number in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60 + rounds * 5)
        assert child.exitcode == 0, f"a container ended with {child.exitcode}"
    lines = [
        json.loads(line)
        for number in range(2)
        for line in (base / f"journal-{number}").read_text().splitlines()
    ]
    rude = [line for line in lines if line[1] != "done" and line[1] not in _POLITE]
    assert not rude, f"rude: {rude}"
    disk = Disk(root, "tester", base / "home-0")
    for path in (*disk.sealed.glob("*/[1-9]*.json"), *disk.bin.glob("*/[1-9]*.json")):
        for layer in head_of(path).layers:
            assert image_path(disk, layer.image).exists(), f"{path} misses {layer.image[:12]}"
    left = [*disk.images.glob(".*"), *disk.staging.glob("*")]
    assert not left, f"left behind: {left}"
    return Counter(f"{deed} {code}" for deed, code in lines)
