"""Full and failing disks under sealed environments: a typed error, and nothing is lost."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.sealed_deeds import LOCAL
from tests.faults.sealed_judge import fail_and_judge, full_after, undisturbed
from tests.faults.sealed_world import SealedWorld
from tests.slowfs.mount import SlowFs

SEED = 7
NETWORK = ("seal", "save", "rollback", "gc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A short path, for the run root."""
    with tempfile.TemporaryDirectory(prefix="f") as folder:
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


@pytest.mark.parametrize("deed", NETWORK)
def test_a_full_network_disk_is_said_and_nothing_is_lost(
    deed: str, network: tuple[SealedWorld, SlowFs]
) -> None:
    world, fs = network
    course = undisturbed(deed, world, fs)
    # When the disk is full from some byte on
    most = course.needed["bytes_written"] // 2
    size = random.Random(f"{SEED} {deed}").randrange(most)
    code = fail_and_judge(course, world, fs, full_after(fs, size))
    # Then it is said, or what was left to be written was not needed
    assert code in ("disk_full", "done")


@pytest.mark.parametrize("deed", LOCAL)
def test_a_full_local_disk_is_said_and_nothing_is_lost(
    deed: str, local: tuple[SealedWorld, SlowFs]
) -> None:
    world, fs = local
    course = undisturbed(deed, world, fs)
    half = course.needed["bytes_written"] // 2
    code = fail_and_judge(course, world, fs, full_after(fs, half))
    # A rollback is on the disk when the copy cannot be made: the log says so.
    assert code == ("done" if deed == "rollback" else "disk_full")


def test_a_disk_that_fails_is_said_and_nothing_is_lost(network: tuple[SealedWorld, SlowFs]) -> None:
    world, fs = network
    course = undisturbed("save", world, fs)
    kind = random.Random(SEED).choice(["rename", "fsync", "create"])
    rule = f"{kind} EIO after={course.needed[kind] - 1}"
    assert fail_and_judge(course, world, fs, rule) in ("disk_failure", "done")
