"""Break one verb of sealed environments at one moment, then judge what is left."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.inventory import holders
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.images import find_image
from modelarts_nb.envs.sealed.versions import numbers, read_version, sealed_names
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.operations.housekeeping import tidy
from modelarts_nb.progress import SILENT
from tests.faults.deeds import Moment
from tests.faults.killing import BOUND, left_behind, run
from tests.faults.sealed_deeds import SEALED, TARGETS
from tests.faults.sealed_world import SealedWorld, View, digest_of, views
from tests.slowfs.mount import SlowFs
from tests.unit.envs.sealed.readable import all_versions


@dataclass(frozen=True)
class Look:
    """What is there: environments as their users see them, and the files of all versions."""

    views: dict[str, View]
    versions: dict[str, bytes]
    kernels: tuple[str, ...]
    listed: tuple[str, ...]
    litter: int


@dataclass(frozen=True)
class Course:
    """How a deed goes undisturbed."""

    deed: str
    before: Look
    after: Look
    phases: list[list[Any]]
    total: int
    seconds: float
    needed: dict[str, int]


def look(disk: Disk) -> Look:
    """What is there now."""
    needed = {
        layer.image
        for name in sealed_names(disk)
        if numbers(disk, name)
        for version in all_versions(disk, name)
        for layer in version.layers
    }
    images = {name.partition(".")[0] for name in _names(disk.images)}
    listed = disk.home / ".conda/environments.txt"
    return Look(
        views(disk),
        {str(p.relative_to(disk.sealed)): p.read_bytes() for p in disk.sealed.glob("*/*.json")},
        tuple(sorted(n for n in _names(disk.local_kernels))),
        tuple(sorted(listed.read_text().splitlines())),
        len(images - needed),
    )


def undisturbed(deed: str, world: SealedWorld, fs: SlowFs | None = None) -> Course:
    """Do it without breaking anything; with the requests it ``needed`` of the disk ``fs``."""
    world.fresh()
    with world.settings():
        before = look(world.disk)
    counted = fs.counts() if fs else {}
    start = time.monotonic()
    code, report = run(deed, world, None, SEALED)
    assert code == 0, f"{deed} does not even work undisturbed"
    assert not report["error"], report["error"]
    seconds = time.monotonic() - start
    needed = {name: n - counted[name] for name, n in fs.counts().items()} if fs else {}
    with world.settings():
        after = look(world.disk)
        assert not half(world), f"left behind by an undisturbed {deed}: {half(world)}"
    return Course(deed, before, after, report["phases"], report["total"], seconds, needed)


def kill_and_judge(course: Course, world: SealedWorld, moment: Moment) -> str:
    """Kill it at that moment.

    Returns:
        ``new`` where the new state was found as a whole, else ``old``.

    Raises:
        AssertionError: anything half, anything lost, anything that needs a human.
    """
    world.fresh()
    code, report = run(course.deed, world, moment, SEALED)
    # Processes do not always ask the same number of things: it may have ended before.
    late = code == 0 and not report["error"]
    assert late or code == -signal.SIGKILL, f"it ended with {code} {report}"
    return judge(course, world)


def fail_and_judge(course: Course, world: SealedWorld, fs: SlowFs, rule: str) -> str:
    """Let a disk fail like that during a deed.

    Returns:
        The code of the error, or ``done`` where the deed worked in spite of it.

    Raises:
        AssertionError: an error without a type, anything half, anything lost.
    """
    world.fresh()
    fs.fail(rule)
    code, report = run(course.deed, world, None, SEALED)
    fs.fail()
    assert code == 0, f"it ended with {code}: no typed error"
    error = str(report["error"])
    assert not error.startswith("internal"), error
    try:
        judge(course, world)
    except AssertionError as wrong:
        raise AssertionError(f"{error}\n{wrong}") from wrong
    return error.partition(":")[0] or "done"


def full_after(fs: SlowFs, size: int) -> str:
    """The rule that every write fails once so many more bytes were written."""
    return f"write ENOSPC after={fs.counts()['bytes_written'] + size}b"


def judge(course: Course, world: SealedWorld) -> str:
    """Judge what is left, and whether the same again makes it good.

    Returns, raises:
        AssertionError: as ``kill_and_judge``.
    """
    disk = world.disk
    with world.settings():
        tidy(disk)
        assert not half(world), f"left behind: {half(world)}"
        found = look(disk)
        _require_nothing_lost(course, found, disk)
        _require_old_or_new(course, found)
        assert holders(disk) == {}, "a dead one seems to work on it"
        start, state = time.monotonic(), "new" if _is_new(course, found) else "old"
        if state == "old":
            try:
                SEALED[course.deed](world, SILENT)
            except ModelArtsNbError as error:
                difference = _difference(found.views, course)
                raise AssertionError(f"the same again: {error}\n{difference}") from error
        seconds = time.monotonic() - start
        bound = BOUND + 2 * course.seconds
        assert seconds < bound, f"the next operation took {seconds:.0f} s"
        end = look(disk)
        assert end.views == course.after.views, _difference(end.views, course)
        assert end.kernels == course.after.kernels
        assert not half(world), f"left behind by the next: {half(world)}"
    return state


def half(world: SealedWorld) -> list[str]:
    """Unfinished work that still takes space, on either disk."""
    disk = world.disk
    images = [path.name for path in disk.images.glob(".*")]
    stray = []
    if world.run.is_dir():
        known = {slot.path.name for slot in slots.filled(disk)}
        stray = [n for n in os.listdir(world.run) if not n.startswith(".") and n not in known]
        new = world.run / ".new"
        stray += os.listdir(new) if new.is_dir() else []
    # A clone has no heartbeat: its one small file is swept once it was seen for a minute.
    clones = {
        path.name for path in disk.staging.glob("clone-*") if not (path / "owner.json").exists()
    }
    return [*(name for name in left_behind(world) if name not in clones), *images, *stray]


def _require_nothing_lost(course: Course, found: Look, disk: Disk) -> None:
    """Versions are never changed, and all that are there can be used."""
    # Whatever they are called now, and in the bin as well.
    kept = {(Path(name).name, data) for name, data in found.versions.items()}
    kept |= {(path.name, path.read_bytes()) for path in disk.bin.glob("*/[1-9]*.json")}
    before = course.before.versions.items()
    lost = [name for name, data in before if (Path(name).name, data) not in kept]
    assert not lost, f"versions that were lost or changed: {lost}"
    for name in sealed_names(disk):
        for number in numbers(disk, name):
            for layer in read_version(disk, name, number).layers:
                find_image(disk, layer.image)
    if (was := course.before.views["shut"]).chosen != was.content:
        contents = {view.content for view in found.views.values()}
        contents |= {found.views["shut"].chosen}
        contents |= {digest_of(version, disk) for version in all_versions(disk, "shut")}
        assert was.chosen in contents, "what was not saved is lost"


def _require_old_or_new(course: Course, found: Look) -> None:
    targets = TARGETS[course.deed]
    others = {name: view for name, view in found.views.items() if name not in targets}
    before = {name: view for name, view in course.before.views.items() if name not in targets}
    assert others == before, f"others were changed: {_difference(found.views, course)}"
    for target in targets:
        here = found.views.get(target)
        old, new = course.before.views.get(target), course.after.views.get(target)
        if here in (old, new):
            continue
        # A version is written, and kernels here do not start from it yet.
        assert here, f"{target} is gone"
        known = [view for view in (old, new) if view]
        contents = {view.content for view in known} | {view.chosen for view in known} | {""}
        assert here.state in {view.state for view in known}, f"{target} is {here.state}"
        assert {here.content, here.chosen} <= contents, _difference(found.views, course)
    if course.deed.startswith("rename"):
        there = [target for target in targets if target in found.views]
        assert len(there) == 1, f"it has the names {there}"


def _is_new(course: Course, found: Look) -> bool:
    targets = TARGETS[course.deed]
    if not targets:
        return found.litter == course.after.litter
    return all(found.views.get(name) == course.after.views.get(name) for name in targets)


def _difference(found: dict[str, View], course: Course) -> str:
    lines = []
    for name in sorted({*found, *course.before.views, *course.after.views}):
        here = found.get(name)
        old, new = course.before.views.get(name), course.after.views.get(name)
        if not here == old == new:
            lines.append(f"{name}: {here}\n  before {old}\n  after {new}")
    return "\n".join(lines)


def _names(folder: os.PathLike[str]) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except FileNotFoundError:
        return []
