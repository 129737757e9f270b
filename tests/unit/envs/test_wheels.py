"""Which files need not be searched for the prefix, because their wheel was built elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.scan import scan
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.wheels import unpacked_files
from tests.unit.envs.by_hand import make_prefix, write

SITE = "lib/python3.11/site-packages"
HASH = "sha256=abc"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "env")


def install(prefix: Path, tag: str = "cp311-cp311-manylinux_2_28_x86_64", **files: str) -> None:
    """What pip leaves of a wheel: ``files`` in the package, and its notes, INSTALLER last."""
    notes = prefix / SITE / "pkg-1.0.dist-info"
    lines = [f"pkg/{name},{HASH},{len(text)}" for name, text in files.items()]
    for name, text in files.items():
        os.utime(write(prefix / SITE / "pkg" / name, text), ns=(10**18, 10**18))
    write(notes / "WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
    lines += [f"../../../bin/run,{HASH},3", f"{notes.name}/WHEEL,{HASH},9", "pkg/x.pyc,,"]
    write(notes / "RECORD", "\n".join(lines) + "\n")
    os.utime(write(notes / "INSTALLER", "pip\n"), ns=(10**18 + 5, 10**18 + 5))


def test_the_files_of_the_package_are_known_but_no_scripts_notes_or_compiled_ones(
    prefix: Path,
) -> None:
    install(prefix, data="12345", code="1")
    assert set(unpacked_files(prefix)) == {f"{SITE}/pkg/data", f"{SITE}/pkg/code"}


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("cp311-cp311-manylinux_2_28_x86_64", True),
        ("py3-none-manylinux2014_aarch64", True),
        ("cp311-abi3-musllinux_1_2_x86_64", True),
        ("cp311-cp311-linux_x86_64", False),
        ("py3-none-any", False),
        ("cp311-cp311-manylinux_2_17_x86_64\nTag: cp311-cp311-linux_x86_64", False),
    ],
)
def test_only_tags_that_no_local_build_has_count(prefix: Path, tag: str, known: bool) -> None:
    install(prefix, tag, data="12345")
    assert bool(unpacked_files(prefix)) is known


@pytest.mark.parametrize("gone", ["WHEEL", "RECORD", "INSTALLER"])
def test_given_a_note_that_is_missing_then_nothing_is_known(prefix: Path, gone: str) -> None:
    install(prefix, data="12345")
    (prefix / SITE / "pkg-1.0.dist-info" / gone).unlink()
    assert unpacked_files(prefix) == {}


@pytest.mark.parametrize(
    ("text", "changed_ns", "still"),
    [("12345", 10**18, True), ("123456", 10**18, False), ("54321", 10**18 + 6, False)],
)
def test_a_file_that_was_changed_since_is_not_taken_for_the_wheels(
    prefix: Path, text: str, changed_ns: int, still: bool
) -> None:
    install(prefix, data="12345")
    file = write(prefix / SITE / "pkg/data", text)
    os.utime(file, ns=(changed_ns, changed_ns))
    (entry,) = [e for e in scan(prefix).entries if e.path.endswith("pkg/data")]
    assert unpacked_files(prefix)[entry.path].is_still(entry) is still


@pytest.mark.parametrize("link", [False, True])
def test_given_an_edit_of_a_wheels_file_when_cloned_twice_then_each_clone_is_true(
    prefix: Path, disk: Disk, link: bool
) -> None:
    # given a file that somebody edited, in its old size
    install(prefix, conf="x" * len(str(prefix)))
    write(prefix / SITE / "pkg/conf", str(prefix))
    # when
    first = clone(str(prefix), "first", link=link, disk=disk).prefix
    second = clone("first", "other", link=link, disk=disk).prefix
    # then
    assert (first / SITE / "pkg/conf").read_text() == str(first)
    assert (second / SITE / "pkg/conf").read_text() == str(second)
