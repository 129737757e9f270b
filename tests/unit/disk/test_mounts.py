"""Reading the kernel's table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.disk.mounts import Kind, Mount, mount_of, read_mounts

TABLE = r"""22 1 0:20 / / rw,relatime - overlay overlay rw,lowerdir=/a
30 22 0:44 / /home/ma-user/work rw,relatime shared:1 master:2 - nfs4 sfs.example:/share rw,vers=4.1
31 22 0:45 / /data/with\040space ro,relatime - fuse.obsfs obsfs rw
32 22 0:46 / /dev/shm rw - tmpfs shm rw
33 30 8:1 / /home/ma-user/work/disk rw - ext4 /dev/vdb ro
broken line
34 22 0:46
"""


@pytest.fixture
def mounts(tmp_path: Path) -> list[Mount]:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    return read_mounts(table)


def test_broken_lines_are_ignored(mounts: list[Mount]) -> None:
    assert len(mounts) == 5


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ma-user/work/envs/user_conda/x", "network"),
        ("/home/ma-user/work/disk/x", "block"),
        ("/home/ma-user/workshop", "container"),
        ("/home/ma-user", "container"),
        ("/data/with space/x", "object"),
        ("/dev/shm", "memory"),
    ],
)
def test_the_deepest_mount_counts(mounts: list[Mount], path: str, kind: Kind) -> None:
    assert mount_of(Path(path), mounts).kind == kind


@pytest.mark.parametrize("path", ["/data/with space", "/home/ma-user/work/disk"])
def test_read_only_by_mount_or_by_file_system(mounts: list[Mount], path: str) -> None:
    assert mount_of(Path(path), mounts).read_only


def test_the_latest_mount_on_a_point_is_on_top(mounts: list[Mount]) -> None:
    over = Mount(Path("/dev/shm"), "ext4", "/dev/vdc", False)
    assert mount_of(Path("/dev/shm/x"), [*mounts, over]) == over


@pytest.mark.parametrize(
    ("fstype", "source", "kind"),
    [
        ("fuse.obsfs", "obsfs", "object"),
        ("fuse", "s3fs", "object"),
        ("fuse.sshfs", "me@host:/s3", "network"),
        ("fuse.juicefs", "JuiceFS:x", "network"),
        ("fuse.slowfs", "slowfs", "network"),
    ],
)
def test_fuse_programs(fstype: str, source: str, kind: Kind) -> None:
    assert Mount(Path("/x"), fstype, source, False).kind == kind


def test_the_real_table_has_a_root() -> None:
    assert mount_of(Path("/")).point == Path("/")
