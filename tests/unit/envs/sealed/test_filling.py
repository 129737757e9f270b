"""Filling: a whole copy or none, whatever happens meanwhile, and one for all who want it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive import newfile, spreading, team
from modelarts_nb.envs.sealed import extraction, filling, slots
from modelarts_nb.envs.sealed.filling import fill, fill_all
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import changes
from modelarts_nb.envs.sealed.versions import read_version
from modelarts_nb.envs.sealed.workplace import turn
from modelarts_nb.envs.state import read_state
from modelarts_nb.errors import (
    ArchiveInvalid,
    Cancelled,
    DiskFull,
    NotFound,
    PlatformMismatch,
    Unsaved,
    UsageError,
)
from modelarts_nb.progress import Silent
from tests.unit.envs.by_hand import make_on_disk
from tests.unit.envs.sealed.by_hand import (
    MTIME,
    Members,
    P,
    damage,
    environment,
    make_layer,
    make_version,
    put,
)

pytestmark = pytest.mark.usefixtures("run")


def sealed(disk: Disk, name: str = "mine", text: str = "one") -> None:
    """A sealed environment with one version."""
    make_version(disk, name, make_layer(disk, environment(text)))


def tool(slot: Slot) -> str:
    return (slot.path / "bin/tool").read_text()


def left_behind(disk: Disk) -> list[str]:
    """What lies in the run root beside filled slots, their notes and empty folders."""
    known = {slot.path for slot in slots.filled(disk)}
    strays = [path for path in disk.run.glob("*~*") if path not in known]
    return [path.name for path in (*strays, *disk.run.glob(".new/*"))]


@pytest.mark.parametrize("frame", [100, 700, 1 << 20])
@pytest.mark.parametrize("alone", [True, False])
def test_a_filled_copy_is_what_the_version_says_with_its_own_prefix(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, frame: int, alone: bool
) -> None:
    # given files whose data, and prefixes, are cut by the frames
    if not alone:
        monkeypatch.setattr(team, "_ALONE", 0)
    twice: Members = environment("one", **{"etc": None, "etc/conf": f"a={P}\nb={P}/x\n".encode()})
    make_version(disk, "mine", make_layer(disk, twice, frame=frame))
    # when
    slot = fill("mine", disk=disk)
    # then
    path = slot.path
    assert len(os.fsencode(path)) == slots.LENGTH
    assert tool(slot) == f"#!{path}/bin/python\nprint('one')\n"
    assert (path / "etc/conf").read_text() == f"a={path}\nb={path}/x\n"
    assert (path / "lib/data").read_bytes() == b"one" * 1000
    assert (path / "lib/empty").read_bytes() == b""
    assert os.readlink(path / "lib/link") == "data"
    assert (path / "lib/same").samefile(path / "lib/data")
    assert (path / "share/empty").is_dir()
    assert (path / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (path / "bin/tool").stat().st_mtime == (path / "lib/data").stat().st_mtime == MTIME
    state = read_state(path)
    assert state is not None
    assert state.prefix == str(path)
    assert slots.current(disk, "mine") == slot
    assert left_behind(disk) == []


def test_layers_are_laid_over_each_other(disk: Disk) -> None:
    first = make_layer(disk, environment("one"))
    second = make_layer(
        disk,
        {"bin/tool": f"#!{P}/bin/python\nprint('two')\n".encode(), "new": b"1"},
        deleted=["share", "lib/data"],
    )
    make_version(disk, "mine", first, second, number=2)
    slot = fill("mine", disk=disk)
    assert tool(slot) == f"#!{slot.path}/bin/python\nprint('two')\n"
    assert (slot.path / "lib/same").read_bytes() == b"one" * 1000
    assert not (slot.path / "share").exists()
    assert not (slot.path / "lib/data").exists()
    assert (slot.path / "new").read_bytes() == b"1"


def test_a_fresh_copy_has_no_changes(disk: Disk) -> None:
    version = make_version(disk, "mine", make_layer(disk, environment()))
    slot = fill("mine", disk=disk)
    assert not changes(slot, version, disk)


def test_what_is_filled_is_there_at_once(disk: Disk) -> None:
    layer = make_layer(disk, environment())
    make_version(disk, "mine", layer)
    slot = fill("mine", disk=disk)
    image_path(disk, layer.image).unlink()
    assert fill("mine", disk=disk) == slot


def test_conda_knows_it_by_a_link_that_follows_the_version(disk: Disk) -> None:
    # given
    sealed(disk)
    first = fill("mine", disk=disk)
    link = disk.home / ".ma/envs/mine"
    assert os.readlink(link) == str(first.path)
    assert (disk.home / ".conda/environments.txt").read_text() == f"{link}\n"
    # when another version is filled
    make_version(disk, "mine", make_layer(disk, environment("two")), number=2)
    second = fill("mine", disk=disk)
    # then
    assert os.readlink(link) == str(second.path)
    assert (disk.home / ".conda/environments.txt").read_text() == f"{link}\n"


def test_another_version_gets_another_slot_and_the_first_one_stays(disk: Disk) -> None:
    sealed(disk)
    first = fill("mine", disk=disk)
    make_version(disk, "mine", make_layer(disk, environment("two")), number=2)
    second = fill("mine", disk=disk)
    assert second.path != first.path
    assert "two" in tool(second)
    assert "one" in tool(first)
    # and going back takes the copy that is there
    assert fill("mine", number=1, disk=disk).path == first.path


def test_changes_that_no_version_has_are_not_left_for_another_version(disk: Disk) -> None:
    sealed(disk)
    first = fill("mine", disk=disk)
    (first.path / "lib/data").write_bytes(b"changed")
    make_version(disk, "mine", make_layer(disk, environment("two")), number=2)
    with pytest.raises(Unsaved) as caught:
        fill("mine", disk=disk)
    assert "ma env save mine" in caught.value.hint
    assert slots.current(disk, "mine") == first


def test_a_namesake_that_was_made_anew_is_filled_again(disk: Disk) -> None:
    sealed(disk, text="one")
    fill("mine", disk=disk)
    sealed(disk, text="another")
    assert "another" in tool(fill("mine", disk=disk))


def test_an_open_environment_is_not_filled(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    sealed(disk)
    with pytest.raises(UsageError, match="open"):
        fill("mine", disk=disk)


def test_an_environment_that_is_not_there_is_said(disk: Disk) -> None:
    with pytest.raises(NotFound):
        fill("none", disk=disk)
    sealed(disk)
    with pytest.raises(NotFound, match="version 7"):
        fill("mine", number=7, disk=disk)


def test_what_cannot_run_here_is_not_filled(disk: Disk) -> None:
    make_version(disk, "mine", make_layer(disk, environment()), arch="z80")
    with pytest.raises(PlatformMismatch, match="z80"):
        fill("mine", disk=disk)
    assert slots.filled(disk) == []


# --- damage -------------------------------------------------------------------------------------


def test_a_damaged_frame_is_named_with_a_version_that_is_whole(disk: Disk) -> None:
    good, bad = make_layer(disk, environment("one")), make_layer(disk, environment("two"))
    make_version(disk, "mine", good)
    make_version(disk, "mine", good, bad, number=2)
    damage(disk, bad)
    with pytest.raises(ArchiveInvalid) as caught:
        fill("mine", disk=disk)
    assert f"{bad.image[:12]}" in caught.value.message
    assert "mine version 2" in caught.value.message
    assert "ma env rollback mine 1" in caught.value.hint
    assert slots.current(disk, "mine") is None
    assert left_behind(disk) == []
    assert "one" in tool(fill("mine", number=1, disk=disk))


def test_an_image_that_is_gone_is_named(disk: Disk) -> None:
    layer = make_layer(disk, environment())
    make_version(disk, "mine", layer)
    image_path(disk, layer.image).unlink()
    with pytest.raises(NotFound, match=f"{layer.image[:12]}.*mine version 1.*gone"):
        fill("mine", disk=disk)


def test_a_version_with_wrong_places_of_the_prefix_is_refused(disk: Disk) -> None:
    layer = make_layer(disk, environment())
    wrong = type(layer)(layer.image, layer.size, layer.plain, (), {"lib/data": (3,)})
    make_version(disk, "mine", wrong)
    with pytest.raises(ArchiveInvalid, match=layer.image[:12]):
        fill("mine", disk=disk)
    assert left_behind(disk) == []


class Source:
    """A team mate's folder with one image, which a version here names."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self.images = folder / "images"
        (folder / "sealed").mkdir(parents=True)
        self.layer = put(self.images, environment("shared"))
        self.file = self.images / f"{self.layer.image}.tar.zst"
        disk.own.mkdir(parents=True, exist_ok=True)
        (disk.own / "sources.json").write_text(f'["{folder}"]')
        make_version(disk, "mine", self.layer)


