"""Sealed environments get other names, clones, go to the bin and come back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.bin import bin_empty, bin_list, bin_restore
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.finishing import finish
from modelarts_nb.envs.inventory import list_environments, show
from modelarts_nb.envs.kernels import register, unregister
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.renaming import rename
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.collecting import gc
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.unsaved import watch
from modelarts_nb.envs.sealed.versions import numbers
from modelarts_nb.errors import DiskFailure, NameTaken, NotFound
from modelarts_nb.progress import Silent
from tests.unit.envs.by_hand import make_on_disk, make_prefix
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version
from tests.unit.envs.test_unfinished import left

IPYKERNEL = (Package("ipykernel", "6.29", "conda"),)


class Listening(Silent):
    """Hears what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


def sealed(disk: Disk, name: str, number: int = 1) -> Version:
    layer = make_layer(disk, environment())
    return make_version(disk, name, layer, number=number, packages=IPYKERNEL, size=900)


def filled(disk: Disk, version: Version) -> slots.Slot:
    path = slots.free_path(disk, version.name, version.number)
    make_prefix(path)
    clean, names = watch(path)
    images = tuple(layer.image for layer in version.layers)
    slot = slots.Slot(path, version.name, version.number, clean, names, images=images)
    slots.note(slot)
    slots.choose(disk, slot)
    return slot


def names(disk: Disk) -> list[str]:
    return [environment.name for environment in list_environments(disk=disk)]


def test_given_a_sealed_environment_when_registered_then_its_kernel_is_offered(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "Mine")
    found = register("mine", disk=disk)
    assert (found.name, found.kernel, found.kernel_name) == ("Mine", "ready", "ma-mine")
    unregister("Mine", disk=disk)
    assert show("Mine", disk=disk).kernel == "none"


def test_given_no_ipykernel_in_a_sealed_environment_when_registered_then_the_hint_says_how(
    disk: Disk, run: Path
) -> None:
    make_version(disk, "mine", make_layer(disk, environment()))
    with pytest.raises(NotFound) as caught:
        register("mine", disk=disk)
    assert "ma env install mine ipykernel" in caught.value.hint


