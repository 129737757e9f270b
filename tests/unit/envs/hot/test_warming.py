"""``env warm``: which environments, what it says, and what it does for want of room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.hot import warming
from modelarts_nb.envs.hot.kernel import record
from modelarts_nb.envs.hot.kernel.fill import Turn
from modelarts_nb.envs.hot.warming import Warmed, warm
from modelarts_nb.errors import Busy, Cancelled, NotFound, UsageError
from modelarts_nb.progress import Silent
from tests.unit.envs.by_hand import make_on_disk, write

SITE = "lib/python3.11/site-packages"
FILES = [f"{SITE}/one.py", f"{SITE}/pkg/__init__.py", f"{SITE}/pkg/lib.so"]


def environment(disk: Disk, name: str, *, used: int = 0) -> Path:
    """An environment with three files that a kernel has used (``used`` seconds after 1970)."""
    prefix = make_on_disk(disk, name)
    for path in FILES:
        source = write(prefix / path, "x" * 100)
        os.utime(source, ns=(10**18, 10**18))
        if path.endswith(".py"):
            cached = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
            head = (0).to_bytes(8, "little") + (10**9).to_bytes(4, "little")
            cached.parent.mkdir(exist_ok=True)
            cached.write_bytes(head + (100).to_bytes(4, "little") + b"code")
    where = disk.own / "hot" / name
    record.write(str(where), "cpython-311", FILES)
    os.utime(where, (used, used))
    return prefix


def mirror(disk: Disk, name: str) -> Path:
    return disk.home / ".ma/hot" / name


@pytest.fixture(autouse=True)
def on(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """This disk is fast."""
    monkeypatch.setenv("MODELARTS_NB_HOT", "on")


def test_what_was_used_is_copied_and_said(disk: Disk) -> None:
    environment(disk, "mine")
    (done,) = warm("mine", disk=disk)
    assert done == Warmed("mine", "ready", 3, 140)
    assert (mirror(disk, "mine") / "libs" / FILES[2]).read_text() == "x" * 100


def test_what_is_there_is_not_copied_again(disk: Disk) -> None:
    environment(disk, "mine")
    warm("mine", disk=disk)
    assert warm("mine", disk=disk) == [Warmed("mine", "ready", 3, 0)]


def test_what_is_beside_a_library_is_a_link(disk: Disk) -> None:
    # given a library with another beside it, and a link to that
    prefix = environment(disk, "mine")
    write(prefix / SITE / "pkg/other.so.1", "other")
    (prefix / SITE / "pkg/other.so").symlink_to("other.so.1")
    (prefix / SITE / "pkg/out").symlink_to("../../../../../out")
    # when
    warm("mine", disk=disk)
    # then links that stay inside say the same
    folder = mirror(disk, "mine") / "libs" / SITE / "pkg"
    assert os.readlink(folder / "other.so.1") == str(prefix / SITE / "pkg/other.so.1")
    assert os.readlink(folder / "other.so") == "other.so.1"
    assert os.readlink(folder / "out") == str(prefix / SITE / "pkg/out")
    assert os.readlink(folder.parent / "one.py") == str(prefix / SITE / "one.py")


def test_what_changed_in_the_tree_changes_in_the_mirror(disk: Disk) -> None:
    prefix = environment(disk, "mine")
    warm("mine", disk=disk)
    (prefix / FILES[2]).write_text("y" * 99)
    shutil.rmtree(prefix / SITE / "ipykernel")
    (prefix / FILES[0]).unlink()
    assert warm("mine", disk=disk) == [Warmed("mine", "ready", 2, 99)]
    libs = mirror(disk, "mine") / "libs"
    assert (libs / FILES[2]).read_text() == "y" * 99
    assert not os.path.lexists(libs / SITE / "ipykernel")
    assert not list((mirror(disk, "mine") / "code").rglob("one.*"))


def test_texts_that_were_read_are_copied_as_long_as_there_are_any(disk: Disk) -> None:
    # given what a kernel has read or tried to read: a file, one that is none, one of no package
    prefix = environment(disk, "mine")
    read = ["pkg-1.dist-info/METADATA", "pkg-1.dist-info/licenses", "pkg-1.dist-info/pipe", "x.py"]
    for name in (read[0], f"{read[1]}/MIT", read[3]):
        write(prefix / SITE / name, "text")
    os.mkfifo(prefix / SITE / read[2])
    files = [*FILES, *(f"read {SITE}/{name}" for name in [*read, "gone-1.dist-info/METADATA"])]
    record.write(str(disk.own / "hot/mine"), "cpython-311", files)
    # when
    assert warm("mine", disk=disk) == [Warmed("mine", "ready", 5, 148)]
    # then
    texts = mirror(disk, "mine") / "texts" / SITE
    assert sorted(path.name for path in texts.rglob("*") if path.is_file()) == ["METADATA", "x.py"]
    # and what is no longer there goes
    shutil.rmtree(prefix / SITE / "pkg-1.dist-info")
    assert warm("mine", disk=disk) == [Warmed("mine", "ready", 4, 0)]
    assert [path.name for path in texts.rglob("*") if path.is_file()] == ["x.py"]


def test_nothing_is_known_before_a_kernel_ran(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    assert warm("mine", disk=disk) == [Warmed("mine", "unknown")]


@pytest.mark.parametrize("how", ["auto", "off"])
def test_a_fast_disk_needs_none(disk: Disk, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(disk, "mine")
    monkeypatch.setenv("MODELARTS_NB_HOT", how)
    assert warm("mine", disk=disk) == [Warmed("mine", "not needed")]
    assert not mirror(disk, "mine").exists()


def test_all_are_copied_the_last_used_first(disk: Disk) -> None:
    for name, used in (("old", 10), ("new", 30), ("middle", 20), ("gone", 40)):
        environment(disk, name, used=used)
    shutil.rmtree(disk.envs / "gone")
    assert [done.name for done in warm(all=True, disk=disk)] == ["new", "middle", "old"]


def test_mirrors_of_environments_that_are_gone_go(disk: Disk) -> None:
    environment(disk, "mine")
    warm("mine", disk=disk)
    shutil.rmtree(disk.envs / "mine")
    assert warm(all=True, disk=disk) == []
    assert not mirror(disk, "mine").exists()


def test_one_that_fails_does_not_keep_the_others(disk: Disk) -> None:
    for name, used in (("bad", 20), ("good", 10)):
        environment(disk, name, used=used)
    write(disk.home / ".ma/hot/bad", "a file in its place")
    assert [done.name for done in warm(all=True, disk=disk)] == ["good"]


def test_a_mirror_is_removed_unless_a_kernel_uses_it(disk: Disk) -> None:
    environment(disk, "mine")
    warm("mine", disk=disk)
    # given a kernel
    kernel = Turn(str(mirror(disk, "mine")), warming.USE)
    assert kernel.take(shared=True)
    with pytest.raises(Busy, match="A kernel uses"):
        warm("mine", remove=True, disk=disk)
    # when it is over
    kernel.close()
    assert warm(all=True, remove=True, disk=disk) == [Warmed("mine", "removed")]
    assert list((disk.home / ".ma/hot").iterdir()) == []


def test_for_want_of_room_the_mirror_used_longest_ago_goes(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given three mirrors, of which a kernel uses the oldest, and room for two
    for number, name in enumerate(("used", "old", "new", "mine")):
        environment(disk, name)
        if name != "mine":
            warm(name, disk=disk)
            os.utime(mirror(disk, name), (number, number))
    kernel = Turn(str(mirror(disk, "used")), warming.USE)
    kernel.take(shared=True)
    there = disk.home / ".ma/hot"
    monkeypatch.setattr(
        warming.Places, "room", lambda *_: 0 if len(list(there.iterdir())) > 3 else 1000
    )
    # when
    (done,) = warm("mine", disk=disk)
    # then
    assert done.state == "ready"
    assert sorted(path.name for path in there.iterdir()) == ["mine", "new", "used"]
    kernel.close()


def test_a_local_disk_that_is_too_small_gets_what_fits(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(disk, "mine")
    monkeypatch.setattr(warming.Places, "room", lambda *_: 50)
    (done,) = warm("mine", disk=disk)
    assert done.state == "partly"
    assert done.files < 3
    assert "end" not in (mirror(disk, "mine") / "index").read_text().split("\n")


def test_a_cancelled_one_ends_and_can_be_done_again(disk: Disk) -> None:
    environment(disk, "mine")

    class Cancels(Silent):
        def advance(self, *, files: int = 0, bytes: int = 0) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        warm("mine", disk=disk, progress=Cancels())
    assert warm("mine", disk=disk)[0].state == "ready"


def test_what_is_asked_for_must_be_clear(disk: Disk) -> None:
    with pytest.raises(UsageError):
        warm(disk=disk)
    with pytest.raises(UsageError):
        warm("mine", all=True, disk=disk)
    with pytest.raises(NotFound):
        warm("mine", disk=disk)


def test_a_second_one_waits_and_then_says_who_is_busy(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(disk, "mine")
    monkeypatch.setattr(warming, "_WAIT", 0.0)
    other = Turn(str(mirror(disk, "mine")))
    other.take()
    with pytest.raises(Busy, match="already"):
        warm("mine", disk=disk)
    other.close()
