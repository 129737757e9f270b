"""Full and failing disks under sealed environments: a typed error, and nothing is lost."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.sealed_judge import Course, judge, run, undisturbed
from tests.faults.sealed_world import SealedWorld
from tests.slowfs.mount import SlowFs

SEED = 7
NETWORK = ("seal", "save", "rollback", "gc")
LOCAL = ("save", "rollback", "fill")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A short path, for the run root."""
    with tempfile.TemporaryDirectory(prefix="f", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def network(slowfs_program: Path, folder: Path) -> Iterator[tuple[SealedWorld, SlowFs]]:
    """A world whose persistent disk can be let fail."""
    fs = SlowFs(slowfs_program, folder / "network", 0, cached=False)
    world = SealedWorld(folder / "a", fs.path, "", behind=fs.source, local=folder / "l")
    world.build()
    yield world, fs
    fs.unmount()


@pytest.fixture(scope="module")
def local(slowfs_program: Path, folder: Path) -> Iterator[tuple[SealedWorld, SlowFs]]:
    """A world whose local disk can be let fail."""
    fs = SlowFs(slowfs_program, folder / "x", 0, cached=False)
    base, disk = folder / "b", folder / "b/disk"
    disk.mkdir(parents=True)
    world = SealedWorld(base, disk, "", local=fs.path, behind_local=fs.source)
    world.build()
    yield world, fs
    fs.unmount()


Rule = Callable[[SlowFs], str]


def full_after(size: int) -> Rule:
    """Every write fails once so many bytes were written."""
    return lambda fs: f"write ENOSPC after={fs.counts()['bytes_written'] + size}b"


def fail(course: Course, world: SealedWorld, fs: SlowFs, rule: Rule) -> str:
    """Let a disk fail during a deed; the code of its error, or ``done``.

    Raises:
        AssertionError: an error without a type, anything half or lost.
    """
    world.fresh()
    fs.fail(rule(fs))
    code, report = run(course.deed, world, None)
    fs.fail()
    assert code == 0, f"it ended with {code}: no typed error"
    error = str(report["error"])
    assert not error.startswith("internal"), error
    try:
        judge(course, world)
    except AssertionError as wrong:
        raise AssertionError(f"{error}\n{wrong}") from wrong
    return error.partition(":")[0] or "done"


def needed(fs: SlowFs, deed: str, world: SealedWorld) -> tuple[Course, dict[str, int]]:
    """How a deed goes undisturbed, and what it asks of a disk."""
    before = fs.counts()
    course = undisturbed(deed, world)
    return course, {name: count - before[name] for name, count in fs.counts().items()}


@pytest.mark.parametrize("deed", NETWORK)
def test_a_full_network_disk_is_said_and_nothing_is_lost(
    deed: str, network: tuple[SealedWorld, SlowFs]
) -> None:
    world, fs = network
    course, asked = needed(fs, deed, world)
    chance = random.Random(f"{SEED} {deed}")
    # When the disk is full from some byte on
    code = fail(course, world, fs, full_after(chance.randrange(asked["bytes_written"] // 2)))
    # Then it is said, or what was left to be written was not needed
    assert code in ("disk_full", "done")


@pytest.mark.parametrize("deed", LOCAL)
def test_a_full_local_disk_is_said_and_nothing_is_lost(
    deed: str, local: tuple[SealedWorld, SlowFs]
) -> None:
    world, fs = local
    course, asked = needed(fs, deed, world)
    code = fail(course, world, fs, full_after(asked["bytes_written"] // 2))
    # A rollback is on the disk when the copy cannot be made: the log says so.
    assert code == ("done" if deed == "rollback" else "disk_full")


def test_a_disk_that_fails_is_said_and_nothing_is_lost(network: tuple[SealedWorld, SlowFs]) -> None:
    world, fs = network
    course, asked = needed(fs, "save", world)
    kind = random.Random(SEED).choice([k for k in ("rename", "fsync", "create") if asked[k]])
    code = fail(course, world, fs, lambda _: f"{kind} EIO after={asked[kind] - 1}")
    assert code in ("disk_failure", "done")
