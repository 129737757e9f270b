"""What conda is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.errors import AccessDenied, DiskFailure
from tests.unit.envs.by_hand import make_on_disk, make_prefix, write


def test_given_environments_when_told_then_conda_finds_them_by_name(disk: Disk) -> None:
    mine, hand = make_on_disk(disk, "mine"), make_prefix(disk.envs / "by-hand")
    tell_conda(disk)
    settings = YAML(typ="safe").load(disk.home / ".conda/condarc.d/modelarts_nb.yml")
    assert settings == {"envs_dirs": [str(disk.envs), str(disk.home / ".ma/envs")]}
    assert (disk.home / ".conda/environments.txt").read_text() == f"{hand}\n{mine}\n"


def test_given_lines_of_others_when_told_then_only_ours_change(disk: Disk) -> None:
    # given what conda noted, with environments of ours that are gone or were never landed
    mine = make_on_disk(disk, "mine")
    lines = ["/home/x/conda", f"{disk.envs}/gone", f"{disk.staging}/x/content", str(mine)]
    listed = write(disk.home / ".conda/environments.txt", "\n".join(lines) + "\n")
    # when
    tell_conda(disk)
    # then
    assert listed.read_text() == f"/home/x/conda\n{mine}\n"


def test_given_nothing_new_when_told_again_then_no_file_is_written(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    tell_conda(disk)
    files = [p for p in (disk.home / ".conda").rglob("*") if p.is_file()]
    before = {path: path.stat().st_ino for path in files}
    tell_conda(disk)
    assert {path: path.stat().st_ino for path in files} == before


def test_given_a_disk_with_odd_characters_when_told_then_it_is_still_yaml(
    disk: Disk, tmp_path: Path
) -> None:
    root = tmp_path / "dis k: 盘 #1"
    root.mkdir()
    odd = Disk(root, disk.owner, disk.home)
    tell_conda(odd)
    settings = YAML(typ="safe").load(disk.home / ".conda/condarc.d/modelarts_nb.yml")
    assert settings == {"envs_dirs": [str(odd.envs), str(odd.home / ".ma/envs")]}


def test_given_a_home_that_refuses_when_told_then_the_error_is_typed(disk: Disk) -> None:
    write(disk.home / ".conda", "a file")
    with pytest.raises((DiskFailure, AccessDenied)):
        tell_conda(disk)
