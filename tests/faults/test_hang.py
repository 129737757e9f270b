"""A disk that gives no answer: cancel holds, what hangs is said, and afterwards it works."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from modelarts_nb.operations import history
from modelarts_nb.operations.cancel import cancel
from modelarts_nb.operations.housekeeping import tidy
from modelarts_nb.operations.model import Operation
from modelarts_nb.operations.run import start
from tests.faults.world import make_source
from tests.slowfs.mount import SlowFs


@pytest.fixture
def hanging(
    mount_slowfs: Callable[..., SlowFs], home: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[SlowFs, Disk]:
    fs = mount_slowfs()
    monkeypatch.setenv("MODELARTS_NB_DISK", str(fs.path))
    monkeypatch.setenv("MODELARTS_NB_OWNER", "tester")
    monkeypatch.setattr(history, "GRACE", 1.0)
    monkeypatch.setattr(history, "HELD", 1.0)
    return fs, Disk(fs.path, "tester", home)


def _wait(id: str, ready: Callable[[Operation], bool]) -> Operation:
    end = time.monotonic() + 120
    while not ready(operation := history.show(id)):
        assert time.monotonic() < end, (operation.phase, operation.state, operation.error)
        time.sleep(0.05)
    return operation


@pytest.mark.parametrize(
    ("rule", "phase"),
    [("write HANG after=20 path=content", "copying"), ("mkdir HANG path=user_conda", "landing")],
)
def test_a_cancel_holds_although_the_disk_hangs(
    hanging: tuple[SlowFs, Disk], tmp_path: Path, rule: str, phase: str
) -> None:
    # Given a clone that waits for a disk which does not answer
    fs, disk = hanging
    make_source(tmp_path / "source")
    fs.fail(rule)
    id = start("env.clone", {"source": str(tmp_path / "source"), "name": "mine"}).id
    fs.wait_until_it_hangs()
    _wait(id, lambda now: now.phase == phase)
    # When it is cancelled
    began = time.monotonic()
    cancel(id)
    ended = _wait(id, lambda now: now.state != "running")
    # Then it ends while the disk still hangs, and says in what it hung
    assert time.monotonic() - began < 30
    assert ended.state == "cancelled"
    assert ended.error is not None
    assert phase in ended.error["message"]
    assert "disk hangs" in ended.error["hint"]
    # And once the disk answers, nothing is left and the same works
    fs.fail()
    end = time.monotonic() + 60
    while os.listdir(disk.staging) and time.monotonic() < end:
        tidy(disk)
        time.sleep(0.05)  # the killed process only dies now
    assert os.listdir(disk.staging) == []
    assert not disk.envs.exists() or os.listdir(disk.envs) == []
    clone(str(tmp_path / "source"), "mine", disk=disk)
