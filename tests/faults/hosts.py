"""Two hosts on one disk: two mounts, two processes that cannot see each other, clocks apart."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from modelarts_nb.disk import locks, process
from modelarts_nb.disk.heartbeat import TIMING
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs import bin as bin_module
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.renaming import rename
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.operations.housekeeping import tidy
from tests.faults.world import make_source

NAMES = ("a", "b", "B")
#: What two who want the same may be told. Nothing else: no disk failed here.
POLITE = {"", "busy", "name_taken", "not_found", "not_an_environment"}
_APART = 120.0
_CONTEXT = multiprocessing.get_context("spawn")


def pretend(number: int) -> None:
    """Make this process one of another host: its own boot, its own name, its own time."""
    process.boot_id = lambda: f"boot-{number}"
    socket.gethostname = lambda: f"host-{number}"
    clock: Callable[[], float] = time.time
    time.time = lambda: clock() + number * _APART

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=number * _APART)

    setattr(bin_module, "datetime", Later)  # noqa: B010 - mypy knows it is not ours to set
    # The protocol of a minute in seconds, with its proportions.
    for name, seconds in (("beat", 0.1), ("give_up", 2.0), ("stale", 4.0)):
        object.__setattr__(TIMING, name, seconds)


def forget_locks() -> None:
    """Every lock is given to everybody: what is safe then is safe without them."""
    locks._Family._require_dead = lambda *_: None  # type: ignore[method-assign]


def live(
    number: int, root: Path, base: Path, rounds: int, seed: int, locked: bool, ready: Any
) -> None:
    """In a process of its own: create, remove and rename at random, and write down what came."""
    pretend(number)
    if not locked:
        forget_locks()
    disk = Disk(root, "tester", base / f"home-{number}")
    disk.home.mkdir(parents=True)
    os.environ["HOME"] = str(disk.home)
    source = base / f"source-{number}"
    make_source(source, folders=1)
    chance = random.Random(seed * 2 + number)
    ready.wait(60)
    with (base / f"journal-{number}").open("w") as journal:
        for _ in range(rounds):
            deed, name, new = _choice(chance)
            token = uuid.uuid4().hex
            (source / "who").write_text(token)
            code = ""
            try:
                if deed == "create":
                    clone(str(source), name, kernel=False, disk=disk)
                elif deed == "remove":
                    remove(name, disk=disk)
                elif deed == "rename":
                    rename(name, new, disk=disk)
                else:
                    tidy(disk)
            except ModelArtsNbError as error:
                code = error.code
                if code not in POLITE:
                    code += f": {error.message} {error.cause}"
            journal.write(json.dumps([deed, name, token, code]) + "\n")


def _choice(chance: random.Random) -> tuple[str, str, str]:
    deed = chance.choices(("create", "remove", "rename", "tidy"), (10, 7, 4, 1))[0]
    name, new = chance.choice(NAMES), chance.choice(NAMES)
    return deed, name, new


def fight(
    roots: Sequence[Path], base: Path, rounds: int, seed: int, *, locked: bool = True
) -> Counter[str]:
    """Let both live on the disk, then judge.

    Args:
        roots: the same folder as each host has mounted it.
        base: local things.
        rounds: of both together.
        locked: False: no lock keeps them apart.

    Returns:
        How often each deed ended how.

    Raises:
        AssertionError: two winners, a lost environment, something half, a rude error.
    """
    ready = _CONTEXT.Barrier(2)
    children = [
        _CONTEXT.Process(target=live, args=(number, root, base, rounds // 2, seed, locked, ready))
        for number, root in enumerate(roots)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60 + rounds * 2)
        assert child.exitcode == 0, f"a host ended with {child.exitcode}"
    lines = [
        json.loads(line)
        for number in range(2)
        for line in (base / f"journal-{number}").read_text().splitlines()
    ]
    _judge(Disk(roots[0], "tester", base / "home-0"), lines)
    return Counter(f"{deed} {code or 'done'}" for deed, _, _, code in lines)


def _judge(disk: Disk, lines: list[list[str]]) -> None:
    rude = [line for line in lines if line[3] not in POLITE]
    assert not rude, f"rude: {rude}"
    here = [(path.parent.name, path.read_text()) for path in disk.envs.glob("*/who")]
    gone = {path.read_text() for path in disk.bin.glob("*/who")}
    names = [name.lower() for name, _ in here]
    assert len(set(names)) == len(names), f"two of one name: {names}"
    tokens = [token for _, token in here]
    assert len(set(tokens)) == len(tokens), f"one environment under two names: {here}"
    made = {token for deed, _, token, code in lines if deed == "create" and not code}
    failed = {token: code for deed, _, token, code in lines if deed == "create" and code}
    assert made <= gone | set(tokens), f"lost: {made - gone - set(tokens)}"
    there = {code for token, code in failed.items() if token in gone | set(tokens)}
    # "It was removed just now" is true of one that the other removed before it was announced.
    assert there <= {"not_found", "not_an_environment"}, f"its maker was told {there}"
    assert not [token for token in tokens if token in failed], "there, but told not to be"
    for path in disk.envs.iterdir():
        assert (path / "conda-meta/history").exists(), f"{path.name} is half"
