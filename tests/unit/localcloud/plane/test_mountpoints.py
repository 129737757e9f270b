"""What the kernel says is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.localcloud.plane.mountpoints import mounted_below


@pytest.fixture
def mountinfo(tmp_path: Path) -> Path:
    place = str(tmp_path).replace(" ", "\\040")
    table = tmp_path / "mountinfo"
    table.write_text(
        f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"2 1 8:1 /x {place}/nb/home/usb\\040stick rw - ext4 /dev/sda1 rw\n"
        f"3 1 8:1 /x {place}/nb2/home rw - ext4 /dev/sda1 rw\n"
        f"4 1 8:1 /x {place}/nb rw - ext4 /dev/sda1 rw\n"
    )
    return table


def test_only_what_is_strictly_below_counts(mountinfo: Path, tmp_path: Path) -> None:
    assert mounted_below(tmp_path / "nb", mountinfo) == [f"{tmp_path}/nb/home/usb stick"]


def test_a_link_to_the_folder_is_the_folder(mountinfo: Path, tmp_path: Path) -> None:
    (tmp_path / "nb").mkdir()
    (tmp_path / "link").symlink_to("nb")

    assert len(mounted_below(tmp_path / "link", mountinfo)) == 1
