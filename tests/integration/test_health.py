"""`check` on a real environment that is healthy, and on one with each kind of trouble."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.health import check, fix
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.kernels import register, unregister
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.moved import former_prefixes
from modelarts_nb.errors import NotFound


@pytest.fixture
def mine(trapped_env: Path, disk: Disk) -> Path:
    """A healthy environment called ``mine`` on the disk; it can be no kernel."""
    return clone(str(trapped_env), "mine", kernel=False, disk=disk).prefix


@pytest.fixture
def with_kernel(mine: Path, disk: Disk) -> Path:
    """``mine`` as a kernel; a folder stands for the package: only its name matters here."""
    next(mine.glob("lib/python3.*/site-packages")).joinpath("ipykernel").mkdir()
    register("mine", disk=disk)
    return mine


def finding(found: list[Finding], check: str) -> Finding:
    return next(f for f in found if f.check == check)


def edit_a_source(prefix: Path) -> None:
    source = next(prefix.glob("lib/python3.*/site-packages/pip/__pip-runner__.py"))
    source.write_text(source.read_text() + "# edited\n")


def lose_a_file(prefix: Path) -> None:
    next(prefix.glob("lib/python3.*/site-packages/pip/__pip-runner__.py")).unlink()


def make_a_file_unreadable(prefix: Path) -> None:
    # Not by its mode: root may read everything.
    source = next(prefix.glob("lib/python3.*/site-packages/pip/__pip-runner__.py"))
    source.unlink()
    source.mkdir()


def damage_a_record_in_a_way_that_is_json(prefix: Path) -> None:
    next(iter((prefix / "conda-meta").glob("pip-*.json"))).write_text("[]")


def lose_the_interpreter(prefix: Path) -> None:
    (prefix / "bin/python").unlink()


def break_the_interpreter(prefix: Path) -> None:
    python = (prefix / "bin/python").resolve()
    python.unlink()
    python.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    python.chmod(0o755)


def damage_a_record(prefix: Path) -> None:
    next(iter((prefix / "conda-meta").glob("pip-*.json"))).write_text("{")


def test_a_clone_is_healthy_to_the_last_byte(image_env: Path, disk: Disk) -> None:
    clone(str(image_env), "mine", disk=disk)

    found = check("mine", deep=True, disk=disk)

    assert [f.level for f in found] == ["ok"] * 6, found


@pytest.mark.parametrize(
    ("harm", "probe", "level"),
    [
        (lose_a_file, "records", "error"),
        (edit_a_source, "records", "warning"),
        (edit_a_source, "bytecode", "warning"),
        (damage_a_record, "records", "error"),
        (damage_a_record_in_a_way_that_is_json, "records", "error"),
        (make_a_file_unreadable, "records", "error"),
        (break_the_interpreter, "interpreter", "error"),
        (lose_the_interpreter, "interpreter", "error"),
    ],
)
def test_harm_is_found(
    mine: Path, disk: Disk, harm: Callable[[Path], None], probe: str, level: str
) -> None:
    harm(mine)

    assert finding(check("mine", deep=True, disk=disk), probe).level == level


def test_a_kernel_without_its_interpreter_is_found(with_kernel: Path, disk: Disk) -> None:
    lose_the_interpreter(with_kernel)

    assert finding(check("mine", disk=disk), "kernel").level == "error"


def test_fix_compiles_what_is_stale(mine: Path, disk: Disk) -> None:
    edit_a_source(mine)

    assert finding(fix("mine", disk=disk), "bytecode").level == "ok"


def test_an_environment_is_mended_by_its_path_too(mine: Path, disk: Disk) -> None:
    edit_a_source(mine)

    assert finding(fix(str(mine), disk=disk), "bytecode").level == "ok"


def test_an_environment_that_is_not_on_the_disk_is_mended_where_it_is(
    mine: Path, disk: Disk, tmp_path: Path
) -> None:
    moved = tmp_path / "image" / "mine"
    moved.parent.mkdir()
    shutil.move(mine, moved)

    found = fix(str(moved), disk=disk)

    assert finding(found, "prefix").level == "ok"
    assert not any(disk.locks.iterdir())


def test_fix_registers_a_kernel_that_is_not_offered(with_kernel: Path, disk: Disk) -> None:
    unregister("mine", disk=disk)
    before = finding(check("mine", disk=disk), "kernel")

    after = finding(fix("mine", disk=disk), "kernel")

    assert (before.level, after.level) == ("warning", "ok")


def test_fix_mends_an_environment_that_was_moved_by_hand(mine: Path, disk: Disk) -> None:
    # given
    moved = disk.envs / "elsewhere"
    shutil.move(mine, moved)
    assert finding(check("elsewhere", disk=disk), "prefix").level == "error"
    # when
    found = fix("elsewhere", deep=True, disk=disk)
    # then
    assert finding(found, "prefix").level == "ok"
    assert finding(found, "records").level == "ok"
    assert former_prefixes(moved) == []
    assert show("elsewhere", disk=disk).trouble == ()


def test_mending_goes_on_where_it_was_interrupted(mine: Path, disk: Disk) -> None:
    # given: most scripts were rewritten when the mending was killed
    moved = disk.envs / "elsewhere"
    shutil.move(mine, moved)
    script = (moved / "bin/pip").read_bytes()
    fix("elsewhere", disk=disk)
    (moved / "bin/pip").write_bytes(script)
    # then
    assert finding(fix("elsewhere", disk=disk), "prefix").level == "ok"
    assert os.fsencode(moved) in (moved / "bin/pip").read_bytes()


def test_check_changes_nothing(mine: Path, disk: Disk) -> None:
    edit_a_source(mine)
    before = sorted((p, p.lstat().st_mtime_ns) for p in mine.rglob("*"))

    check("mine", deep=True, disk=disk)

    assert sorted((p, p.lstat().st_mtime_ns) for p in mine.rglob("*")) == before


def test_an_absent_environment_is_said_to_be_absent(disk: Disk) -> None:
    with pytest.raises(NotFound):
        check("absent", disk=disk)
