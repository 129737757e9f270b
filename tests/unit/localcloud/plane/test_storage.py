"""Storage becomes visible under a notebook's ``/data``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.localcloud.plane.errors import MountFailed
from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.plane.storage import mount, name_under_data, unmount


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "bucket"
    folder.mkdir()
    (folder / "object").write_text("x")
    return folder


@pytest.mark.parametrize("path", ["/data/set1", "/data/set1/"])
def test_a_mounted_folder_is_there(folders: Folders, bucket: Path, path: str) -> None:
    mount(folders, path, bucket)

    assert (folders.data / "set1" / "object").read_text() == "x"


def test_what_was_written_there_is_in_the_bucket_after_unmounting(
    folders: Folders, bucket: Path
) -> None:
    mount(folders, "/data/set1", bucket)
    (folders.data / "set1" / "new").write_text("y")

    unmount(folders, "/data/set1")

    assert os.listdir(folders.data) == []
    assert (bucket / "new").read_text() == "y"


def test_a_wipe_keeps_mounts_and_removing_the_notebook_keeps_the_bucket(
    folders: Folders, bucket: Path
) -> None:
    mount(folders, "/data/set1", bucket)
    folders.wipe()
    assert (folders.data / "set1" / "object").exists()

    folders.remove()

    assert (bucket / "object").exists()


def test_two_cannot_be_at_one_place(folders: Folders, bucket: Path) -> None:
    mount(folders, "/data/set1", bucket)

    with pytest.raises(MountFailed, match="exists already"):
        mount(folders, "/data/set1/", bucket)


def test_a_source_that_is_not_there(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(MountFailed, match="no folder"):
        mount(folders, "/data/set1", tmp_path / "missing")


def test_a_folder_of_the_users_is_not_unmounted(folders: Folders) -> None:
    (folders.data / "mine").mkdir()

    with pytest.raises(MountFailed, match="user's"):
        unmount(folders, "/data/mine")
    assert (folders.data / "mine").is_dir()


def test_unmounting_what_is_gone_is_fine(folders: Folders) -> None:
    unmount(folders, "/data/set1")

    assert os.listdir(folders.data) == []


@given(path=st.text(st.sampled_from("/data.-_1 \n~é"), max_size=20))
def test_a_mount_path_names_one_folder_below_data_or_nothing(path: str) -> None:
    name = name_under_data(path)

    if name is not None:
        assert path in (f"/data/{name}", f"/data/{name}/")
        assert "/" not in name
        assert "." not in name