def test_an_image_of_a_source_is_verified_once(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    source = Source(disk, tmp_path / "team")
    read = list[Path]()

    class Counted(spreading.Digest):
        def __init__(self, path: Path) -> None:
            read.append(path)
            super().__init__(path)

    monkeypatch.setattr(spreading, "Digest", Counted)
    # when it is filled twice
    slots.forget(disk, fill("mine", disk=disk))
    slot = fill("mine", disk=disk)
    # then
    assert "shared" in tool(slot)
    assert read == [source.file]


def test_an_image_of_a_source_that_is_not_what_its_name_says_is_refused(
    disk: Disk, tmp_path: Path
) -> None:
    # given an image of the same length under the name of another
    source = Source(disk, tmp_path / "team")
    other = put(source.images, environment("shared", **{"lib/data": b"evil"}))
    (source.images / f"{other.image}.tar.zst").replace(source.file)
    make_version(disk, "mine", replace(source.layer, size=other.size))
    # then
    with pytest.raises(ArchiveInvalid, match="damaged") as caught:
        fill("mine", disk=disk)
    assert "checksum differs" in caught.value.cause
    assert slots.filled(disk) == []
    assert left_behind(disk) == []


# --- a full disk, a kill, two at once -----------------------------------------------------------


def test_a_local_disk_that_gets_full_is_said_and_nothing_is_left(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(disk)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(newfile, "write", refuse)
    with pytest.raises(DiskFull) as caught:
        fill("mine", disk=disk)
    assert "local disk" in caught.value.message
    assert "MODELARTS_NB_RUN" in caught.value.hint
    assert left_behind(disk) == []
    assert slots.filled(disk) == []


# Where to be killed: as the last thing that a function of filling does, or the first.
DEATHS = {
    "in the middle of the files": "filling.extract",
    "before it lands": "os.rename",
    "between landing and the note": "slots.note",
    "between the note and the choice": "slots.choose",
}
SUICIDE = """
import os, signal, sys
from modelarts_nb.disk.persistent import open_disk
from modelarts_nb.envs.sealed import extraction, filling, slots

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

where = sys.argv[1]
if where == "filling.extract":
    real = filling.extract
    filling.extract = lambda *a, **k: real(*a, **{**k, "told": die})
else:
    room, name = where.split(".")
    setattr({"os": filling.os, "slots": slots}[room], name, die)
filling.fill("mine", disk=open_disk())
"""


@pytest.mark.parametrize("where", DEATHS.values(), ids=DEATHS)
def test_killed_at_any_point_nobody_starts_from_it_and_the_next_filling_cleans_up(
    disk: Disk, where: str
) -> None:
    # given
    sealed(disk)
    died = subprocess.run([sys.executable, "-c", SUICIDE, where], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    # then nobody starts from anything
    assert slots.current(disk, "mine") is None
    # and the next one makes a whole copy and leaves nothing else
    slot = fill("mine", disk=disk)
    assert (slot.path / "lib/data").read_bytes() == b"one" * 1000
    assert left_behind(disk) == []
    assert len(slots.filled(disk)) == 1


class Cue(Silent):
    """Tells when somebody waits, and when progress was shown meanwhile."""

    def __init__(self) -> None:
        self.waits, self.shown = threading.Event(), threading.Event()
        self.phases = list[tuple[str, int | None]]()

    def log(self, message: str) -> None:
        if "waiting" in message:
            self.waits.set()

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        self.phases.append((name, bytes))

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        if bytes == 30:
            self.shown.set()


def test_two_at_once_share_one_filling_and_the_second_sees_how_far_it_is(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a first one that goes on when the second one has seen its progress
    sealed(disk)
    second, begun = Cue(), threading.Event()
    calls = list[int]()

    def slowly(*args: object, told: Callable[[int, int], None], **kwargs: object) -> None:
        calls.append(1)
        begun.set()
        assert second.waits.wait(20)
        told(30, 100)
        assert second.shown.wait(20)
        extraction.extract(*args, told=told, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(filling, "extract", slowly)
    # when
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fill, "mine", disk=disk)
        assert begun.wait(20)
        found = fill("mine", disk=disk, progress=second)
    # then
    assert first.result() == found
    assert calls == [1]
    assert ("filling", 100) in second.phases


def test_who_waits_can_stop_waiting(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed(disk)

    class Impatient(Silent):
        def check(self) -> None:
            raise Cancelled

    with turn(disk, "mine"), pytest.raises(Cancelled):
        fill("mine", disk=disk, progress=Impatient())


# --- all of them --------------------------------------------------------------------------------


def registered(disk: Disk, name: str, used: int | None = None) -> None:
    sealed(disk, name, text=name)
    (disk.kernels / f"ma-{name}").mkdir(parents=True)
    if used:
        file = disk.own / "used" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
        os.utime(file, (used, used))


def test_all_registered_ones_are_filled_last_used_first(disk: Disk) -> None:
    registered(disk, "never")
    registered(disk, "old", used=1_000)
    registered(disk, "late", used=2_000)
    sealed(disk, "nobodys")
    assert fill_all(disk=disk) == ["late", "old", "never"]
    assert slots.current(disk, "nobodys") is None
    assert fill_all(disk=disk) == []


def test_one_that_cannot_be_filled_does_not_stop_the_others(disk: Disk) -> None:
    registered(disk, "bad", used=2_000)
    registered(disk, "good", used=1_000)
    for file in disk.images.iterdir():
        if file.name.startswith(slots_image(disk, "bad")):
            file.unlink()
    said = Said()
    assert fill_all(disk=disk, progress=said) == ["good"]
    assert "bad was not filled" in said.text


def slots_image(disk: Disk, name: str) -> str:
    return read_version(disk, name).layers[0].image


class Said(Silent):
    text = ""

    def log(self, message: str) -> None:
        self.text += message + "\n"
