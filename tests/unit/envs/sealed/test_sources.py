"""Sources: folders of others, added once, listed with what they offer, never written to."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed import sources
from modelarts_nb.envs.sealed.sources import list_sources, source_folders
from modelarts_nb.errors import (
    ModelArtsNbError,
    NameTaken,
    NotFound,
    UsageError,
)
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version


@pytest.fixture
def team(disk: Disk, tmp_path: Path) -> Disk:
    """A team's disk with a sealed environment in two versions."""
    theirs = Disk(tmp_path / "team", "team", disk.home)
    layer = make_layer(theirs, environment())
    packages = (Package("torch", "2.1.0", "pip"),)
    for number in (1, 2):
        make_version(
            theirs,
            "Torch",
            layer,
            number=number,
            arch=platform.machine(),
            packages=packages,
            size=900,
            why=f"number {number}",
        )
    return theirs


def test_a_source_offers_the_newest_version_of_each_environment(disk: Disk, team: Disk) -> None:
    # when
    added = sources.add(str(team.root), disk=disk)
    # then
    assert list_sources(disk=disk) == [added]
    assert (added.name, added.path, added.problem) == ("team", team.root / "envs", "")
    (offered,) = added.environments
    assert (offered.name, offered.number, offered.why) == ("team:Torch", 2, "number 2")
    assert (offered.highlights, offered.size, offered.unfit) == (("torch 2.1",), 900, "")
    assert offered.stored > 0


@pytest.mark.parametrize("part", ["", "envs", "envs/"])
def test_the_disk_or_its_envs_can_be_named(disk: Disk, team: Disk, part: str) -> None:
    assert sources.add(f"{team.root}/{part}", disk=disk).path == team.root / "envs"


def test_two_of_one_name_are_told_apart(disk: Disk, team: Disk, tmp_path: Path) -> None:
    other = tmp_path / "more" / "team"
    shutil.copytree(team.root / "envs", other)
    assert sources.add(str(team.root), disk=disk).name == "team"
    assert sources.add(str(other), disk=disk).name == "team-2"
    assert [source.name for source in list_sources(disk=disk)] == ["team", "team-2"]


@pytest.mark.parametrize("spelling", ["{root}", "{root}/envs", "team"])
def test_a_source_is_removed_by_its_name_or_folder(disk: Disk, team: Disk, spelling: str) -> None:
    sources.add(str(team.root), disk=disk)
    removed = sources.remove(spelling.format(root=team.root), disk=disk)
    assert (removed.name, removed.path) == ("team", team.root / "envs")
    assert list_sources(disk=disk) == []
    with pytest.raises(NotFound):
        sources.remove("team", disk=disk)


def bad(disk: Disk, team: Disk, which: str) -> str:
    """A path that cannot be a source."""
    empty = team.root.parent / "empty"
    (empty / "sealed").mkdir(parents=True)
    (empty / "file").write_text("")
    own = make_layer(disk, environment())
    make_version(disk, "mine", own)
    (empty / "link").symlink_to(disk.root)
    return {
        "nothing": str(empty / "nothing"),
        "a file": str(empty / "file"),
        "no sealed": str(team.root / "envs" / "images"),
        "none in it": str(empty),
        "own": str(disk.root),
        "own by a link": str(empty / "link" / "envs"),
    }[which]


@pytest.mark.parametrize(
    ("which", "error"),
    [
        ("nothing", NotFound),
        ("a file", NotFound),
        ("no sealed", NotFound),
        ("none in it", NotFound),
        ("own", UsageError),
        ("own by a link", UsageError),
    ],
)
def test_what_is_no_source_is_refused_with_a_hint(
    disk: Disk, team: Disk, which: str, error: type[ModelArtsNbError]
) -> None:
    with pytest.raises(error) as refused:
        sources.add(bad(disk, team, which), disk=disk)
    assert refused.value.hint
    assert source_folders(disk) == []


def test_a_source_is_added_once(disk: Disk, team: Disk, tmp_path: Path) -> None:
    sources.add(str(team.root), disk=disk)
    (tmp_path / "again").symlink_to(team.root)
    for path in (team.root, tmp_path / "again"):
        with pytest.raises(NameTaken, match="'team'"):
            sources.add(str(path), disk=disk)


def test_a_source_that_is_gone_says_so(disk: Disk, team: Disk) -> None:
    sources.add(str(team.root), disk=disk)
    shutil.rmtree(team.root)
    (source,) = list_sources(disk=disk)
    assert source.problem
    assert source.environments == ()


def test_what_cannot_run_here_or_be_read_says_why(disk: Disk, team: Disk) -> None:
    layer = make_layer(team, environment())
    make_version(team, "board", layer, arch="riscv128")
    make_version(team, "broken", layer)
    (team.sealed / "broken/1.json").write_text("{")
    offered = {o.name: o for o in sources.add(str(team.root), disk=disk).environments}
    assert "riscv128" in offered["team:board"].unfit
    assert "damaged" in offered["team:broken"].unfit
    assert offered["team:Torch"].unfit == ""


@pytest.mark.parametrize("damage", ["", "{", "{}", "[7, null]", '["relative"]'])
def test_a_damaged_list_is_an_empty_one(disk: Disk, damage: str) -> None:
    disk.own.mkdir(parents=True)
    (disk.own / "sources.json").write_text(damage)
    assert source_folders(disk) == []


def test_the_list_is_the_owners(disk: Disk, team: Disk) -> None:
    sources.add(str(team.root), disk=disk)
    assert list_sources(disk=replace(disk, owner="somebody-else")) == []


def test_nothing_is_written_into_a_source(disk: Disk, team: Disk) -> None:
    before = {path: os.stat(path).st_mtime_ns for path in team.root.rglob("*")}
    sources.add(str(team.root), disk=disk)
    list_sources(disk=disk)
    sources.remove("team", disk=disk)
    assert {path: os.stat(path).st_mtime_ns for path in team.root.rglob("*")} == before
