"""What else befalls sealed environments: two savers, damage, lost images, newer tools."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.collecting import gc
from modelarts_nb.envs.sealed.difference import diff
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.listing import versions
from modelarts_nb.envs.sealed.opening import open_tree
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.versioning import rollback, undo
from modelarts_nb.envs.sealed.versions import FORMAT, numbers, read_version
from modelarts_nb.errors import ArchiveInvalid, NotFound
from modelarts_nb.progress import Silent
from tests.faults.hosts import pretend
from tests.unit.envs.sealed.by_hand import damage, environment, make_layer, make_version
from tests.unit.envs.sealed.readable import all_versions

_CONTEXT = multiprocessing.get_context("spawn")
Run = Iterator[Path]


@pytest.fixture
def run(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A short run root for ``disk``."""
    with tempfile.TemporaryDirectory(prefix="f") as folder:
        monkeypatch.setenv("MODELARTS_NB_RUN", f"{folder}/run")
        yield Path(folder)


@pytest.fixture
def mine(disk: Disk, run: Path) -> Disk:
    """``mine`` in two versions, the second a layer on the first; it is on the local disk."""
    base = make_layer(disk, environment("one", **{"lib/large": os.urandom(100_000)}))
    delta = make_layer(disk, {"lib/second": b"2" * 5000})
    make_version(disk, "mine", base)
    make_version(disk, "mine", base, delta, number=2, parent=1)
    fill("mine", disk=disk)
    return disk


def copy(disk: Disk) -> Path:
    """What kernels start from."""
    slot = slots.current(disk, "mine")
    assert slot
    return slot.path


