"""Faults: kills, full and failing disks, two who want the same. The old state or the new."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier as BarrierType
from pathlib import Path

import pytest

from modelarts_nb.disk.heartbeat import Timing
from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.scan import scan
from modelarts_nb.disk.staging import replace_file, staged, sweep
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.errors import AccessDenied, DiskFailure, DiskFull, DiskTimeout, NameTaken
from tests.slowfs.mount import SlowFs

FAST = Timing(stale=0.6)
MountSlowFs = Callable[..., SlowFs]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small environment."""
    root = tmp_path / "source"
    (root / "conda-meta" / "modelarts_nb").mkdir(parents=True)
    (root / "conda-meta" / "history").write_text("")
    for folder in range(10):
        (root / "lib" / str(folder)).mkdir(parents=True)
        for file in range(10):
            (root / "lib" / str(folder) / f"{file}.py").write_text(f"{folder}.{file}" * 50)
    (root / "lib" / "link").symlink_to("0/0.py")
    (root / "lib" / "again.py").hardlink_to(root / "lib" / "0" / "0.py")
    return root


@pytest.fixture
def fs(mount_slowfs: MountSlowFs) -> SlowFs:
    return mount_slowfs(rtt_us=100)


@pytest.fixture
def faulty(fs: SlowFs, home: Path) -> Disk:
    """A persistent disk on which operations can be made to fail."""
    disk = Disk(fs.path, "tester", home)
    disk.envs.mkdir(parents=True)
    return disk


def _content(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def _environments(disk: Disk) -> list[str]:
    return os.listdir(disk.envs) if disk.envs.exists() else []


def _clone(disk: Disk, source: Path, name: str) -> None:
    with lock(disk, name), staged(disk, name) as stage:
        copy_tree(scan(source), stage.path / "content")
        land(stage, stage.path / "content", disk.envs / name)


def _start(disk: Disk, source: Path, moment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.disk_worker"]
    arguments = [str(disk.root), str(disk.home), str(source), "mine", moment]
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [*command, *arguments], cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "is_new"),
    [
        ("copying", False),
        ("syncing", False),
        ("renaming", False),
        ("renamed", True),
        ("landed", True),
    ],
)
def test_a_kill_leaves_the_old_state_or_the_new(
    disk: Disk, source: Path, moment: str, is_new: bool
) -> None:
    # Given a clone that is killed at that moment
    child = _start(disk, source, moment)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    # When the next one comes
    swept = sweep(disk)
    # Then the name is free or the environment complete, and nothing else is left
    assert len(swept) == 1
    assert os.listdir(disk.staging) == []
    assert _environments(disk) == (["mine"] if is_new else [])
    if is_new:
        found = _content(disk.envs / "mine")
        found.pop("conda-meta/modelarts_nb/landing", None)  # ignored by conda, and by us
        assert found == _content(source)


def test_after_a_kill_the_same_can_be_run_again(disk: Disk, source: Path) -> None:
    _start(disk, source, "copying").communicate(timeout=60)
    _clone(disk, source, "mine")
    assert _content(disk.envs / "mine") == _content(source)
    assert os.listdir(disk.locks) == []


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_a_kill_at_any_time(disk: Disk, source: Path, delay: float) -> None:
    # Given a clone that is killed some time after it began to work
    child = _start(disk, source, "")
    end = time.monotonic() + 60
    while not disk.staging.is_dir() and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(delay)
    child.kill()
    child.communicate()
    # When its remains are swept (twice: it may not have said yet who it was)
    sweep(disk, timing=FAST)
    time.sleep(FAST.stale)
    sweep(disk, timing=FAST)
    # Then the environment is complete or not there
    assert os.listdir(disk.staging) == []
    if (disk.envs / "mine").exists():
        assert _content(source).items() <= _content(disk.envs / "mine").items()


def test_an_owner_that_was_stopped_and_swept_does_not_land(disk: Disk, source: Path) -> None:
    # Given a clone whose process is stopped before it lands (a suspended machine, a hung disk)
    child = _start(disk, source, "asleep")
    try:
        while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert child.poll() is None
            time.sleep(0.01)
        # When another sweeps it after the time of silence, and it wakes up
        sweep(disk, timing=FAST)
        time.sleep(FAST.stale)
        assert len(sweep(disk, timing=FAST)) == 1
    finally:
        child.send_signal(signal.SIGCONT)
    # Then it gives up
    assert child.communicate(timeout=60)[0] == "busy\n"
    assert _environments(disk) == []
    assert os.listdir(disk.staging) == []


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("write ENOSPC after=10 path=content", DiskFull),
        ("write ENOSPC after=5000b path=content", DiskFull),
        ("write EDQUOT after=40 path=content", DiskFull),
        ("write EIO after=10 path=content", DiskFailure),
        ("flush EIO after=10 path=content", DiskFailure),
        ("flush EDQUOT after=10 path=content", DiskFull),
        ("create ENOSPC after=50 path=content", DiskFull),
        ("create EDQUOT path=content", DiskFull),
        ("create EACCES after=5 path=content", AccessDenied),
        ("mkdir ENOSPC after=3 path=content", DiskFull),
        ("mkdir EROFS path=staging/", DiskFailure),
        ("symlink EIO path=content", DiskFailure),
        ("link EIO path=content", DiskFailure),
        ("setattr EIO after=30 path=content", DiskFailure),
        ("rename EIO path=content", DiskFailure),
        ("rename ENOSPC path=content", DiskFull),
        ("rename ETIMEDOUT path=content", DiskTimeout),
        ("create ENOSPC path=owner.json", DiskFull),
        ("link EIO path=mine.json", DiskFailure),
    ],
)
def test_a_failing_disk_ends_it_with_a_typed_error_and_as_it_was(
    fs: SlowFs, faulty: Disk, source: Path, rule: str, error: type[Exception]
) -> None:
    # Given a disk that begins to fail
    fs.fail(rule)
    # When something is cloned, then the error says what it is
    with pytest.raises(error) as failed:
        _clone(faulty, source, "mine")
    assert type(failed.value) is error
    assert failed.value.hint
    # And the disk is as it was, and well again it does the same
    fs.fail()
    assert os.listdir(faulty.envs) == []
    assert not faulty.staging.exists() or os.listdir(faulty.staging) == []
    assert [name for name in os.listdir(faulty.locks) if name.endswith(".json")] == []
    _clone(faulty, source, "mine")
    assert _content(faulty.envs / "mine") == _content(source)


