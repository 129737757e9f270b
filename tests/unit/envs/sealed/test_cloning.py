"""Clones of sealed environments: a name for the same images."""

from __future__ import annotations

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed import sources
from modelarts_nb.envs.sealed.cloning import Template, clone_sealed, sealed_source
from modelarts_nb.envs.sealed.collecting import gc
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.versions import numbers, read_head, read_version, sealed_names
from modelarts_nb.errors import (
    AccessDenied,
    ArchiveInvalid,
    Busy,
    DiskFailure,
    DiskFull,
    InvalidName,
    ModelArtsNbError,
    NameTaken,
    NotFound,
    PlatformMismatch,
)
from tests.unit.envs.by_hand import make_on_disk
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version

pytestmark = pytest.mark.usefixtures("run")


@pytest.fixture
def mine(disk: Disk) -> Disk:
    """The disk with ``Mine`` in three versions."""
    layers = [make_layer(disk, environment(text)) for text in ("one", "two", "three")]
    for number, layer in enumerate(layers, 1):
        make_version(disk, "Mine", layer, number=number, files=7, size=70, why=f"number {number}")
    return disk


def template(disk: Disk) -> Template:
    """The newest version of ``Mine``."""
    found = sealed_source("Mine", disk)
    assert found
    return found


def everything(disk: Disk) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in disk.sealed.rglob("*") if p.is_file()}


def test_a_clone_has_the_images_of_the_newest_version(mine: Disk) -> None:
    before = everything(mine)
    # when
    environment = clone("Mine", "copy", disk=mine)
    # then
    made, source = read_version(mine, "copy"), read_version(mine, "Mine")
    assert (environment.name, environment.state, environment.version) == ("copy", "sealed", 1)
    assert (made.number, made.layers, made.parent, made.stored) == (1, source.layers, None, 0)
    assert made.why == "clone of Mine version 3"
    assert made.owner == "tester"
    assert {path: data for path, data in everything(mine).items() if path in before} == before
    assert os.listdir(mine.staging) == []


@pytest.mark.parametrize(
    ("source", "number"), [("Mine", 3), ("mine", 3), ("Mine@1", 1), ("mine@2", 2)]
)
def test_a_version_is_named_with_its_number(mine: Disk, source: str, number: int) -> None:
    template = sealed_source(source, mine)
    assert template
    assert template.version == read_head(mine, "Mine", number)


@pytest.mark.parametrize("source", ["other", "other@1", "/image/envs/x", "", "~", "Mine@0", "@1"])
def test_what_is_not_sealed_is_none(mine: Disk, source: str) -> None:
    make_on_disk(mine, "other")
    assert sealed_source(source, mine) is None


@pytest.mark.parametrize("source", ["Mine@9", "team:x", "Mine:x"])
def test_what_is_named_and_not_there_is_not_found(mine: Disk, source: str) -> None:
    with pytest.raises(NotFound) as none:
        sealed_source(source, mine)
    assert none.value.hint


def test_an_earlier_version_of_an_open_environment_can_be_had_beside_it(mine: Disk) -> None:
    make_on_disk(mine, "Mine")
    assert sealed_source("Mine", mine) is None
    clone("Mine@2", "before", disk=mine)
    assert read_version(mine, "before").layers == read_version(mine, "Mine", 2).layers


def test_the_images_of_a_source_stay_there(mine: Disk, tmp_path: Path) -> None:
    # given
    theirs = Disk(tmp_path / "team", "team", mine.home)
    layer = make_layer(theirs, environment("theirs"))
    make_version(theirs, "Torch", layer)
    sources.add(str(theirs.root), disk=mine)
    # when
    clone("team:torch", "torch", disk=mine)
    # then
    assert read_version(mine, "torch").layers == (layer,)
    assert not image_path(mine, layer.image).exists()
    assert numbers(theirs, "Torch") == [1]


@pytest.mark.parametrize(
    ("name", "error"),
    [("Mine", NameTaken), ("mINE", NameTaken), ("open", NameTaken), ("a/b", InvalidName)],
)
def test_a_name_that_cannot_be_changes_nothing(
    mine: Disk, name: str, error: type[ModelArtsNbError]
) -> None:
    make_on_disk(mine, "open")
    before = everything(mine)
    with pytest.raises(error):
        clone("Mine", name, disk=mine)
    assert everything(mine) == before


def test_an_empty_folder_that_a_killed_seal_left_is_no_environment(mine: Disk) -> None:
    (mine.sealed / "copy").mkdir()
    clone_sealed(template(mine), "copy", disk=mine)
    assert numbers(mine, "copy") == [1]


def test_without_its_images_it_is_not_cloned(mine: Disk) -> None:
    image_path(mine, read_version(mine, "Mine").layers[0].image).unlink()
    with pytest.raises(NotFound, match="gone"):
        clone("Mine", "copy", disk=mine)
    assert numbers(mine, "copy") == []
    clone("Mine@2", "copy", disk=mine)