class Log(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


def live(number: int, root: Path, base: Path, ready: Any, said: Any) -> None:
    """In a container of its own: fill, change something, and save when the other does."""
    pretend(number)
    disk = Disk(root, "tester", base / f"home-{number}")
    disk.home.mkdir()
    os.environ |= {"HOME": str(disk.home), "MODELARTS_NB_RUN": str(base / f"run-{number}")}
    slot, log = fill("mine", disk=disk), Log()
    (slot.path / f"lib/of-{number}").write_bytes(os.urandom(3000))
    ready.wait(60)
    version = save("mine", why=f"of {number}", disk=disk, progress=log)
    noted = slots.current(disk, "mine")
    assert noted
    said.put((version.number, version.parent, number, "\n".join(log.lines), noted.number))


def test_two_containers_that_save_at_once_both_keep_it_and_one_is_told(
    mine: Disk, run: Path
) -> None:
    # given two containers with a copy of version 2 each
    ready, said = _CONTEXT.Barrier(2), _CONTEXT.Queue()
    children = [
        _CONTEXT.Process(target=live, args=(number, mine.root, run, ready, said))
        for number in range(2)
    ]
    # when both save
    for child in children:
        child.start()
    told = sorted(said.get(timeout=60) for _ in children)
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    # then both have a version of their own
    assert [(number, parent) for number, parent, *_ in told] == [(3, 2), (4, 2)]
    assert [noted for *_, noted in told] == [3, 4]
    for number, _, who, log, _ in told:
        assert read_version(mine, "mine", number).why == f"of {who}"
        assert (fill("mine", number=number, disk=mine).path / f"lib/of-{who}").exists()
        # and who came second is told of the other
        assert ("does not build on" in log) == (number == 4), log
    assert os.listdir(mine.staging) == []


def test_a_damaged_frame_is_named_and_an_earlier_version_is_whole(mine: Disk) -> None:
    # given a damaged image, and a container without a copy
    delta = read_version(mine, "mine", 2).layers[1]
    damage(mine, delta)
    for slot in slots.filled(mine):
        slots.forget(mine, slot)
    # when it is filled
    with pytest.raises(ArchiveInvalid) as refused:
        fill("mine", disk=mine)
    # then it is said which image, of which version, and what helps
    assert delta.image[:12] in refused.value.message
    assert "version 2" in refused.value.message
    assert "ma env rollback mine 1" in refused.value.hint
    assert slots.filled(mine) == []
    # and that helps
    rollback("mine", 1, disk=mine)
    assert not (fill("mine", disk=mine).path / "lib/second").exists()


@pytest.mark.parametrize("verb", ["open", "save"])
def test_a_damaged_frame_is_found_by_whoever_reads_it(mine: Disk, verb: str) -> None:
    """What nobody reads is not found damaged: a save takes what it shares as it is."""
    damage(mine, read_version(mine, "mine", 2).layers[0])
    (copy(mine) / "lib/more").write_text("more")
    if verb == "open":
        before = numbers(mine, "mine")
        with pytest.raises(ArchiveInvalid):
            open_tree("mine", disk=mine)
        # what was not saved is a version now, and no half tree is there
        assert numbers(mine, "mine") >= before
        assert not (mine.envs / "mine").exists()
    else:
        assert save("mine", disk=mine).number == 3
    assert (copy(mine) / "lib/more").read_text() == "more"


def test_an_image_that_is_removed_under_a_running_kernel_takes_nothing_from_it(
    mine: Disk,
) -> None:
    # given a program that runs from the copy
    place = copy(mine)
    script = "read x; cat lib/second; cat lib/data"
    with subprocess.Popen(
        ["/bin/sh", "-c", script], cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as kernel:
        # when all images go
        for layer in read_version(mine, "mine").layers:
            image_path(mine, layer.image).unlink()
        out, _ = kernel.communicate(b"go\n", timeout=60)
    # then it goes on
    assert out == b"2" * 5000 + b"one" * 1000
    # and what it has can be saved as a whole, which makes the environment whole again
    (place / "lib/more").write_text("more")
    version = save("mine", disk=mine)
    assert len(version.layers) == 1
    slots.forget(mine, slots.holding(mine, "mine", version.number) or pytest.fail("no copy"))
    assert (fill("mine", disk=mine).path / "lib/more").read_text() == "more"


def test_an_image_that_is_gone_is_named(mine: Disk) -> None:
    image = read_version(mine, "mine").layers[1].image
    image_path(mine, image).unlink()
    for slot in slots.filled(mine):
        slots.forget(mine, slot)
    with pytest.raises(NotFound, match=image[:12]) as refused:
        fill("mine", disk=mine)
    assert "ma env rollback mine 1" in refused.value.hint


Verb = Callable[[Disk], object]
VERBS: dict[str, Verb] = {
    "fill": lambda disk: fill("mine", disk=disk),
    "rollback": lambda disk: rollback("mine", disk=disk),
    "undo": lambda disk: undo("mine", disk=disk),
    "open": lambda disk: open_tree("mine", disk=disk),
    "clone": lambda disk: clone("mine", "copy", disk=disk),
    "diff": lambda disk: diff("mine", disk=disk),
    "gc": lambda disk: gc(yes=True, disk=disk),
}


def everything(disk: Disk) -> dict[str, bytes]:
    folders = (disk.sealed, disk.images, disk.envs)
    return {str(p): p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}


@pytest.mark.parametrize("verb", VERBS)
def test_a_newer_manifest_is_refused_explained_and_left_alone(mine: Disk, verb: str) -> None:
    # given version 3 of a newer tool, and an image that only that tool knows to be needed
    newer = {"format": FORMAT + 1, "images": {"in": "another way"}}
    (mine.sealed / "mine/3.json").write_text(json.dumps(newer))
    needed = make_layer(mine, {"x": b"x"})
    os.utime(image_path(mine, needed.image), (1, 1))
    before = everything(mine)
    # when
    with pytest.raises(ArchiveInvalid) as refused:
        VERBS[verb](mine)
    # then
    assert "newer" in refused.value.message
    assert "pdate" in refused.value.hint
    assert everything(mine) == before


def test_beside_a_newer_manifest_the_rest_works(mine: Disk) -> None:
    (mine.sealed / "mine/3.json").write_text(json.dumps({"format": FORMAT + 1}))
    # it is listed with what is wrong
    assert "newer" in versions("mine", disk=mine)[0].problem
    assert show("mine", disk=mine).newest == 3
    # a kernel goes on in the version it has, and what it did can be saved
    (copy(mine) / "lib/more").write_text("more")
    assert save("mine", disk=mine).number == 4
    # and one can go back to what this tool knows
    assert rollback("mine", 1, disk=mine).number == 5
    assert [version.number for version in all_versions(mine, "mine")] == [1, 2, 4, 5]
