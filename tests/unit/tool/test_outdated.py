"""Older tools are removed when nobody needs them any more, and only then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.tool.install import BUILD, HOOK_RECORD
from modelarts_nb.tool.outdated import mark_used, remove_outdated
from modelarts_nb.tool.registrations import is_registered, named_tools, note_registration

DAY = 24 * 3600
VERSIONS = ("0.1", "0.2", "0.3", "0.4")


@pytest.fixture
def tools(disk: Disk) -> Disk:
    """A disk with four tools, a month old and more, none of which anybody names."""
    for age, version in enumerate(reversed(VERSIONS)):
        build = disk.tool / version / BUILD
        build.parent.mkdir(parents=True)
        build.write_text("{}")
        then = time.time() - (30 + age) * DAY
        os.utime(build, (then, then))
        os.utime(disk.tool / version, (then, then))
    return disk


def left(disk: Disk) -> list[str]:
    return sorted(os.listdir(disk.tool))


def test_all_but_the_two_newest_are_removed(tools: Disk) -> None:
    assert sorted(remove_outdated(tools)) == ["0.1", "0.2"]

    assert left(tools) == ["0.3", "0.4"]
    assert os.listdir(tools.staging) == []


def test_one_that_anybodys_installed_hook_names_stays(tools: Disk) -> None:
    theirs = tools.own.parent / "ada"
    theirs.mkdir(parents=True)
    (theirs / HOOK_RECORD).write_text(json.dumps({"tool": "/elsewhere/tool/0.1"}))

    assert remove_outdated(tools) == ["0.2"]


def test_one_that_the_hook_of_another_notebook_names_stays(tools: Disk) -> None:
    note_registration(tools, "notebook-1", tools.tool / "0.1")
    note_registration(tools, "notebook-2", tools.tool / "0.4")

    assert remove_outdated(tools) == ["0.2"]


def test_one_whose_hook_was_taken_out_does_not(tools: Disk) -> None:
    note_registration(tools, "notebook-1", tools.tool / "0.1")
    note_registration(tools, "notebook-1", None)

    assert not is_registered(tools, "notebook-1")
    assert sorted(remove_outdated(tools)) == ["0.1", "0.2"]


def test_the_one_that_this_container_was_restored_with_stays(tools: Disk) -> None:
    tools.local_data.mkdir(parents=True)
    python = str(tools.tool / "0.2/bin/python")
    (tools.local_data / "tool.json").write_text(json.dumps({"python": python}))

    assert remove_outdated(tools) == ["0.1"]


def test_one_that_a_process_runs_from_stays(tools: Disk) -> None:
    program = tools.tool / "0.1" / "bin" / "sleep"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep") or "", program)
    long_ago = time.time() - 30 * DAY
    os.utime(tools.tool / "0.1", (long_ago, long_ago))
    process = subprocess.Popen([str(program), "60"])
    try:
        assert remove_outdated(tools) == ["0.2"]
    finally:
        process.kill()
        process.wait()


def test_one_that_was_used_within_a_week_stays(
    tools: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tools.tool / "0.1"))
    mark_used(tools)

    assert remove_outdated(tools) == ["0.2"]


def test_a_tool_that_is_not_of_the_disk_is_not_marked(tools: Disk) -> None:
    before = Path(sys.prefix).stat().st_mtime_ns

    mark_used(tools)

    assert Path(sys.prefix).stat().st_mtime_ns == before


def damaged(disk: Disk) -> None:
    (disk.own.parent / "ada").mkdir(parents=True)
    (disk.own.parent / "ada" / HOOK_RECORD).write_text("{")


def of_another_shape(disk: Disk) -> None:
    note_registration(disk, "notebook-1", disk.tool / "0.1")
    [record] = disk.own.iterdir()
    record.write_text('{"tools": ["0.1"]}')


@pytest.mark.parametrize("spoil", [damaged, of_another_shape])
def test_where_it_is_not_known_what_is_named_all_stay(
    tools: Disk, spoil: Callable[[Disk], None]
) -> None:
    spoil(tools)

    assert remove_outdated(tools) == []
    with pytest.raises(ValueError, match="is damaged"):
        named_tools(tools)


def test_what_is_no_tool_of_ours_stays(tools: Disk) -> None:
    (tools.tool / "notes").mkdir()
    (tools.tool / "readme").write_text("")

    remove_outdated(tools)

    assert left(tools) == ["0.3", "0.4", "notes", "readme"]


def test_a_disk_without_tools_is_no_trouble(disk: Disk) -> None:
    assert remove_outdated(disk) == []
