"""``ma env seal`` and its kin, as typed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.completion import candidates
from modelarts_nb.cli.tree import ma
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from tests.unit.envs.archive.conftest import make_env
from tests.unit.envs.sealed.by_hand import environment, make_layer, make_version

__all__ = ["make_env"]
MakeEnv = Callable[..., Path]


@pytest.fixture(autouse=True)
def run_root(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A short one, as slots need."""
    folder = Path(tempfile.mkdtemp(prefix="run"))
    monkeypatch.setenv("MODELARTS_NB_RUN", str(folder))
    yield
    shutil.rmtree(folder, ignore_errors=True)


def run(*args: str) -> Result:
    return CliRunner().invoke(ma, ["env", *args])


def said(*args: str) -> str:
    result = run(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*args: str) -> Any:
    return json.loads(said(*args, "--json"))


def with_versions(disk: Disk) -> None:
    """``mine`` with version 1, and version 2, which has one file more."""
    layer = make_layer(disk, environment())
    make_version(disk, "mine", layer, why="as it came", size=10**6)
    more = make_layer(disk, {"share/more": b"more"})
    make_version(disk, "mine", layer, more, number=2, parent=1, why="with more", size=10**6)


def test_sealing_says_what_it_takes_and_what_is_next(disk: Disk, make_env: MakeEnv) -> None:
    make_env()

    text = said("seal", "demo", "-m", "works")

    assert text.startswith("demo is sealed as version 1: ")
    assert "ma env fill demo" in text
    assert "sealed 1" in said("list")
    assert said("open", "demo").startswith(f"demo is at {disk.envs / 'demo'}")


def test_versions_and_what_lies_between_them_are_shown(disk: Disk) -> None:
    with_versions(disk)

    table = said("versions", "mine")

    assert table.index("with more") < table.index("as it came")
    assert [version["number"] for version in told("versions", "mine")] == [2, 1]
    assert said("diff", "mine") == said("diff", "mine", "1", "2")
    assert "+ share/more" in said("diff", "mine", "1")
    assert said("diff", "mine", "2", "2").endswith("nothing differs.\n")


def test_going_back_and_undoing_it_say_where_one_is(disk: Disk) -> None:
    with_versions(disk)

    assert said("rollback", "mine", "1", "-m", "more was too much") == (
        "mine is at version 3: more was too much.\nUndo: ma env undo mine\n"
    )
    assert "mine is sealed, version 4" in said("undo", "mine")


def test_what_is_unsaved_is_told_until_it_is_saved(disk: Disk) -> None:
    with_versions(disk)
    assert "on the local disk" in said("fill", "mine")
    slot = slots.current(disk, "mine")
    assert slot
    (slot.path / "bin/new").write_text("new\n")

    assert "sealed 2, unsaved" in said("list")
    assert "ma env save mine" in said("show", "mine")
    assert "mine is saved as version 3: by hand (" in said("save", "--all", "-m", "by hand")
    assert said("save", "--all") == "Nothing was unsaved.\n"


def test_saving_wants_a_name_or_all() -> None:
    assert run("save").exit_code == 2
    assert run("save", "mine", "--all").exit_code == 2


def test_garbage_is_only_named_unless_it_is_to_go(disk: Disk) -> None:
    with_versions(disk)
    assert said("gc") == "Nothing to delete: all 2 images are needed.\n"
    stray = make_layer(disk, {"stray": b"stray"})
    path = disk.images / f"{stray.image}.tar.zst"
    os.utime(path, (1, 1))

    assert "ma env gc --yes" in said("gc")
    assert path.exists()
    assert "Deleted 1 images" in said("gc", "--yes")
    assert not path.exists()


def test_sources_are_added_shown_cloned_from_and_removed(disk: Disk, tmp_path: Path) -> None:
    team = Disk(tmp_path / "team", "somebody", disk.home)
    with_versions(team)

    assert "ma env clone team:mine NAME" in said("sources", "add", str(team.root))
    assert "team:mine" in said("sources", "list")
    assert "ours is sealed, version 1" in said("clone", "team:mine", "ours", "--no-kernel")
    assert "no source any more" in said("sources", "remove", "team")
    assert said("sources", "list").startswith("No sources.")
    assert "is gone" in run("fill", "ours").stderr


def test_names_versions_and_sources_are_completed(disk: Disk, make_env: MakeEnv) -> None:
    make_env()
    with_versions(disk)
    fill("mine", disk=disk)

    assert candidates(["env", "seal", ""]) == ["demo", "mine"]
    assert candidates(["env", "versions", ""]) == ["mine"]
    assert candidates(["env", "rollback", "mine", ""]) == ["2", "1"]
    assert candidates(["env", "diff", "mine", "1", ""]) == ["2", "1", "unsaved"]
    assert candidates(["env", "open", "mine", "--version", ""]) == ["2", "1"]
    assert candidates(["env", "sources", "remove", ""]) == []


@pytest.mark.parametrize(
    "command",
    ["seal", "open", "save", "versions", "diff", "rollback", "undo", "fill", "gc"],
)
def test_the_help_has_examples(command: str) -> None:
    assert f"ma env {command}" in said(command, "--help")
