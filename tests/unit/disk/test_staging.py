"""Staging folders: removed on leaving, swept when the owner died."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelarts_nb.disk.heartbeat import Timing
from modelarts_nb.disk.landing import land
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import staged, sweep
from modelarts_nb.errors import Busy, DiskFailure, DiskTimeout

FAST = Timing(beat=0.02, give_up=0.1, stale=0.2)


def _abandoned(disk: Disk, name: str, **process: object) -> Path:
    """A staging folder as another process left it."""
    with staged(disk, name) as stage:
        record = json.loads((stage.path / "owner.json").read_bytes())
    record["process"].update(process)
    path = disk.staging / name
    path.mkdir()
    (path / "owner.json").write_text(json.dumps(record))
    (path / "content").write_text("half")
    return path


def test_the_folder_is_new_and_says_whose_it_is(disk: Disk) -> None:
    with staged(disk, "clone mine") as stage:
        record = json.loads((stage.path / "owner.json").read_bytes())
        assert os.listdir(stage.path) == ["owner.json"]
        assert stage.path == disk.staging / stage.id
        assert (record["owner"], record["purpose"]) == ("tester", "clone mine")
        assert record["process"]["pid"] == os.getpid()
        assert stage.id.startswith("clone-mine-")


@pytest.mark.parametrize("purpose", ["", "../../x", "中文", "a/b\x00", "x" * 300])
def test_any_purpose_makes_one_folder_below_staging(disk: Disk, purpose: str) -> None:
    with staged(disk, purpose) as stage:
        assert stage.path.parent == disk.staging
        assert os.listdir(disk.staging) == [stage.id]


def test_it_is_gone_afterwards(disk: Disk) -> None:
    with staged(disk, "x") as stage:
        (stage.path / "content" / "sub").mkdir(parents=True)
    assert os.listdir(disk.staging) == []


def test_it_is_gone_after_an_error_which_stays_the_same(disk: Disk) -> None:
    with pytest.raises(ValueError, match="mine"):
        with staged(disk, "x"):
            raise ValueError("mine")
    assert os.listdir(disk.staging) == []


def test_what_landed_stays(disk: Disk) -> None:
    with staged(disk, "x") as stage:
        (stage.path / "content").mkdir()
        land(stage, stage.path / "content", disk.envs / "mine")
    assert os.listdir(disk.envs) == ["mine"]
    assert os.listdir(disk.staging) == []


def test_a_disk_without_room_for_it_is_a_typed_error(disk: Disk) -> None:
    disk.private.parent.mkdir()
    disk.private.write_text("a file is in the way")
    with pytest.raises(DiskFailure), staged(disk, "x"):
        pytest.fail("entered")


def test_living_work_is_not_swept(disk: Disk) -> None:
    with staged(disk, "x") as stage:
        assert sweep(disk) == []
        assert stage.path.exists()


def test_work_of_a_dead_process_of_this_container_is_swept_at_once(disk: Disk) -> None:
    _abandoned(disk, "dead", pid=2**22 + 1)
    assert sweep(disk) == ["dead"]
    assert os.listdir(disk.staging) == []


def test_work_of_another_container_is_left_at_first(disk: Disk) -> None:
    path = _abandoned(disk, "theirs", host="another")
    assert sweep(disk) == []
    assert path.exists()


def test_work_of_another_container_is_swept_when_it_stays_silent(disk: Disk) -> None:
    _abandoned(disk, "theirs", host="another")
    sweep(disk, timing=FAST)
    time.sleep(FAST.stale)
    assert sweep(disk, timing=FAST) == ["theirs"]


def test_work_of_another_container_that_beats_is_never_swept(disk: Disk) -> None:
    path = _abandoned(disk, "theirs", host="another")
    for number in range(3):
        sweep(disk, timing=FAST)
        time.sleep(FAST.stale)
        record = {**json.loads((path / "owner.json").read_bytes()), "beat": str(number)}
        (path / "owner.json").write_text(json.dumps(record))
    assert sweep(disk, timing=FAST) == []
    assert path.exists()


@pytest.mark.parametrize("content", [None, b"", b"{torn"])
def test_a_folder_nobody_signed_is_swept_when_it_stays_so(
    disk: Disk, content: bytes | None
) -> None:
    path = disk.staging / "torn"
    path.mkdir(parents=True)
    if content is not None:
        (path / "owner.json").write_bytes(content)
    assert sweep(disk, timing=FAST) == []
    time.sleep(FAST.stale)
    assert sweep(disk, timing=FAST) == ["torn"]


def test_a_sweep_that_was_killed_is_finished_by_the_next(disk: Disk) -> None:
    (disk.staging / ".dead-x" / "sub").mkdir(parents=True)
    assert sweep(disk) == ["x"]
    assert os.listdir(disk.staging) == []


def test_locks_that_were_never_finished_are_swept(disk: Disk) -> None:
    disk.locks.mkdir(parents=True)
    (disk.locks / ".abc.new").write_text("")
    (disk.locks / "mine.json").write_text("")
    sweep(disk, timing=FAST)
    time.sleep(FAST.stale)
    sweep(disk, timing=FAST)
    assert os.listdir(disk.locks) == ["mine.json"]


def test_a_new_disk_has_nothing_to_sweep(disk: Disk) -> None:
    assert sweep(disk) == []


def test_an_owner_who_slept_too_long_cannot_land(disk: Disk) -> None:
    # Given an owner who sleeps while its folder is swept by somebody else
    with staged(disk, "x", timing=FAST) as stage:
        (stage.path / "content").mkdir()
        os.rename(stage.path, disk.staging / ".dead-x")
        time.sleep(FAST.give_up)
        # When it wakes up and lands, then it has to give up
        with pytest.raises(Busy):
            land(stage, disk.staging / ".dead-x" / "content", disk.envs / "mine")
    assert os.listdir(disk.envs) == []


def test_a_killed_process_leaves_work_that_is_swept(disk: Disk) -> None:
    program = (
        "import os, pathlib, sys\n"
        "from modelarts_nb.disk.persistent import Disk\n"
        "from modelarts_nb.disk.staging import staged\n"
        "disk = Disk(pathlib.Path(sys.argv[1]), 'other', pathlib.Path(sys.argv[2]))\n"
        "with staged(disk, 'x') as stage:\n"
        "    (stage.path / 'content').mkdir()\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(disk.root), str(disk.home)], timeout=90)
    assert len(os.listdir(disk.staging)) == 1
    assert len(sweep(disk)) == 1
    assert os.listdir(disk.staging) == []


def test_a_disk_that_does_not_answer_any_more_is_not_taken_for_a_sweep(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(path: object) -> list[str]:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    def work() -> None:
        with staged(disk, "clone mine"):
            monkeypatch.setattr(os, "listdir", hang)
            raise DiskTimeout("The disk does not answer.")

    with pytest.raises(DiskTimeout):
        work()
