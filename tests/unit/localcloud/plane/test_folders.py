"""Emptying a notebook's home is safe: only marked folders, never through a link."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.localcloud.plane import folders as folders_module
from modelarts_nb.localcloud.plane import folders as module
from modelarts_nb.localcloud.plane.errors import Refused
from modelarts_nb.localcloud.plane.folders import MARKER, Folders


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A folder outside that nothing may touch."""
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    return folder


def test_a_wipe_empties_home_and_tmp(folders: Folders) -> None:
    (folders.home / ".config/deep").mkdir(parents=True)
    (folders.home / ".config/deep/file").write_text("x")
    (folders.tmp / "scratch").write_text("x")

    folders.wipe()

    assert os.listdir(folders.home) == os.listdir(folders.tmp) == []
    assert os.listdir(folders.root / "trash") == []


def test_a_wipe_keeps_disk_data_and_logs(folders: Folders) -> None:
    kept = [folders.disk / "env", folders.data / "set", folders.logs / "pre_start.log"]
    for path in kept:
        path.write_text("x")

    folders.wipe()

    assert all(path.read_text() == "x" for path in kept)


def test_what_links_lead_to_stays(folders: Folders, precious: Path) -> None:
    (folders.home / "to-folder").symlink_to(precious)
    (folders.home / "to-file").symlink_to(precious / "thesis.txt")
    (folders.home / "inner").mkdir()
    (folders.home / "inner" / "up").symlink_to("../../../..")
    os.link(precious / "thesis.txt", folders.home / "hard")

    folders.wipe()

    assert os.listdir(folders.home) == []
    assert (precious / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["home", "tmp"])
def test_a_link_in_place_of_a_folder_is_removed_and_not_entered(
    folders: Folders, precious: Path, name: str
) -> None:
    (folders.root / name).rmdir()
    (folders.root / name).symlink_to(precious)

    folders.wipe()

    assert not (folders.root / name).is_symlink()
    assert (precious / "thesis.txt").exists()


@pytest.mark.parametrize("which", ["notebook", "notebooks", "trash"])
def test_a_link_on_the_way_is_refused(folders: Folders, tmp_path: Path, which: str) -> None:
    # given the folder itself elsewhere, even with its marker, and a link in its place
    path = {
        "notebook": folders.root,
        "notebooks": folders.root.parent,
        "trash": folders.root / "trash",
    }[which]
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    (folders.home / "file").write_text("x")

    # when it is wiped, then nothing is deleted
    with pytest.raises((Refused, OSError)):
        folders.wipe()
    assert (folders.home / "file").exists()


@pytest.mark.parametrize(
    "marker",
    [
        None,
        "",
        "not json",
        "[]",
        json.dumps({"cloud": "another-cloud", "notebook": "nb-1"}),
        json.dumps({"cloud": "THIS", "notebook": "nb-2"}),
    ],
)
def test_a_folder_without_our_marker_is_refused(folders: Folders, marker: str | None) -> None:
    (folders.home / "file").write_text("x")
    (folders.root / MARKER).unlink()
    if marker is not None:
        (folders.root / MARKER).write_text(marker.replace("THIS", folders.cloud))

    for act in (folders.wipe, folders.remove):
        with pytest.raises(Refused):
            act()
    assert (folders.home / "file").exists()


def test_a_marker_that_is_a_link_is_refused(folders: Folders, tmp_path: Path) -> None:
    (folders.root / MARKER).rename(tmp_path / "marker")
    (folders.root / MARKER).symlink_to(tmp_path / "marker")

    with pytest.raises(Refused):
        folders.wipe()


def test_a_folder_that_was_there_is_never_adopted(tmp_path: Path) -> None:
    found = Folders(tmp_path, "this-cloud", "nb-9")
    found.home.mkdir(parents=True)
    (found.home / "file").write_text("somebody's")

    with pytest.raises(Refused):
        found.create()
    with pytest.raises(Refused):
        found.wipe()
    assert (found.home / "file").exists()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../nb-1", "a/b", "/etc", "A", "-a", "a-", "a\n", "a\0", "x" * 65]
)
def test_an_id_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        Folders(tmp_path, "this-cloud", name)