def test_what_cannot_run_here_is_not_cloned(mine: Disk) -> None:
    assert platform.machine() != "riscv128"
    make_version(mine, "board", make_layer(mine, environment()), arch="riscv128")
    with pytest.raises(PlatformMismatch):
        clone("board", "copy", disk=mine)
    assert numbers(mine, "copy") == []


def test_a_damaged_version_is_refused(mine: Disk) -> None:
    (mine.sealed / "Mine/3.json").write_text("{")
    with pytest.raises(ArchiveInvalid):
        clone("Mine", "copy", disk=mine)
    clone("Mine@2", "copy", disk=mine)


def test_what_is_cloned_just_now_is_no_garbage(mine: Disk) -> None:
    """Whoever removes the source meanwhile, and collects, does not take the clone's images."""
    image = read_version(mine, "Mine").layers[0].image
    os.utime(image_path(mine, image), (1, 1))
    clone_sealed(template(mine), "copy", disk=mine)
    assert time.time() - image_path(mine, image).stat().st_mtime < 60
    for number in (1, 2, 3):
        (mine.sealed / f"Mine/{number}.json").unlink()
    kept = {found.sha256: found.kept for found in gc(disk=mine).images}
    assert kept[image] == "version 1 of copy needs it"


def test_given_somebody_works_under_the_name_then_busy(mine: Disk) -> None:
    with lock(mine, "COPY"), pytest.raises(Busy):
        clone_sealed(template(mine), "copy", disk=mine)
    assert numbers(mine, "copy") == []
    clone_sealed(template(mine), "copy", disk=mine)


def test_given_many_want_a_name_at_once_then_one_has_it(mine: Disk) -> None:
    """Whatever its case: two may also both withdraw, but never both win."""

    def try_it(name: str) -> str:
        try:
            clone_sealed(found, name, disk=mine)
        except NameTaken:
            return ""
        return name

    found = template(mine)
    with ThreadPoolExecutor(8) as pool:
        won = [name for name in pool.map(try_it, ["copy", "Copy"] * 8) if name]
    assert len(won) <= 1
    assert [name for name in sealed_names(mine) if name.lower() == "copy"] == won
    assert os.listdir(mine.staging) == []


@pytest.mark.parametrize("failing", ["rename", "listdir"])
def test_given_a_disk_that_fails_then_nothing_is_left(
    mine: Disk, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    found = template(mine)

    def fail(*args: object) -> object:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(f"modelarts_nb.envs.sealed.cloning.os.{failing}", fail)
        with pytest.raises(DiskFailure):
            clone_sealed(found, "copy", disk=mine)
    assert numbers(mine, "copy") == []
    assert not list(mine.staging.glob("*"))


def test_a_lost_answer_is_no_failure(mine: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS repeats a rename whose answer got lost, and then says that nothing is there."""
    rename = os.rename

    def twice(one: Path, other: Path) -> None:
        rename(one, other)
        if other.name == "copy":
            rename(one, other)

    monkeypatch.setattr("modelarts_nb.envs.sealed.cloning.os.rename", twice)
    clone_sealed(template(mine), "copy", disk=mine)
    assert numbers(mine, "copy") == [1]


def offered(disk: Disk) -> bool:
    """Does Jupyter offer the kernel of ``copy``?"""
    return (disk.local_kernels / "ma-copy/kernel.json").exists()


def with_ipykernel(disk: Disk) -> None:
    """A version 4 of ``Mine`` that can be a kernel."""
    packages = (Package("ipykernel", "6", "conda"),)
    layers = read_version(disk, "Mine").layers
    make_version(disk, "Mine", *layers, number=4, packages=packages)


def test_a_clone_has_a_kernel_where_it_can_be_one(mine: Disk) -> None:
    assert clone("Mine", "plain", disk=mine).kernel == "none"
    with_ipykernel(mine)
    assert clone("Mine", "copy", disk=mine).kernel == "ready"
    assert clone("Mine", "other", kernel=False, disk=mine).kernel == "none"
    assert not list((mine.own / "unfinished").glob("*"))


def test_a_clone_that_fails_has_no_kernel_either(
    mine: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ipykernel(mine)

    def fail(*args: object) -> object:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("modelarts_nb.envs.sealed.cloning._land", fail)
        with pytest.raises(DiskFull):
            clone("Mine", "copy", disk=mine)
    assert not offered(mine)
    assert not list((mine.own / "unfinished").glob("*"))


def test_a_home_that_refuses_the_kernel_is_logged(
    mine: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ipykernel(mine)

    def refuse(name: str, disk: Disk) -> None:
        raise AccessDenied("No permission (registering the kernel).")

    monkeypatch.setattr("modelarts_nb.envs.sealed.cloned.write_sealed_kernel", refuse)
    assert clone("Mine", "copy", disk=mine).kernel == "none"
    # and whoever tidies makes up for it
    assert [path.suffix for path in (mine.own / "unfinished").glob("*")] == [".json"]