@pytest.mark.parametrize("rule", ["read EIO path=4.py", "open EIO path=4.py"])
def test_a_source_that_fails_ends_it_likewise(
    fs: SlowFs, disk: Disk, source: Path, rule: str
) -> None:
    copy_tree(scan(source), fs.path / "source")
    fs.fail(rule)
    with pytest.raises(DiskFailure):
        _clone(disk, fs.path / "source", "mine")
    assert os.listdir(disk.staging) == []
    assert not disk.envs.exists()


@pytest.mark.parametrize(
    "rule", ["rename ENOENT late path=content", "rename EIO late path=content"]
)
def test_a_rename_whose_reply_is_lost_has_landed(
    fs: SlowFs, faulty: Disk, source: Path, rule: str
) -> None:
    fs.fail(rule)
    _clone(faulty, source, "mine")
    assert _content(faulty.envs / "mine") == _content(source)


def test_a_lock_whose_reply_is_lost_is_held(fs: SlowFs, faulty: Disk) -> None:
    fs.fail("link EEXIST late path=mine.json")
    with lock(faulty, "mine") as held:
        assert held.path.exists()
    assert os.listdir(faulty.locks) == []


@pytest.mark.parametrize(
    "rule", ["write ENOSPC", "flush EIO", "create EDQUOT", "rename EIO", "fsync EIO path=.tmp"]
)
def test_a_small_file_is_the_old_one_when_its_replacement_fails(
    fs: SlowFs, faulty: Disk, rule: str
) -> None:
    path = faulty.envs / "state.json"
    replace_file(path, b"old")
    fs.fail(rule)
    with pytest.raises((DiskFull, DiskFailure)):
        replace_file(path, b"new")
    fs.fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(faulty.envs) == ["state.json"]


@pytest.mark.parametrize("rule", ["unlink EIO after=20", "rmdir EIO after=2"])
def test_a_removal_that_fails_can_be_run_again(
    fs: SlowFs, faulty: Disk, source: Path, rule: str
) -> None:
    copy_tree(scan(source), faulty.envs / "old")
    fs.fail(rule)
    with pytest.raises(DiskFailure):
        remove_tree(faulty.envs / "old")
    fs.fail()
    remove_tree(faulty.envs / "old")
    assert os.listdir(faulty.envs) == []


def _race(root: Path, home: Path, names: list[str], barrier: BarrierType, wins: Path) -> None:
    """In a process of its own: land every name at the same moment as the other does."""
    disk = Disk(root, wins.name, home)
    won = []
    for name in names:
        with staged(disk, name) as stage:
            built = stage.path / "content"
            built.mkdir()
            (built / "who").write_text(wins.name)
            barrier.wait(60)
            try:
                land(stage, built, disk.envs / name)
            except NameTaken:
                continue
            won.append(name)
    wins.write_text("\n".join(won))


@pytest.mark.parametrize("other", [str.lower, str.upper], ids=["same name", "another case"])
def test_of_two_who_land_the_same_name_exactly_one_wins(
    fs: SlowFs, home: Path, tmp_path: Path, other: Callable[[str], str]
) -> None:
    # Given two processes that build the same environments and land them at the same moments
    names = [f"env-{number}" for number in range(50)]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    sides = [(tmp_path / "a", names), (tmp_path / "b", [other(name) for name in names])]
    children = [
        context.Process(target=_race, args=(fs.path, home, wanted, barrier, wins))
        for wins, wanted in sides
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    # Then every one is there once, and is the winner's
    won = {name: wins.name for wins, _ in sides for name in wins.read_text().split()}
    landed = os.listdir(fs.path / "envs" / "user_conda")
    assert sorted(name.lower() for name in landed) == sorted(names)
    assert sorted(won) == sorted(landed)
    for name in landed:
        assert os.listdir(fs.path / "envs" / "user_conda" / name) == ["who"]
        assert (fs.path / "envs" / "user_conda" / name / "who").read_text() == won[name]
