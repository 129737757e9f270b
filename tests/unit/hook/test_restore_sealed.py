"""Sealed environments after a restart: kernels at once, local copies behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.condafiles import tell_conda
from tests.unit.hook.world import World, detail, oldest_and_newest, states, wait_until


@pytest.mark.parametrize("python", oldest_and_newest())
def test_the_kernel_of_a_sealed_environment_is_back_at_once(world: World, python: str) -> None:
    world.python = python
    world.sealed("mine")
    report = world.run()
    assert states(report)["kernels"] == "restored"
    assert (world.home / ".local/share/jupyter/kernels/ma-mine/kernel.json").is_file()


def test_a_kernel_without_any_version_is_not_offered(world: World) -> None:
    folder = world.sealed("mine")
    (folder / "1.json").rename(folder / "notes.txt")
    assert "is gone" in detail(world.run(), "kernel ma-mine")


@pytest.mark.parametrize("python", oldest_and_newest())
def test_local_copies_are_made_behind_the_start_and_below_all_else(
    world: World, python: str
) -> None:
    # given a tool that says how it was called, and how nice it is
    world.python = python
    world.sealed("mine")
    sha256 = world.install_tool()
    says = '#!/bin/sh\necho "$* $(nice) $HOME $MODELARTS_NB_DISK $MODELARTS_NB_OWNER $(pwd)"\n'
    (world.tool / "bin/python").write_text(says)
    # when
    world.run("--manifest", sha256)
    # then
    log = world.home / ".local/state/modelarts_nb/behind.log"
    told = f" 19 {world.home} {world.disk} me /"
    expected = [f"-I -m modelarts_nb.cli env {step} --all{told}" for step in ("fill", "warm")]
    assert wait_until(lambda: log.is_file() and log.read_text().splitlines()[-2:] == expected)


def test_without_kernels_nothing_runs_behind(world: World) -> None:
    world.install_tool()
    world.run()
    assert not (world.home / ".local/state/modelarts_nb/behind.log").exists()


def test_conda_is_told_the_same_as_by_the_tool(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given a home that survived, with a link to a local copy
    monkeypatch.setenv("MODELARTS_NB_RUN", str(tmp_path / "run"))
    mine = world.environment("mine")
    copy = tmp_path / "copy"
    (copy / "conda-meta").mkdir(parents=True)
    (copy / "conda-meta/history").touch()
    link = world.home / ".ma/envs/other"
    link.parent.mkdir(parents=True)
    os.symlink(copy, link)
    # when
    world.run()
    # then
    listed = world.home / ".conda/environments.txt"
    assert listed.read_text() == f"{mine}\n{link}\n"
    # and the settings are those that the tool writes
    settings = world.home / ".conda/condarc.d/modelarts_nb.yml"
    before = settings.read_bytes()
    tell_conda(Disk(world.disk, "me", world.home))
    assert settings.read_bytes() == before
