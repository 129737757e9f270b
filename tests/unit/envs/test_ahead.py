"""Looking up environments before anybody asks for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.ahead import look_ahead
from tests.unit.envs.by_hand import make_on_disk


def test_every_environment_is_looked_up_once(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    prefixes = {make_on_disk(disk, name) for name in ("one", "two", "three")}
    real, looked = os.lstat, list[Path]()

    def lstat(path: Path) -> os.stat_result:
        looked.append(path)
        return real(path)

    monkeypatch.setattr(os, "lstat", lstat)
    # when
    look_ahead().join(10)
    # then
    assert sorted(looked) == sorted(prefixes)


def test_given_no_disk_then_nobody_hears_of_it(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELARTS_NB_DISK", str(disk.root / "gone"))
    thread = look_ahead()  # an exception in a thread would fail this test
    thread.join(10)
    assert not thread.is_alive()
