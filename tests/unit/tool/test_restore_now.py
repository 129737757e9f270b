"""``ma restore`` and ``ma hook status`` where no tool was put on the disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import ConfigInvalid, EngineFailed
from modelarts_nb.tool import manifest, restore_now
from modelarts_nb.tool.install import HOOK_RECORD
from modelarts_nb.tool.status import status
from tests.unit.hook.world import World


def states(report: restore_now.Report) -> dict[str, str]:
    return {line.what: line.state for line in report.lines}


def test_the_running_installation_is_restored(disk: Disk) -> None:
    World(disk.root, disk.home, owner=disk.owner).environment("mine", disk.owner)

    report = restore_now.restore(disk=disk)

    assert report.ok, report
    assert (disk.local_kernels / "ma-mine/kernel.json").is_file()
    tool = json.loads((disk.local_data / "tool.json").read_text())
    assert tool["python"] == sys.executable


def test_a_jupyter_that_has_us_gets_no_second_copy(disk: Disk) -> None:
    report = restore_now.restore(disk=disk)

    assert "server extension" not in states(report)
    assert not (disk.home / ".jupyter/jupyter_config.py").exists()


def test_another_jupyter_gets_the_server_extension(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "serves_jupyter", lambda: False)

    report = restore_now.restore(disk=disk)

    assert states(report)["server extension"] == "restored"
    assert (disk.local_data / "server-path/modelarts_nb/server/__init__.py").is_file()


def test_somebody_elses_kernels_come_when_asked_for(disk: Disk) -> None:
    World(disk.root, disk.home).environment("theirs", "colleague")

    restore_now.restore(also_owners=["colleague"], disk=disk)

    assert (disk.local_kernels / "ma-theirs/kernel.json").is_file()


def test_a_restore_that_cannot_run_is_an_error(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(EngineFailed):
        restore_now.restore(disk=disk)


def test_the_status_of_no_hook(disk: Disk) -> None:
    found = status(disk=disk)

    assert (found.installed, found.version, found.report) == (False, None, None)


def test_the_status_tells_of_the_last_restore(disk: Disk) -> None:
    restore_now.restore(disk=disk)

    report = status(disk=disk).report

    assert report is not None
    assert report["owner"] == disk.owner


@pytest.mark.parametrize("text", ["{", "[]", '{"tool": 1}'])
def test_a_damaged_record_says_how_to_mend_it(disk: Disk, text: str) -> None:
    disk.own.mkdir(parents=True)
    (disk.own / HOOK_RECORD).write_text(text)

    with pytest.raises(ConfigInvalid) as caught:
        status(disk=disk)

    assert "hook install" in caught.value.hint


def test_what_the_record_names_and_is_gone_is_altered(disk: Disk, tmp_path: Path) -> None:
    disk.own.mkdir(parents=True)
    gone = {"tool": str(tmp_path / "t"), "restore": str(tmp_path / "r"), "version": "1"}
    sums = {"restore_sha256": "0", "manifest_sha256": "0", "command": "x"}
    (disk.own / HOOK_RECORD).write_text(json.dumps({**gone, **sums}))

    found = status(disk=disk)

    assert not found.unaltered
    assert len(found.altered) == 3
