"""Garbage: what nobody needs goes, and nothing else, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import collecting, leases
from modelarts_nb.envs.sealed.answers import Garbage
from modelarts_nb.envs.sealed.collecting import gc, put_back
from modelarts_nb.envs.sealed.images import image_path, keep
from modelarts_nb.envs.sealed.model import Layer
from modelarts_nb.envs.sealed.versions import FORMAT
from modelarts_nb.errors import ArchiveInvalid, Busy, Cancelled, DiskFailure
from modelarts_nb.progress import Silent
from tests.unit.envs.sealed.by_hand import make_layer, make_version

LONG_AGO = time.time() - 7200


def layer(disk: Disk, text: str) -> Layer:
    """An image that has been there for two hours."""
    made = make_layer(disk, {"file": text.encode()})
    os.utime(image_path(disk, made.image), (LONG_AGO, LONG_AGO))
    return made


def there(disk: Disk) -> set[str]:
    """Every file in the images' folder."""
    return set(os.listdir(disk.images))


def kept(garbage: Garbage) -> dict[str, str]:
    return {image.sha256: image.kept for image in garbage.images}


def test_without_anything_there_is_nothing_to_do(disk: Disk) -> None:
    assert gc(disk=disk) == Garbage((), 0)
    assert gc(yes=True, disk=disk) == Garbage((), 0, deleted=True)


def test_it_says_what_would_go_and_why_the_rest_stays(disk: Disk) -> None:
    # given
    used, old, free = layer(disk, "used"), layer(disk, "old"), layer(disk, "free")
    make_version(disk, "mine", old)
    make_version(disk, "mine", used, number=2)
    before = there(disk)
    # when
    garbage = gc(disk=disk)
    # then
    assert kept(garbage) == {
        old.image: "version 1 of mine needs it",
        used.image: "version 2 of mine needs it",
        free.image: "",
    }
    assert (garbage.bytes, garbage.deleted) == (free.size, False)
    assert there(disk) == before


def test_with_yes_it_goes(disk: Disk) -> None:
    used, free = layer(disk, "used"), layer(disk, "free")
    make_version(disk, "mine", used)
    garbage = gc(yes=True, disk=disk)
    assert (garbage.bytes, garbage.deleted) == (free.size, True)
    assert there(disk) == {f"{used.image}.tar.zst"}
    assert gc(disk=disk).bytes == 0
    assert os.listdir(disk.staging) == []


def test_what_is_in_the_bin_can_still_come_back(disk: Disk) -> None:
    # given
    used = layer(disk, "used")
    make_version(disk, "mine", used)
    disk.bin.mkdir(parents=True)
    entry = disk.bin / "20260101T000000000000Z-mine"
    (disk.sealed / "mine").rename(entry)
    # then
    assert kept(gc(yes=True, disk=disk)) == {used.image: "version 1 of mine in the bin needs it"}
    # and once the bin is empty
    (entry / "1.json").unlink()
    assert gc(yes=True, disk=disk).bytes == used.size
    assert there(disk) == set()


def test_a_running_kernel_keeps_its_images(disk: Disk) -> None:
    used = layer(disk, "used")
    leases.folder(disk).mkdir(parents=True)
    (leases.folder(disk) / "a.7.json").write_text(json.dumps({"images": [used.image]}) + "\n1\n")
    assert kept(gc(yes=True, disk=disk)) == {used.image: "a running kernel uses it"}


def test_a_lease_that_cannot_be_read_keeps_everything(disk: Disk) -> None:
    layer(disk, "free")
    leases.folder(disk).mkdir(parents=True)
    (leases.folder(disk) / "a.7.json").write_text("{")
    with pytest.raises(Busy) as refused:
        gc(yes=True, disk=disk)
    assert refused.value.hint
    assert len(there(disk)) == 1


def test_what_is_young_may_be_about_to_get_its_version(disk: Disk) -> None:
    made, reused = make_layer(disk, {"file": b"x"}), layer(disk, "reused")
    keep(disk, reused.image)
    assert kept(gc(yes=True, disk=disk)) == {
        made.image: "it is younger than an hour",
        reused.image: "it is younger than an hour",
    }


