"""The operations that are broken, and the process in which one of them is killed.

A killed process ends right before the n-th thing it asks of the disk: Python tells of each
(``sys.addaudithook``), so the moments between two renames are met as surely as the long copies.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.envs.bin import bin_restore
from modelarts_nb.envs.change import install
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.creation import create
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.renaming import rename
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress
from tests.faults.world import World

Deed = Callable[[World, Progress], Any]


def _clone(world: World, progress: Progress) -> Any:
    return clone(str(world.source), "new", disk=world.disk, progress=progress)


def _clone_linked(world: World, progress: Progress) -> Any:
    return clone("mine", "new", link=True, disk=world.disk, progress=progress)


def _create(world: World, progress: Progress) -> Any:
    specs, channels = ["trap-links", "trap-activate"], [world.channel]
    return create(
        "new", specs=specs, channels=channels, kernel=False, disk=world.disk, progress=progress
    )


def _pack(world: World, progress: Progress) -> Any:
    return pack("mine", disk=world.disk, progress=progress)


def _unpack(world: World, progress: Progress) -> Any:
    return unpack(str(world.archive), "new", disk=world.disk, progress=progress)


def _remove(world: World, progress: Progress) -> Any:
    return remove("mine", disk=world.disk, progress=progress)


def _rename(world: World, progress: Progress) -> Any:
    return rename("mine", "new", disk=world.disk, progress=progress)


def _install(world: World, progress: Progress) -> Any:
    specs, channels = ["trap-binary"], [world.channel]
    return install("made", specs=specs, channels=channels, disk=world.disk, progress=progress)


def _restore(world: World, progress: Progress) -> Any:
    return bin_restore("gone", disk=world.disk, progress=progress)


def _restore_as(world: World, progress: Progress) -> Any:
    return bin_restore("gone", "new", disk=world.disk, progress=progress)


DEEDS: dict[str, Deed] = {
    "clone": _clone,
    "clone linked": _clone_linked,
    "create": _create,
    "pack": _pack,
    "unpack": _unpack,
    "remove": _remove,
    "rename": _rename,
    "install": _install,
    "restore": _restore,
    "restore as": _restore_as,
}
#: The environment that a deed makes or changes.
NAMES = {
    "clone": "new",
    "clone linked": "new",
    "create": "new",
    "pack": "mine",
    "unpack": "new",
    "remove": "mine",
    "rename": "new",
    "install": "made",
    "restore": "gone",
    "restore as": "new",
}


@dataclass(frozen=True)
class Moment:
    """When to kill: at the ``number``-th event (from 1), ``delay`` seconds later."""

    number: int
    delay: float = 0.0


class Clock:
    """Counts events and kills at the moment; also a ``Progress`` that notes the phases."""

    def __init__(self, world: World, moment: Moment | None) -> None:
        self.count = 0
        self.phases: list[tuple[str, int]] = [("starting", 0)]
        self._places = world.watched
        self._moment = moment
        self._lock = threading.RLock()

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _ASKS and args and isinstance(args[0], (str, bytes, os.PathLike)):
            path = os.fsdecode(os.fspath(args[0]))
            if path.startswith(self._places):
                self._tick()

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        with self._lock:
            self.phases.append((name, self.count))
        self._tick()

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        self._tick()

    def log(self, message: str) -> None:
        self._tick()

    def check(self) -> None:
        pass

    def _tick(self) -> None:
        with self._lock:
            self.count += 1
            if self._moment and self.count == self._moment.number:
                if self._moment.delay:
                    threading.Timer(self._moment.delay, _die).start()
                else:
                    _die()


_ASKS = {
    "open",
    "os.chmod",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "os.symlink",
    "os.truncate",
    "os.utime",
}


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work(
    deed: str,
    world: World,
    moment: Moment | None,
    report: Path,
    deeds: Mapping[str, Deed] = DEEDS,
) -> None:
    """In a process of its own: do it, and be killed at ``moment``; reports phases and errors."""
    clock = Clock(world, moment)
    error = ""
    with world.settings():
        sys.addaudithook(clock.audit)
        try:
            deeds[deed](world, clock)
        except ModelArtsNbError as failed:
            error = f"{failed.code}: {failed.message} {failed.cause}"
    total = clock.count
    report.write_text(json.dumps({"phases": clock.phases, "total": total, "error": error}))
    if moment and moment.delay:
        time.sleep(moment.delay + 1)  # the deed was quicker: it is killed after its end


def again(deed: str, world: World) -> None:
    """Do it once more, here, undisturbed.

    Raises:
        ModelArtsNbError: what it raises.
    """
    with world.settings():
        DEEDS[deed](world, SILENT)


def moments(phases: list[list[Any]], total: int, seed: int) -> dict[str, Moment]:
    """One moment in every phase, at random; a phase that comes twice counts as two."""
    chance = random.Random(seed)
    found = {}
    for index, (phase, begin) in enumerate(phases):
        end = phases[index + 1][1] if index + 1 < len(phases) else total
        if end > begin:
            found[f"{index} {phase}"] = Moment(chance.randint(begin + 1, end))
    return found