def test_a_mount_below_is_refused(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders.home / "file").write_text("x")
    monkeypatch.setattr(module, "mounted_below", lambda root: [f"{root}/home/usb"])

    for act in (folders.wipe, folders.remove):
        with pytest.raises(Refused, match="home/usb"):
            act()
    assert (folders.home / "file").exists()


def test_what_forbids_everything_is_deleted_too(folders: Folders) -> None:
    inner = folders.home / "locked" / "more"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    inner.chmod(0)
    inner.parent.chmod(0)

    folders.wipe()

    assert os.listdir(folders.root / "trash") == []


def test_a_tree_deeper_than_a_path_may_be_long_is_deleted(folders: Folders) -> None:
    # given 2100 folders in each other: no path names the innermost, no stack is that deep
    at = os.open(folders.home, os.O_RDONLY)
    for _ in range(2100):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)

    folders.wipe()

    assert os.listdir(folders.root / "trash") == []


def test_what_a_killed_wipe_left_is_deleted_by_the_next(folders: Folders) -> None:
    (folders.root / "trash" / "former" / "inner").mkdir(parents=True)
    (folders.root / "trash" / "former" / "inner" / "file").write_text("x")

    folders.wipe()

    assert os.listdir(folders.root / "trash") == []


_TREE = st.recursive(
    st.sampled_from(["file", "link", "broken", "fifo"]),
    lambda inner: st.dictionaries(
        st.binary(min_size=1, max_size=20).filter(
            lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(tree=st.dictionaries(st.text("ab.\n *?~\\\"'é", min_size=1, max_size=8), _TREE, max_size=5))
def test_any_tree_is_gone_and_nothing_else_is(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]
) -> None:
    base = tmp_path_factory.mktemp("any")
    outside = base / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    notebook = Folders(base, "this-cloud", "nb-1")
    notebook.create()
    neighbour = Folders(base, "this-cloud", "nb-2")
    neighbour.create()
    (neighbour.home / "file").write_text("x")
    named = {os.fsencode(k): v for k, v in tree.items() if k not in (".", "..")}
    grow(os.fsencode(notebook.home), named, os.fsencode(outside))

    notebook.wipe()
    assert os.listdir(notebook.home) == os.listdir(notebook.root / "trash") == []
    notebook.remove()

    assert sorted(os.listdir(base / "notebooks")) == ["nb-2"]
    assert (outside / "file").exists()
    assert (neighbour.home / "file").exists()


def grow(at: bytes, tree: object, target: bytes) -> None:
    """Make what the example says."""
    if isinstance(tree, dict):
        os.makedirs(at, exist_ok=True)
        for name, inner in tree.items():
            grow(os.path.join(at, name), inner, target)
    elif tree == "file":
        Path(os.fsdecode(at)).write_bytes(b"x")
    elif tree == "fifo":
        os.mkfifo(at)
    else:
        os.symlink(target if tree == "link" else b"/nowhere/at/all", at)


def test_removing_takes_the_notebook_and_its_disk(folders: Folders) -> None:
    (folders.disk / "env").mkdir()

    folders.remove()

    assert not folders.root.exists()


def test_removing_keeps_a_shared_disk(folders: Folders, precious: Path) -> None:
    shared = Folders(folders.state, folders.cloud, "nb-1", shared_disk=precious)

    shared.remove()

    assert (precious / "thesis.txt").exists()


def test_what_a_removal_that_was_killed_has_left_is_removed(folders: Folders) -> None:
    for name in [*folders.root.iterdir()]:
        name.unlink() if name.is_file() else name.rmdir()

    folders.remove()

    assert not folders.root.exists()


def test_a_new_folder_is_not_seen_before_it_has_its_marker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a cloud that is killed while it makes a notebook's folder
    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    found = Folders(tmp_path, "this-cloud", "nb-9")
    with monkeypatch.context() as patch:
        patch.setattr(folders_module.os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            found.create()
    assert not found.root.exists()

    found.create()
    found.wipe()


def test_removing_twice_is_fine(folders: Folders) -> None:
    folders.remove()
    folders.remove()

    assert not folders.root.exists()
