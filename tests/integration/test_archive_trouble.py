"""Archives on a slow and on a failing disk (slowfs): latency is hidden, faults are named."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.pack import pack
from modelarts_nb.envs.archive.shelf import list_archives
from modelarts_nb.envs.archive.unpack import unpack
from modelarts_nb.errors import Busy, DiskFailure, DiskFull
from tests.slowfs.mount import SlowFs


@pytest.fixture
def failing(mount_slowfs: Callable[..., SlowFs], disk: Disk) -> tuple[SlowFs, Disk]:
    fs = mount_slowfs()
    return fs, Disk(fs.path, disk.owner, disk.home)


def nothing_visible(disk: Disk) -> bool:
    folders = (disk.archives, disk.envs, disk.staging)
    return not any(os.listdir(folder) for folder in folders if folder.exists())


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("write ENOSPC after=3000000b path=archives", DiskFull),
        ("write EDQUOT after=3 path=archives", DiskFull),
        ("create EIO path=archives", DiskFailure),
        ("fsync EIO path=archives", DiskFailure),
    ],
)
def test_packing_to_a_failing_disk(
    failing: tuple[SlowFs, Disk], small_env: Path, rule: str, error: type[Exception]
) -> None:
    fs, disk = failing
    fs.fail(rule)
    with pytest.raises(error):
        pack(str(small_env), disk=disk)
    fs.fail()
    assert nothing_visible(disk)


def test_a_lost_reply_is_no_failure(failing: tuple[SlowFs, Disk], small_env: Path) -> None:
    fs, disk = failing
    fs.fail("link EEXIST late path=archives")
    archive = pack(str(small_env), disk=disk)
    fs.fail()
    assert [a.path for a in list_archives(disk=disk)] == [archive.path]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("write ENOSPC after=3000000b path=content", DiskFull),
        ("create ENOSPC after=300 path=content", DiskFull),
        ("mkdir EIO after=100 path=content", DiskFailure),
        ("flush EIO after=50 path=content", DiskFailure),
    ],
)
def test_unpacking_to_a_failing_disk(
    failing: tuple[SlowFs, Disk],
    disk: Disk,
    small_env: Path,
    rule: str,
    error: type[Exception],
) -> None:
    fs, slow = failing
    archive = pack(str(small_env), disk=disk)
    fs.fail(rule)
    with pytest.raises(error):
        unpack(str(archive.path), "mine", kernel=False, disk=slow)
    fs.fail()
    assert nothing_visible(slow)


@pytest.mark.parametrize(
    ("rule", "errors"),
    # A stale handle may already meet the look at the environment, which calls it a failure.
    [("read EIO after=200", (DiskFailure,)), ("open ESTALE after=200", (Busy, DiskFailure))],
)
def test_packing_from_a_failing_disk(
    failing: tuple[SlowFs, Disk],
    disk: Disk,
    small_env: Path,
    rule: str,
    errors: tuple[type[Exception], ...],
) -> None:
    fs, slow = failing
    archive = pack(str(small_env), disk=disk)
    unpack(str(archive.path), "mine", kernel=False, disk=slow)
    fs.fail(rule)
    with pytest.raises(errors):
        pack(str(slow.envs / "mine"), output=str(disk.root / "x.tar"), disk=disk)
    fs.fail()
    assert not (disk.root / "x.tar").exists()


def test_latency_is_hidden(slow_disk: Disk, small_env: Path, tmp_path: Path) -> None:
    """One after the other, each file would need at least four round trips of a millisecond."""
    archive = pack(str(small_env), output=str(tmp_path / "x.tar.zst"), disk=slow_disk)
    assert archive.files is not None
    one_by_one = archive.files * 4 / 1000

    start = time.monotonic()
    unpack(str(archive.path), "mine", kernel=False, disk=slow_disk)
    unpacking = time.monotonic() - start

    start = time.monotonic()
    pack("mine", disk=slow_disk)
    packing = time.monotonic() - start

    assert unpacking < one_by_one
    assert packing < one_by_one
