"""The machine's word about a path, from real file systems."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelarts_nb.disk import probe
from modelarts_nb.disk.mounts import Mount, read_mounts
from modelarts_nb.storage.machine import look_at, look_at_all
from tests.slowfs.mount import SlowFs


def mounted(path: Path, read_only: bool = False) -> list[Mount]:
    """A table of mounts in which this folder is one."""
    return [Mount(path, "nfs4", "share:/", read_only)]


def test_a_path_that_is_no_mount_is_not_mounted(tmp_path: Path) -> None:
    assert look_at(str(tmp_path)).mounted is False


def test_space_and_latency_of_a_mount_are_measured(tmp_path: Path) -> None:
    (found,) = look_at_all([str(tmp_path)], mounted(tmp_path), measure=True)

    assert (found.mounted, found.answers, found.fstype) == (True, True, "nfs4")
    assert found.total is not None
    assert found.used is not None
    assert found.free is not None
    assert 0 < found.free <= found.total
    assert found.stat_ms is not None
    assert found.write_ms is not None
    assert os.listdir(tmp_path) == []


def test_nothing_is_written_unless_asked(tmp_path: Path) -> None:
    (found,) = look_at_all([str(tmp_path)], mounted(tmp_path))

    assert found.write_ms is None


def test_nothing_is_written_where_it_is_read_only(tmp_path: Path) -> None:
    (found,) = look_at_all([str(tmp_path)], mounted(tmp_path, read_only=True), measure=True)

    assert (found.read_only, found.write_ms) == (True, None)


def test_a_real_mount_is_found_in_the_real_table() -> None:
    found = look_at("/proc")

    assert (found.mounted, found.fstype) == (True, "proc")


def test_in_a_notebook_of_the_local_cloud_a_link_below_its_data_counts_as_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given what the local cloud makes of /data, and says in a variable
    data, bucket = tmp_path / "data", tmp_path / "bucket"
    data.mkdir()
    bucket.mkdir()
    (data / "mine").symlink_to(bucket)
    monkeypatch.setenv("MODELARTS_NB_DATA", str(data))
    # when
    found = look_at("/data/mine", measure=True)
    # then
    assert (found.mounted, found.source) == (True, str(bucket))
    assert found.write_ms is not None
    assert os.listdir(bucket) == []
    # and one that is not mounted is not
    assert look_at("/data/other").mounted is False


def test_elsewhere_a_link_is_no_mount(tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(tmp_path)

    assert look_at(str(tmp_path / "mine")).mounted is False


def test_several_are_asked_at_a_time_and_each_gets_its_own_answer(tmp_path: Path) -> None:
    mounts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        mounts += mounted(tmp_path / name)
    gone = str(tmp_path / "gone")

    first, none, second = look_at_all([str(tmp_path / "a"), gone, str(tmp_path / "b")], mounts)

    assert (first.mounted, none.mounted, second.mounted) == (True, False, True)
    assert first.total == second.total


def test_a_file_system_that_refuses_says_why(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    (found,) = look_at_all([str(gone)], mounted(gone), measure=True)

    assert (found.mounted, found.answers, found.total) == (True, True, None)
    assert "No such file or directory" in found.failure


@pytest.mark.parametrize("name", ["with space", "新数据", "tab\there", "back\\slash"])
def test_a_mount_whose_name_the_kernel_escapes_is_found(tmp_path: Path, name: str) -> None:
    escaped = name.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011")
    table = tmp_path / "mountinfo"
    table.write_text(f"31 22 0:45 / /data/{escaped} rw - fuse.obsfs a\\040bucket rw\n", "utf-8")

    (found,) = look_at_all([f"/data/{name}"], read_mounts(table))

    assert (found.mounted, found.source) == (True, "a bucket")


def test_a_file_system_that_hangs_is_said_to_and_costs_the_others_nothing(
    tmp_path: Path, mount_slowfs: Callable[..., SlowFs], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "PATIENCE", 1.0)
    with hanging(mount_slowfs()) as dead:
        mounts = [*mounted(dead), *mounted(tmp_path)]

        hung, well = look_at_all([str(dead), str(tmp_path)], mounts)

    assert (hung.mounted, hung.answers, hung.total) == (True, False, None)
    assert (well.mounted, well.answers) == (True, True)
    assert well.total


@contextmanager
def hanging(fs: SlowFs) -> Iterator[Path]:
    """A file system whose program does not answer for a while."""
    found = subprocess.run(["pgrep", "-f", str(fs.path)], capture_output=True, text=True)
    pids = [int(pid) for pid in found.stdout.split()]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield fs.path
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
