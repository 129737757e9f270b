"""What is listed, and what is said about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.inventory import holders, list_environments, show
from modelarts_nb.envs.kernels import write_kernel
from modelarts_nb.errors import NotAnEnvironment, NotFound
from tests.unit.envs.by_hand import add_record, make_on_disk, make_prefix, write


def test_given_an_empty_disk_when_listed_then_there_is_nothing(disk: Disk) -> None:
    assert list_environments(disk=disk) == []


def test_given_an_environment_of_ours_when_listed_then_everything_known_is_said(
    disk: Disk,
) -> None:
    # given
    prefix = make_on_disk(disk, "Mine")
    add_record(prefix, "numpy", "1.26.4", [])
    add_record(prefix, "pytorch", "2.1.0", [])
    write(prefix / "lib/python3.11/site-packages/torch-2.1.0.dist-info/METADATA", "")
    write(prefix / "lib/python3.11/site-packages/scikit_learn-1.4.2.dist-info/METADATA", "")
    # when
    (found,) = list_environments(disk=disk)
    # then
    assert (found.name, found.prefix, found.where) == ("Mine", prefix, "disk")
    assert found.python == "3.11.7"
    assert (found.size, found.files) == (123, 4)
    assert (found.created, found.origin) == ("2026-01-01T00:00:00+00:00", "/image/envs/a")
    assert found.highlights == ("torch 2.1", "scikit-learn 1.4", "numpy 1.26")
    assert (found.kernel, found.kernel_name) == ("none", None)
    assert found.trouble == ()
    assert found.working is None


def test_given_one_made_by_hand_when_listed_then_it_shows_up(disk: Disk) -> None:
    make_prefix(disk.envs / "by-hand")
    (disk.envs / "not-one").mkdir()
    write(disk.envs / "a-file", "")
    (found,) = list_environments(disk=disk)
    assert (found.name, found.size, found.origin, found.trouble) == ("by-hand", None, None, ())


def test_given_damaged_state_when_listed_then_the_rest_is_still_said(disk: Disk) -> None:
    prefix = make_on_disk(disk, "mine")
    for damage in ("{", "[]", '{"size": "big", "files": true, "created": 7, "requested": "x"}'):
        (prefix / "conda-meta/modelarts_nb/state.json").write_text(damage)
        (found,) = list_environments(disk=disk)
        assert (found.python, found.size, found.files, found.created) == (
            "3.11.7",
            None,
            None,
            None,
        )


def test_given_kernels_when_listed_then_their_state_is_what_jupyter_would_offer(
    disk: Disk,
) -> None:
    # given
    ready, missing = make_on_disk(disk, "Ready"), make_on_disk(disk, "missing")
    write_kernel(ready, disk)
    write_kernel(missing, disk)
    (disk.local_kernels / "ma-missing/kernel.json").unlink()
    make_on_disk(disk, "none")
    # when
    found = {e.name: (e.kernel, e.kernel_name) for e in list_environments(disk=disk)}
    # then
    assert found == {
        "missing": ("missing", "ma-missing"),
        "none": ("none", None),
        "Ready": ("ready", "ma-ready"),
    }


def test_given_a_kernel_somebody_else_registered_when_shown_then_it_counts(disk: Disk) -> None:
    prefix = make_on_disk(disk, "mine")
    spec = {"argv": [f"{prefix}/bin/python", "-m", "ipykernel_launcher"]}
    write(disk.local_kernels / "seed/kernel.json", json.dumps(spec))
    write(disk.local_kernels / "broken/kernel.json", "{")
    found = show("mine", disk=disk)
    assert (found.kernel, found.kernel_name) == ("ready", "seed")


def test_given_an_image_when_listed_then_its_environments_follow(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given conda in the home, one active elsewhere, one that only conda remembers
    base = make_prefix(disk.home / "anaconda3")
    (base / "condabin").mkdir()
    torch = make_prefix(base / "envs/PyTorch-1.8", python="3.7.10")
    active = make_prefix(tmp_path / "opt/conda/envs/active")
    known = make_prefix(tmp_path / "known")
    mine = make_on_disk(disk, "mine")
    monkeypatch.setenv("CONDA_PREFIX", str(active))
    lines = [str(known), str(mine), str(disk.staging / "x/content"), "/gone", "", "junk"]
    write(disk.home / ".conda/environments.txt", "\n".join(lines))
    # when
    found = [(e.name, e.prefix, e.where) for e in list_environments(disk=disk)]
    # then
    assert found[0] == ("mine", mine, "disk")
    assert sorted(found[1:]) == [
        ("PyTorch-1.8", torch, "image"),
        ("active", active, "image"),
        ("base", base, "image"),
        ("known", known, "elsewhere"),
    ]
    assert show("PyTorch-1.8", disk=disk).python == "3.7.10"
    assert show("base", disk=disk).where == "image"
    assert show(str(known), disk=disk).where == "elsewhere"


def test_given_folders_in_the_settings_when_listed_then_they_are_looked_into(
    disk: Disk, tmp_path: Path
) -> None:
    more = make_prefix(tmp_path / "more/one")
    settings = {"Environments": {"image_envs": [str(tmp_path / "more")]}}
    write(disk.home / ".jupyter/modelarts_nb_config.json", json.dumps(settings))
    (found,) = list_environments(disk=disk)
    assert (found.prefix, found.where) == (more, "image")


def test_given_the_same_name_on_disk_and_in_the_image_when_shown_then_the_disk_wins(
    disk: Disk,
) -> None:
    make_prefix(disk.home / "anaconda3/envs/same")
    prefix = make_on_disk(disk, "same")
    assert show("same", disk=disk).prefix == prefix
    assert show("SAME", disk=disk).prefix == prefix


def test_given_one_moved_by_hand_when_listed_then_it_is_in_trouble_and_says_the_way_out(
    disk: Disk,
) -> None:
    make_prefix(disk.envs / "before").rename(disk.envs / "after")
    (found,) = list_environments(disk=disk)
    (finding,) = found.trouble
    assert (finding.check, finding.level) == ("prefix", "error")
    assert str(disk.envs / "before") in finding.message
    assert "ma env check after --fix" in finding.fix


def test_given_no_interpreter_when_listed_then_it_is_in_trouble(disk: Disk) -> None:
    prefix = make_on_disk(disk, "mine")
    (prefix / "bin/python").unlink()
    (found,) = list_environments(disk=disk)
    assert [finding.check for finding in found.trouble] == ["interpreter"]


def test_given_a_pip_of_the_system_when_listed_then_it_is_no_trouble(disk: Disk) -> None:
    prefix = make_prefix(disk.envs / "mine")
    write(prefix / "bin/pip", "#!/usr/bin/python3\n")
    assert show("mine", disk=disk).trouble == ()


def test_given_a_live_lock_when_listed_then_who_works_is_said(disk: Disk) -> None:
    make_on_disk(disk, "Mine")
    with lock(disk, "Mine"):
        assert "tester" in (show("mine", disk=disk).working or "")
    assert show("mine", disk=disk).working is None


def test_given_a_lock_of_a_dead_process_when_asked_then_nobody_works(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    code = (
        "import os; from modelarts_nb.disk.locks import lock; "
        "from modelarts_nb.disk.persistent import open_disk; "
        "held = lock(open_disk(), 'mine'); held.__enter__(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert os.listdir(disk.locks) == ["mine.json"]
    assert holders(disk) == {}


def test_given_nothing_of_the_name_when_shown_then_the_error_says_where_to_look(
    disk: Disk,
) -> None:
    (disk.envs / "empty").mkdir(parents=True)
    with pytest.raises(NotFound, match="'nothing'"):
        show("nothing", disk=disk)
    with pytest.raises(NotAnEnvironment, match="conda-meta"):
        show("empty", disk=disk)
