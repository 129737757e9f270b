"""Kill one deed at one moment, then judge what is left."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelarts_nb.envs import unfinished
from modelarts_nb.envs.bin import bin_restore
from modelarts_nb.envs.health import check
from modelarts_nb.envs.inventory import holders
from modelarts_nb.envs.removal import remove
from modelarts_nb.operations.housekeeping import tidy
from tests.faults.deeds import DEEDS, NAMES, Deed, Moment, again, work
from tests.faults.world import Seen, World, look
from tests.slowfs.mount import SlowFs

#: A new operation on the same name needs no human and no waiting for a dead one's minute: so many
#: seconds at most, beside twice its own.
BOUND = 20.0
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.deeds", "tests.faults.sealed_deeds"])


@dataclass(frozen=True)
class Course:
    """How a deed goes undisturbed: what is there before and after, and its phases."""

    deed: str
    before: Seen
    after: Seen
    phases: list[list[Any]]
    total: int
    seconds: float
    needed: dict[str, int]


def undisturbed(deed: str, world: World, fs: SlowFs | None = None) -> Course:
    """Do it without killing anything; with the requests it ``needed`` of the disk ``fs``."""
    world.fresh()
    before = look(world.disk)
    counted = fs.counts() if fs else {}
    start = time.monotonic()
    code, report = run(deed, world, None)
    assert code == 0, f"{deed} does not even work undisturbed"
    assert not report["error"], report["error"]
    seconds = time.monotonic() - start
    needed = {name: n - counted[name] for name, n in fs.counts().items()} if fs else {}
    after = look(world.disk)
    return Course(deed, before, after, report["phases"], report["total"], seconds, needed)


def run(
    deed: str, world: World, moment: Moment | None, deeds: Mapping[str, Deed] = DEEDS
) -> tuple[int | None, dict[str, Any]]:
    """Do it in a process of its own; the exit code and what it reported, if it could."""
    report = world.base / "report.json"
    report.unlink(missing_ok=True)
    child = _CONTEXT.Process(target=work, args=(deed, world, moment, report, deeds))
    child.start()
    child.join(120)
    assert child.exitcode is not None, f"{deed} hangs"
    # Killed later than that, it may have been while it wrote the report.
    told = child.exitcode == 0 and report.exists()
    return child.exitcode, json.loads(report.read_text()) if told else {}


def kill_and_judge(course: Course, world: World, moment: Moment) -> str:
    """Kill it at that moment.

    Returns:
        ``old`` or ``new``: the state that was found.

    Raises:
        AssertionError: anything half, anything left, anything that needs a human.
    """
    world.fresh()
    code, report = run(course.deed, world, moment)
    # Threads do not always ask the same number of things: it may have ended before.
    late = code == 0 and not report["error"]
    assert late or code == -signal.SIGKILL, f"it ended with {code} {report}"
    disk = world.disk
    with world.settings():
        tidy(disk)
        assert not left_behind(world), f"left behind: {left_behind(world)}"
        found = look(disk)
        assert found in (course.before, course.after), difference(found, course)
        state = "old" if found == course.before else "new"
        name = NAMES[course.deed]
        if name in found.envs:
            findings = check(name, deep=True, disk=disk)
            assert not [f for f in findings if f.level == "error"], findings
        assert holders(disk) == {}, "a dead one seems to work on it"
        start = time.monotonic()
        if state == "old" or course.deed == "pack":
            again(course.deed, world)
        elif name in found.envs:
            remove(name, disk=disk)
        else:
            bin_restore(name, disk=disk)
        seconds = time.monotonic() - start
        bound = BOUND + 2 * course.seconds
        assert seconds < bound, f"the next operation took {seconds:.0f} s"
        if state == "old":
            assert look(disk) == course.after, difference(look(disk), course)
        assert not left_behind(world), f"left behind by the next: {left_behind(world)}"
    return state


def difference(found: Seen, course: Course) -> str:
    """What of a half state is of which."""
    lines = []
    for name in Seen.__dataclass_fields__:
        here = getattr(found, name)
        old, new = getattr(course.before, name), getattr(course.after, name)
        kind = "same" if old == new == here else "old" if here == old else ""
        kind = kind or ("new" if here == new else f"half: {here}\n  not {old}\n  nor {new}")
        lines.append(f"{name}: {kind}")
    return "\n".join(lines)


def left_behind(world: World) -> list[str]:
    """Unfinished work that still takes space."""
    disk = world.disk
    # An empty folder takes no space; it is swept once it has been empty for a minute.
    staging = [path.name for path in disk.staging.glob("*") if any(path.iterdir())]
    archives = [path.name for path in disk.archives.glob(".*")]
    swaps = [path.name for path in (disk.private / "swaps").glob("*.json")]
    notes = [note.name for note in unfinished.notes(disk)]
    return [*staging, *swaps, *notes, *archives]


def at_random(course: Course, chance: random.Random) -> Moment:
    """Anywhere; every second time near the end, where one step makes the old state the new one;
    every third time some milliseconds later, when nobody asks the disk anything."""
    begin = 1 if chance.random() < 0.5 else max(1, course.total - 60)
    delay = chance.random() * 0.05 if chance.random() < 1 / 3 else 0.0
    return Moment(chance.randint(begin, course.total), delay)
