"""Open: a tree that is true where it lies, and the versions stay."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.kernels import write_sealed_kernel
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.opening import open_tree
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.versions import numbers
from modelarts_nb.envs.state import read_state
from modelarts_nb.errors import ArchiveInvalid, Cancelled, NameTaken, NotFound, UsageError
from modelarts_nb.progress import Silent
from tests.unit.envs.archive.conftest import tree_of
from tests.unit.envs.sealed.by_hand import P, damage, environment, make_layer, make_version

pytestmark = pytest.mark.usefixtures("run")


def staged(disk: Disk) -> list[str]:
    return os.listdir(disk.staging) if disk.staging.is_dir() else []


def test_what_was_sealed_comes_out_as_it_was(disk: Disk, make_env: Callable[..., Path]) -> None:
    # given a tree with every kind of file
    prefix = make_env("demo")
    (prefix / "lib/absolute.so").unlink()
    (prefix / "lib/absolute.so").symlink_to("libdemo.so")
    before = tree_of(prefix)
    seal("demo", disk=disk)
    assert not prefix.exists()
    # when
    opened = open_tree("demo", disk=disk)
    # then
    assert (opened.prefix, opened.state) == (prefix, "open")
    found = tree_of(prefix)
    record = "conda-meta/demo-1.0-0.json"
    assert {k: v for k, v in found.items() if k != record} == {
        k: v for k, v in before.items() if k != record
    }
    state = read_state(prefix)
    assert state is not None
    assert state.prefix == str(prefix)


def test_the_versions_stay_and_kernels_start_from_the_tree(disk: Disk) -> None:
    # given a sealed environment with a kernel and a local copy
    members = environment("one", **{"lib/python3.11": None, "lib/python3.11/site-packages": None})
    members["lib/python3.11/site-packages/ipykernel"] = None
    make_version(disk, "mine", make_layer(disk, members))
    write_sealed_kernel("mine", disk)
    copy = fill("mine", disk=disk)
    # when
    environment_ = open_tree("mine", disk=disk)
    # then
    assert environment_.kernel == "ready"
    spec = (disk.local_kernels / "ma-mine/kernel.json").read_text()
    assert "--sealed" not in spec
    assert slots.current(disk, "mine") is None
    assert numbers(disk, "mine") == [1]
    assert not (disk.home / ".ma/envs/mine").is_symlink()
    # and who runs in the copy goes on
    assert (copy.path / "bin/tool").is_file()


def test_hard_links_and_prefixes_come_out_right(disk: Disk) -> None:
    conf = f"a={P}/x\n".encode()
    members = environment("one", a=conf, b="== a")
    make_version(disk, "mine", make_layer(disk, members))
    prefix = open_tree("mine", disk=disk).prefix
    assert (prefix / "a").read_text() == f"a={prefix}/x\n"
    assert (prefix / "a").samefile(prefix / "b")
    assert (prefix / "bin/tool").read_text() == f"#!{prefix}/bin/python\nprint('one')\n"


def test_what_was_not_saved_is_saved_first(disk: Disk) -> None:
    make_version(disk, "mine", make_layer(disk, environment("one")))
    copy = fill("mine", disk=disk)
    (copy.path / "lib/data").write_bytes(b"mine")
    prefix = open_tree("mine", disk=disk).prefix
    assert (prefix / "lib/data").read_bytes() == b"mine"
    assert numbers(disk, "mine") == [1, 2]


def test_an_earlier_version_is_opened_by_its_number(disk: Disk) -> None:
    make_version(disk, "mine", make_layer(disk, environment("one")))
    make_version(disk, "mine", make_layer(disk, environment("two")), number=2)
    prefix = open_tree("mine", number=1, disk=disk).prefix
    assert "one" in (prefix / "bin/tool").read_text()


def test_into_a_folder_of_ones_own_and_it_stays_sealed(disk: Disk, tmp_path: Path) -> None:
    make_version(disk, "mine", make_layer(disk, environment("one")))
    target = tmp_path / "somewhere"
    target.mkdir()
    opened = open_tree("mine", prefix=str(target), disk=disk)
    assert opened.prefix == target
    assert str(target) in (target / "bin/tool").read_text()
    assert not (disk.envs / "mine").exists()
    listed = (disk.home / ".conda/environments.txt").read_text().splitlines()
    assert str(target) in listed


def test_a_folder_that_is_not_empty_stays_as_it_is(disk: Disk, tmp_path: Path) -> None:
    make_version(disk, "mine", make_layer(disk, environment("one")))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis").write_text("!")
    with pytest.raises(NameTaken):
        open_tree("mine", prefix=str(tmp_path / "full"), disk=disk)
    with pytest.raises(UsageError, match="under their own names"):
        open_tree("mine", prefix=str(disk.envs / "other"), disk=disk)
    assert os.listdir(tmp_path / "full") == ["thesis"]


def test_what_is_open_or_not_there_is_said(disk: Disk) -> None:
    with pytest.raises(NotFound):
        open_tree("mine", disk=disk)
    make_version(disk, "mine", make_layer(disk, environment("one")))
    open_tree("mine", disk=disk)
    with pytest.raises(UsageError, match="open already"):
        open_tree("mine", disk=disk)


def test_a_damaged_image_is_named_and_nothing_is_left(disk: Disk) -> None:
    layer = make_layer(disk, environment("one"))
    make_version(disk, "mine", layer)
    damage(disk, layer)
    with pytest.raises(ArchiveInvalid, match=f"{layer.image[:12]}.*mine version 1"):
        open_tree("mine", disk=disk)
    assert not (disk.envs / "mine").exists()
    assert staged(disk) == []


class StopBeforeLanding(Silent):
    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self.now = name

    def check(self) -> None:
        if getattr(self, "now", "") == "rewriting":
            raise Cancelled


def test_cancelled_it_is_still_sealed_and_nothing_is_left(disk: Disk) -> None:
    make_version(disk, "mine", make_layer(disk, environment("one")))
    with pytest.raises(Cancelled):
        open_tree("mine", disk=disk, progress=StopBeforeLanding())
    assert not (disk.envs / "mine").exists()
    assert staged(disk) == []
    assert fill("mine", disk=disk).number == 1