def test_given_a_sealed_environment_when_cloned_then_the_images_are_shared(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    version = sealed(disk, "mine", 2)
    found = clone("mine", "other", disk=disk)
    assert (found.name, found.state, found.version, found.kernel) == ("other", "sealed", 1, "ready")
    assert len(list(disk.images.iterdir())) == 1
    assert found.stored == version.layers[0].size
    assert clone("mine@1", "third", kernel=False, disk=disk).kernel == "none"
    with pytest.raises(NameTaken):
        clone("mine", "OTHER", disk=disk)


def test_given_unsaved_work_when_cloned_then_the_log_says_that_it_is_not_in_it(
    disk: Disk, run: Path
) -> None:
    slot = filled(disk, sealed(disk, "mine"))
    (slot.path / "bin/new").write_text("new")
    heard = Listening()
    clone("mine", "other", disk=disk, progress=heard)
    assert any("ma env save mine" in line for line in heard.lines)


def test_given_a_sealed_environment_when_removed_then_its_versions_are_in_the_bin(
    disk: Disk, run: Path
) -> None:
    # given
    sealed(disk, "mine")
    register("mine", disk=disk)
    slot = filled(disk, sealed(disk, "mine", 2))
    # when
    removed = remove("mine", disk=disk)
    # then it is gone everywhere, but a kernel that runs keeps its files
    assert names(disk) == []
    assert not (disk.local_kernels / "ma-mine").exists()
    assert slots.current(disk, "mine") is None
    assert slot.path.is_dir()
    assert bin_list(disk=disk) == [removed]
    assert (removed.state, removed.size) == ("sealed", 900)
    # and gc knows that it may come back
    assert all("in the bin" in image.kept for image in gc(disk=disk).images)


def test_given_a_sealed_environment_in_the_bin_when_restored_then_all_is_as_before(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    sealed(disk, "mine", 2)
    register("mine", disk=disk)
    remove("mine", disk=disk)
    found = bin_restore("mine", disk=disk)
    assert (found.state, found.versions, found.kernel) == ("sealed", 2, "ready")
    assert bin_list(disk=disk) == []
    assert sorted(p.name for p in (disk.sealed / "mine").iterdir()) == ["1.json", "2.json"]


def test_given_another_name_when_restored_then_the_versions_have_that(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    register("mine", disk=disk)
    remove("mine", disk=disk)
    sealed(disk, "mine")
    with pytest.raises(NameTaken):
        bin_restore("mine", disk=disk)
    assert bin_restore("mine", "old", disk=disk).kernel_name == "ma-old"
    assert names(disk) == ["mine", "old"]


def test_given_a_bin_with_sealed_ones_when_emptied_then_their_images_are_garbage(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    remove("mine", disk=disk)
    assert [r.name for r in bin_empty(disk=disk)] == ["mine"]
    assert list(disk.bin.iterdir()) == []
    assert not any("needs it" in image.kept for image in gc(disk=disk).images)


def test_given_what_another_owner_sealed_and_removed_when_emptied_then_it_stays(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    entry = disk.bin / remove("mine", disk=disk).entry
    note = json.loads((entry / ".removed.json").read_text())
    (entry / ".removed.json").write_text(json.dumps({**note, "owner": "somebody"}))
    assert bin_empty(disk=disk) == []
    assert entry.is_dir()


def test_given_an_open_environment_with_versions_when_removed_then_they_go_and_come_together(
    disk: Disk, run: Path
) -> None:
    # given
    sealed(disk, "mine")
    make_on_disk(disk, "mine")
    # when
    remove("mine", disk=disk)
    # then it is not a sealed one all of a sudden
    assert names(disk) == []
    assert [(r.name, r.state) for r in bin_list(disk=disk)] == [("mine", "open")]
    assert "in the bin" in gc(disk=disk).images[0].kept
    found = bin_restore("mine", disk=disk)
    assert (found.state, found.versions) == ("open", 1)
    # and for good together
    remove("mine", disk=disk)
    bin_empty(disk=disk)
    assert list(disk.bin.iterdir()) == []


def test_given_an_open_environment_with_versions_when_restored_as_another_then_they_follow(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    make_on_disk(disk, "mine")
    remove("mine", disk=disk)
    assert bin_restore("mine", "other", disk=disk).versions == 1
    assert list(disk.bin.iterdir()) == []


def test_given_a_sealed_environment_when_renamed_then_its_copy_and_kernel_follow(
    disk: Disk, run: Path
) -> None:
    # given
    slot = filled(disk, sealed(disk, "mine"))
    register("mine", disk=disk)
    # when
    found = rename("mine", "Yours", disk=disk)
    # then
    assert (found.name, found.state, found.kernel_name) == ("Yours", "sealed", "ma-yours")
    assert (found.filled, found.prefix) == (True, slot.path)
    assert names(disk) == ["Yours"]
    assert numbers(disk, "mine") == []
    assert not (disk.local_kernels / "ma-mine").exists()
    with pytest.raises(NameTaken):
        rename("Yours", "yours", disk=disk)


def test_given_an_open_environment_with_versions_when_renamed_then_they_follow(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    make_on_disk(disk, "mine")
    assert rename("mine", "yours", disk=disk).versions == 1
    assert names(disk) == ["yours"]


def test_given_a_kill_before_the_former_tree_is_in_the_bin_when_tidied_then_versions_follow(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    make_on_disk(disk, "mine")
    make_on_disk(disk, "yours")
    left(disk, "yours", former="mine")
    finish(disk)
    assert [(e.name, e.state, e.versions) for e in list_environments(disk=disk)] == [
        ("yours", "open", 1)
    ]


def test_given_a_kill_in_the_middle_of_a_renaming_when_tidied_then_the_rest_follows(
    disk: Disk, run: Path
) -> None:
    # given the versions have the new name, and nothing else has
    slot = filled(disk, sealed(disk, "mine"))
    register("mine", disk=disk)
    (disk.sealed / "mine").rename(disk.sealed / "yours")
    left(disk, "yours", landed=False, former="mine")
    # when
    finish(disk)
    # then
    found = show("yours", disk=disk)
    assert (found.filled, found.prefix, found.kernel) == (True, slot.path, "ready")
    assert not (disk.local_kernels / "ma-mine").exists()
    assert slots.current(disk, "mine") is None


def test_given_a_renaming_that_the_disk_did_not_confirm_when_tidied_then_the_rest_follows(
    disk: Disk, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    slot = filled(disk, sealed(disk, "mine"))

    def land(_held: object, built: Path, target: Path) -> None:
        built.rename(target)
        raise DiskFailure("The disk failed.")

    monkeypatch.setattr("modelarts_nb.envs.renaming.land", land)
    with pytest.raises(DiskFailure):
        rename("mine", "yours", disk=disk)
    # when
    finish(disk)
    # then
    assert show("yours", disk=disk).prefix == slot.path
    assert slots.current(disk, "mine") is None


def test_given_a_kill_before_a_clone_is_registered_when_tidied_then_it_is(
    disk: Disk, run: Path
) -> None:
    sealed(disk, "mine")
    left(disk, "mine", landed=False)
    finish(disk)
    assert show("mine", disk=disk).kernel == "ready"
