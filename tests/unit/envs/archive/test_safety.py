"""What an archive may ask for: paths, links, sizes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.envs.archive.safety import Allowance, Namespace, check_links, member_path
from modelarts_nb.envs.archive.tarstream import Member
from modelarts_nb.errors import ArchiveHostile, DiskFull


def link(target: str) -> Member:
    return Member("", "link", 0, 0o777, 0, target)


FILE = Member("", "file", 1, 0o644, 0)
DIR = Member("", "dir", 0, 0o755, 0)


@pytest.mark.parametrize(
    "raw", ["/etc/passwd", "../x", "a/../../x", "a/..", "..", "a\0b", "x" * 256, "a/" * 1500 + "b"]
)
def test_paths_that_lead_out_or_cannot_be_are_refused(raw: str) -> None:
    with pytest.raises(ArchiveHostile):
        member_path(raw)


@pytest.mark.parametrize(
    ("raw", "path"), [("./a/b", "a/b"), ("a//b/", "a/b"), (".", ""), ("./", ""), ("a/./b", "a/b")]
)
def test_paths_are_made_plain(raw: str, path: str) -> None:
    assert member_path(raw) == path


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc"},
        {"a": "../x"},
        {"d/a": "../../x"},
        {"s": ".", "y": "s/s/s/../../x"},
        {"s": "d/e", "y": "s/../../../x"},
        {"a": "b/../..", "b": "c"},
        {"a": ""},
        {"a": "b", "b": "/tmp"},
    ],
)
def test_links_that_lead_out_are_refused_however_they_go(links: dict[str, str]) -> None:
    with pytest.raises(ArchiveHostile, match="leads out"):
        check_links(links)


@pytest.mark.parametrize(
    "links",
    [
        {"a": "b"},
        {"lib/x.so": "x.so.1"},
        {"lib/a": "../share/b"},
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"d/e/f": "../.."},
        {"lib64": "lib", "x": "lib64/../bin"},
    ],
)
def test_links_inside_are_fine_also_when_they_lead_nowhere(links: dict[str, str]) -> None:
    check_links(links)


NAMES = st.sampled_from(["a", "b", "c", "a/x", "b/x", "c/y"])
TARGETS = st.lists(
    st.sampled_from(["a", "b", "c", "x", "y", "..", "."]), min_size=1, max_size=6
).map("/".join)


@settings(max_examples=200, deadline=None)
@given(links=st.dictionaries(NAMES, TARGETS, max_size=5))
def test_no_link_that_passes_leads_out_on_a_real_disk(
    tmp_path_factory: pytest.TempPathFactory, links: dict[str, str]
) -> None:
    space = Namespace()
    root = tmp_path_factory.mktemp("links") / "deep" / "root"
    root.mkdir(parents=True)
    try:
        for path, target in links.items():
            space.admit(path, link(target))
        check_links(space.links)
    except ArchiveHostile:
        return
    for path, target in space.links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    real = os.path.realpath(root)
    for path in space.links:
        try:
            end = os.path.realpath(root / path, strict=True)
        except OSError:
            continue
        assert end == real or end.startswith(real + "/")


def test_nothing_is_written_through_a_link() -> None:
    space = Namespace()
    space.admit("d", link("/tmp"))
    with pytest.raises(ArchiveHostile, match="through d"):
        space.admit("d/x", FILE)


def test_a_folder_cannot_become_a_link_later() -> None:
    space = Namespace()
    space.admit("d/x", FILE)
    with pytest.raises(ArchiveHostile):
        space.admit("d", link("/tmp"))


def test_a_later_member_of_the_same_path_wins() -> None:
    space = Namespace()
    assert not space.admit("x", link("y"))
    assert space.admit("x", FILE)
    assert not space.links


@pytest.mark.parametrize("target", ["missing", "d", "h", "../x", "/etc/passwd"])
def test_a_hard_link_leads_to_an_earlier_file_only(target: str) -> None:
    space = Namespace()
    space.admit("d", DIR)
    with pytest.raises(ArchiveHostile):
        space.admit("h", Member("", "hardlink", 0, 0o644, 0, target))


def test_names_that_differ_in_case_are_two_files() -> None:
    space = Namespace()
    assert not space.admit("Readme", FILE)
    assert not space.admit("README", FILE)


def test_more_than_is_free_is_refused_before_it_is_written() -> None:
    allowance = Allowance(free=1000)
    allowance.take(900, 10**6)
    with pytest.raises(DiskFull):
        allowance.take(200, 10**6)


def test_a_bomb_is_known_by_its_ratio() -> None:
    with pytest.raises(ArchiveHostile, match="would become"):
        Allowance(free=1 << 50).take(1 << 40, Path(__file__).stat().st_size)