def test_young_is_what_the_disk_says(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this container may be hours away from the storage's."""
    made = make_layer(disk, {"file": b"x"})
    monkeypatch.setattr(time, "time", lambda: LONG_AGO + 10**6)
    assert kept(gc(yes=True, disk=disk)) == {made.image: "it is younger than an hour"}


@pytest.mark.parametrize("content", ["{", json.dumps({"format": FORMAT + 1})])
@pytest.mark.parametrize("place", ["sealed", "bin"])
def test_a_version_that_cannot_be_read_protects_everything(
    disk: Disk, content: str, place: str
) -> None:
    # given a damaged one, or one of a newer tool
    layer(disk, "free")
    folder = disk.sealed / "other" if place == "sealed" else disk.bin / "20260101T000000000000Z-x"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(content)
    # then
    with pytest.raises(ArchiveInvalid, match="none was deleted"):
        gc(yes=True, disk=disk)
    with pytest.raises(ArchiveInvalid):
        gc(disk=disk)
    assert len(there(disk)) == 1


def test_other_files_are_left_alone(disk: Disk) -> None:
    disk.images.mkdir(parents=True)
    strays = {"notes.txt", "a.tar.zst", f".{'a' * 64}.tar.zst.12345678-7.partial"}
    for name in strays:
        (disk.images / name).write_text("")
    gc(yes=True, disk=disk)
    assert there(disk) == strays


Act = Callable[[Disk, Layer], object]
MEANWHILE: dict[str, Act] = {
    "a version is written": lambda disk, made: make_version(disk, "new", made),
    "another collects": lambda disk, made: put_back(disk),
    "it is made anew": lambda disk, made: make_layer(disk, {"file": b"wanted"}),
    "a kernel starts": lambda disk, made: (
        leases.folder(disk).mkdir(parents=True),
        (leases.folder(disk) / "a.7.json").write_text(json.dumps({"images": [made.image]})),
    ),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_somebody_wants_in_the_last_moment_stays(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # given it is wanted right after it was put aside
    wanted, free = layer(disk, "wanted"), layer(disk, "free")
    disk_time, acted = collecting._disk_time, []

    def then_act(disk: Disk) -> float:
        if list(disk.images.glob(".doomed-*")):
            acted.append(MEANWHILE[what](disk, wanted))
        return disk_time(disk)

    monkeypatch.setattr(collecting, "_disk_time", then_act)
    # when
    garbage = gc(yes=True, disk=disk)
    # then
    assert acted
    assert f"{wanted.image}.tar.zst" in there(disk)
    # and what nobody wants is gone, or stays for the next collection
    assert garbage.deleted
    assert there(disk) - {f"{wanted.image}.tar.zst"} in (set(), {f"{free.image}.tar.zst"})


def test_what_was_reused_after_it_was_judged_stays(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given somebody who seals what has this image, just after its age was read
    wanted, live, acted = layer(disk, "wanted"), leases.live, []

    def then_keep(disk: Disk) -> frozenset[str] | None:
        if not acted:
            acted.append(keep(disk, wanted.image))
        return live(disk)

    monkeypatch.setattr(leases, "live", then_keep)
    # then
    assert kept(gc(yes=True, disk=disk)) == {wanted.image: "it is younger than an hour"}
    assert there(disk) == {f"{wanted.image}.tar.zst"}


def test_what_a_killed_collection_had_put_aside_is_judged_anew(disk: Disk) -> None:
    # given
    used, free = layer(disk, "used"), layer(disk, "free")
    for made in (used, free):
        path = image_path(disk, made.image)
        path.rename(path.with_name(f".doomed-0123abcd-{path.name}"))
    make_version(disk, "mine", used)
    # when somebody only looks
    garbage = gc(disk=disk)
    # then
    assert there(disk) == {f"{used.image}.tar.zst", f"{free.image}.tar.zst"}
    assert garbage.bytes == free.size


def test_given_it_is_cancelled_then_what_was_put_aside_is_back(disk: Disk) -> None:
    class Stop(Silent):
        def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
            self.removing = name == "removing"

        def check(self) -> None:
            if self.removing and list(disk.images.glob(".doomed-*")):
                raise Cancelled()

    for text in ("one", "two"):
        layer(disk, text)
    before = there(disk)
    with pytest.raises(Cancelled):
        gc(yes=True, disk=disk, progress=Stop())
    assert there(disk) == before


def test_given_a_disk_that_fails_then_nothing_is_lost(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer(disk, "free")
    before, unlink = there(disk), os.unlink

    def fail(path: Path) -> None:
        if "doomed" not in str(path):
            return unlink(path)
        raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as broken:
        broken.setattr(collecting.os, "unlink", fail)
        with pytest.raises(DiskFailure):
            gc(yes=True, disk=disk)
    assert there(disk) == before


def test_an_environment_that_moves_while_it_is_looked_is_not_missed(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one that goes to the bin after its folder was listed
    used = layer(disk, "used")
    make_version(disk, "mine", used)
    disk.bin.mkdir(parents=True)
    head_of = collecting.head_of

    def move_first(path: Path) -> object:
        if (disk.sealed / "mine").exists():
            (disk.sealed / "mine").rename(disk.bin / "20260101T000000000000Z-mine")
        return head_of(path)

    monkeypatch.setattr(collecting, "head_of", move_first)
    # then
    assert kept(gc(yes=True, disk=disk)) == {used.image: "version 1 of mine in the bin needs it"}
