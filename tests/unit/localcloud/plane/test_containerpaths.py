"""The container's paths on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.localcloud.plane.containerpaths import in_container, on_machine, rewritten
from modelarts_nb.localcloud.plane.folders import Folders

NB = Folders(Path("/state"), "cloud", "nb")


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/home/ma-user", "/state/notebooks/nb/home"),
        ("/home/ma-user/.bashrc", "/state/notebooks/nb/home/.bashrc"),
        ("/home/ma-user/work", "/state/notebooks/nb/disk"),
        ("/home/ma-user/work/a/b", "/state/notebooks/nb/disk/a/b"),
        ("/home/ma-user/workshop", "/state/notebooks/nb/home/workshop"),
        ("/data/set", "/state/notebooks/nb/data/set"),
        ("/database", "/database"),
        ("/usr/bin/env", "/usr/bin/env"),
        ("/data/../etc/passwd", "/etc/passwd"),
        ("/../../data/x", "/state/notebooks/nb/data/x"),
    ],
)
def test_where_a_path_is(path: str, where: str) -> None:
    assert str(on_machine(path, NB)) == where


@given(parts=st.lists(st.sampled_from(["..", ".", "a", "work", "data", "home", "ma-user", ""])))
def test_no_dots_lead_beside_the_notebooks_folders(parts: list[str]) -> None:
    found = str(on_machine("/" + "/".join(parts), NB))

    assert ".." not in found.split("/")
    inside = ("home", "disk", "data")
    if found.startswith("/state"):
        assert found.split("/")[:5] in [["", "state", "notebooks", "nb", name] for name in inside]


@given(
    start=st.sampled_from(["/home/ma-user", "/home/ma-user/work", "/data"]),
    rest=st.lists(st.sampled_from("abc"), max_size=3),
)
def test_there_and_back(start: str, rest: list[str]) -> None:
    path = os.path.join(start, *rest)

    assert in_container(on_machine(path, NB), NB) == path


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("sh /home/ma-user/work/hook.sh", "sh /state/notebooks/nb/disk/hook.sh"),
        ("X='/home/ma-user/work'", "X='/state/notebooks/nb/disk'"),
        ("cd /home/ma-user;ls", "cd /state/notebooks/nb/home;ls"),
        ("PATH=/data/bin:/home/ma-user/bin", "PATH=/state/notebooks/nb/data/bin:"
         "/state/notebooks/nb/home/bin"),
        ("ls /home/ma-user/workshop", "ls /state/notebooks/nb/home/workshop"),
        ("ls /home/ma-user2 /database", "ls /home/ma-user2 /database"),
        ("ls /mnt/data $HOME/data ${X}/data ./data", "ls /mnt/data $HOME/data ${X}/data ./data"),
    ],
)  # fmt: skip
def test_a_hooks_text(text: str, becomes: str) -> None:
    assert rewritten(text, NB) == becomes


def test_a_folder_that_a_shell_would_misread_is_not_written_into_a_text() -> None:
    strange = Folders(Path("/my state"), "cloud", "nb")

    assert rewritten("ls /data", strange) == "ls /data"
