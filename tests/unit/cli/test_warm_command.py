"""`ma env warm`: what it says to a person and to a program."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.tree import ma
from modelarts_nb.disk.persistent import Disk
from tests.unit.envs.by_hand import make_on_disk


def run(*args: str) -> Result:
    return CliRunner().invoke(ma, ["env", "warm", *args])


def test_it_says_what_to_do_where_nothing_is_known(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_HOT", "on")
    make_on_disk(disk, "mine")
    done = run("mine")
    assert done.exit_code == 0, done.output
    assert "start its kernel and import what you use" in done.output


def test_it_says_that_a_fast_disk_needs_none(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    done = run("mine", "--json")
    assert json.loads(done.stdout) == [
        {"name": "mine", "state": "not needed", "files": 0, "bytes": 0}
    ]


def test_of_none_it_says_that_there_is_none(disk: Disk) -> None:
    assert "No kernel has noted yet" in run("--all").output


@pytest.mark.parametrize(("args", "code"), [((), 2), (("mine", "--all"), 2), (("mine",), 4)])
def test_what_cannot_be_done_has_an_exit_code(disk: Disk, args: tuple[str, ...], code: int) -> None:
    assert run(*args).exit_code == code
