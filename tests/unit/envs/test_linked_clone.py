"""Clones that share their files with the source: what is shared, what differs, and that nothing
done to one of them changes the other."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.errors import Busy, LinksRefused
from modelarts_nb.progress import Silent
from tests.unit.envs.by_hand import make_prefix, write
from tests.unit.envs.test_cloning import contents

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An environment with all kinds of files, each saying what it is."""
    prefix = make_prefix(tmp_path / "image/envs/torch")
    write(prefix / f"{SITE}/plain.py", "A = 1\n")
    write(prefix / f"{SITE}/locked.py", "B = 1\n", 0o444)
    write(prefix / f"{SITE}/empty.py", "")
    write(prefix / f"{SITE}/conf.py", f"PREFIX = {str(prefix)!r}\n")
    write(prefix / f"{SITE}/__pycache__/plain.cpython-37.pyc", b"\0compiled")
    write(prefix / f"{SITE}/x.pth", "/somewhere\n")
    write(prefix / f"{SITE}/x-1.0.dist-info/RECORD", "x.pth,,\n")
    write(prefix / "lib/libx.so", b"\x7fELF\0binary")
    return prefix


def _linked(source: Path, mine: Path) -> set[str]:
    """The files of a clone that are the source's own."""
    return {
        path
        for path in contents(mine)
        if not (mine / path).is_symlink()
        and (source / path).exists()
        and (mine / path).samefile(source / path)
    }


def test_given_one_file_system_when_linked_then_only_what_must_differ_is_a_copy(
    source: Path, disk: Disk
) -> None:
    mine = clone(str(source), "mine", link=True, disk=disk).prefix
    assert _linked(source, mine) == {
        f"{SITE}/plain.py",
        f"{SITE}/locked.py",
        f"{SITE}/empty.py",
        f"{SITE}/__pycache__/plain.cpython-37.pyc",
        "lib/libx.so",
    }


def test_given_a_linked_clone_then_it_is_as_true_as_a_copied_one(source: Path, disk: Disk) -> None:
    copied = clone(str(source), "copied", disk=disk).prefix
    linked = clone(str(source), "linked", link=True, disk=disk).prefix
    here, there = contents(copied), contents(linked)
    assert here.keys() == there.keys()
    kept = [k for k in here if "conda-meta" not in k and not k.endswith(".pyc")]
    assert {k: here[k][:2] for k in kept} == {k: there[k][:2] for k in kept}
    assert leftovers(linked, [str(source)]) == []


def test_given_a_linked_clone_then_the_source_is_as_it_was(source: Path, disk: Disk) -> None:
    before = contents(source)
    clone(str(source), "mine", link=True, disk=disk)
    assert contents(source) == before


def test_given_names_of_one_file_of_which_tools_write_into_one_then_none_is_shared(
    source: Path, disk: Disk
) -> None:
    os.link(source / f"{SITE}/x.pth", source / "lib/another")
    mine = clone(str(source), "mine", link=True, disk=disk).prefix
    assert (mine / "lib/another").samefile(mine / f"{SITE}/x.pth")
    assert not (mine / "lib/another").samefile(source / "lib/another")


def test_given_hard_links_inside_when_linked_then_they_are_the_sources_file_too(
    source: Path, disk: Disk
) -> None:
    os.link(source / "lib/libx.so", source / "lib/libx.so.1")
    mine = clone(str(source), "mine", link=True, disk=disk).prefix
    assert (mine / "lib/libx.so.1").samefile(source / "lib/libx.so")


def test_given_a_linked_clone_when_pip_replaces_a_package_then_the_sources_stays(
    source: Path, disk: Disk, tmp_path: Path
) -> None:
    # given a package, installed by the real pip into the source, and a clone of it
    wheels = {v: _wheel(tmp_path, v) for v in ("1.0", "2.0")}
    _pip(source, wheels["1.0"])
    mine = clone(str(source), "mine", link=True, disk=disk).prefix
    before = contents(source)
    assert (mine / SITE / "demo.py").samefile(source / SITE / "demo.py")
    # when
    _pip(mine, wheels["2.0"])
    # then
    assert (mine / SITE / "demo.py").read_text() == "VERSION = '2.0'\n"
    assert contents(source) == before


def test_given_a_linked_clone_when_its_modules_are_compiled_then_the_sources_stay(
    source: Path, disk: Disk
) -> None:
    compiled = f"{SITE}/__pycache__/plain.{sys.implementation.cache_tag}.pyc"
    write(source / compiled, b"stale")
    mine = clone(str(source), "mine", link=True, disk=disk).prefix
    command = [sys.executable, "-m", "compileall", "-q", "-f", str(mine / SITE / "plain.py")]
    subprocess.run(command, check=True)
    assert (source / compiled).read_bytes() == b"stale"
    assert (mine / compiled).read_bytes() != b"stale"


@pytest.mark.parametrize("refusal", [errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP])
def test_given_no_links_between_the_two_then_the_error_says_what_to_do_and_nothing_is_left(
    source: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    def refuse(*names: object, **options: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(LinksRefused, match="cannot share") as caught:
        clone(str(source), "mine", link=True, disk=disk)
    assert "without --link" in caught.value.hint
    assert not (disk.envs / "mine").exists()
    assert os.listdir(disk.staging) == []


def test_given_a_file_with_too_many_names_already_then_it_alone_is_copied_and_the_log_says_so(
    source: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lines = os.link, list[str]()

    def refuse_one(src: object, dst: object, **options: bool) -> None:
        if str(src).endswith("libx.so"):
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))
        real(str(src), str(dst), **options)

    class Listening(Silent):
        def log(self, message: str) -> None:
            lines.append(message)

    monkeypatch.setattr(os, "link", refuse_one)
    mine = clone(str(source), "mine", link=True, disk=disk, progress=Listening()).prefix
    assert (mine / "lib/libx.so").read_bytes() == b"\x7fELF\0binary"
    assert "1 files could not be hard links: they are copied" in lines


def test_given_a_source_that_changes_meanwhile_then_it_is_noticed_and_nothing_lands(
    source: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def replace_first(src: object, dst: object, **options: bool) -> None:
        monkeypatch.setattr(os, "link", real)
        (source / f"{SITE}/new.py").write_text("")
        real(str(src), str(dst), **options)

    def arm(phase: str) -> None:
        if phase == "copying":
            monkeypatch.setattr(os, "link", replace_first)

    class Arming(Silent):
        def phase(self, name: str, **totals: int | None) -> None:
            arm(name)

    with pytest.raises(Busy, match=r"new\.py"):
        clone(str(source), "mine", link=True, disk=disk, progress=Arming())
    assert not (disk.envs / "mine").exists()


def _pip(prefix: Path, wheel: str) -> None:
    """Install over what is there: pip's own way of replacing a file."""
    options = ["--no-index", "--no-deps", "-q", "--disable-pip-version-check"]
    there = ["--ignore-installed", "--prefix", str(prefix), wheel]
    command = [sys.executable, "-m", "pip", "install", *options, *there]
    subprocess.run(command, check=True, capture_output=True)


def _wheel(folder: Path, version: str) -> str:
    wheel = folder / f"demo-{version}-py3-none-any.whl"
    notes = f"demo-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("demo.py", f"VERSION = {version!r}\n")
        archive.writestr(
            f"{notes}/METADATA", f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n"
        )
        archive.writestr(
            f"{notes}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{notes}/RECORD", f"demo.py,,\n{notes}/METADATA,,\n{notes}/WHEEL,,\n{notes}/RECORD,,\n"
        )
    return str(wheel)
