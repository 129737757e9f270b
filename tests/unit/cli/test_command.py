"""`ma`: options, output, errors and exit codes that every command shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.completion import candidates
from modelarts_nb.cli.tree import ma
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.removal import remove
from tests.unit.envs.by_hand import make_on_disk


def every(command: click.Command, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of all commands below this one, as they are typed."""
    if not isinstance(command, click.Group):
        yield names
        return
    for name, sub in command.commands.items():
        yield from every(sub, *names, name)


ALL_COMMANDS = list(every(ma))


def run(*args: str) -> Result:
    return CliRunner().invoke(ma, list(args))


@pytest.mark.parametrize("names", ALL_COMMANDS, ids=" ".join)
def test_every_command_explains_itself(names: tuple[str, ...]) -> None:
    result = run(*names, "--help")

    assert result.exit_code == 0
    assert "--json" in result.output


def test_a_missing_disk_is_an_error_with_a_hint_and_its_own_exit_code(home: Path) -> None:
    result = run("env", "list", "--disk", str(home / "absent"))

    assert result.exit_code == 5
    assert "is not there" in result.stderr
    assert "MODELARTS_NB_DISK" in result.stderr
    assert "Traceback" not in result.output


def test_an_error_as_json_carries_its_code(home: Path) -> None:
    result = run("env", "list", "--json", "--disk", str(home / "absent"))

    assert json.loads(result.stdout)["error"]["code"] == "disk_missing"


def test_an_error_as_ndjson_is_one_line_of_type_error(home: Path) -> None:
    result = run("env", "list", "--progress", "ndjson", "--disk", str(home / "absent"))

    assert json.loads(result.stdout)["type"] == "error"


def test_the_status_of_a_disk_that_is_missing_is_an_answer_with_the_disks_exit_code(
    home: Path, disk: Disk
) -> None:
    missing = run("status", "--json", "--disk", str(home / "absent"))
    there = run("status", "--json", "--disk", str(disk.root))

    assert json.loads(missing.stdout)["disk"]["error"]["code"] == "disk_missing"
    assert (missing.exit_code, there.exit_code) == (5, 0)


WRONG = {
    "no such option": ("env", "clone", "--bogus"),
    "an argument is missing": ("env", "clone"),
    "no such choice": ("job", "list", "--limit", "many"),
    "no such command": ("env", "clnoe"),
    "no such group": ("enw", "list"),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage_as_json_is_an_error_as_any_other(words: tuple[str, ...]) -> None:
    result = run(*words, "--json")

    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, result.stderr, error["code"]) == (2, "", "usage")
    assert error["message"]
    assert "--help` explains it" in error["hint"]


@pytest.mark.parametrize("style", [("--progress", "ndjson"), ("--progress=ndjson",)])
def test_wrong_usage_as_ndjson_is_one_line_of_type_error(style: tuple[str, ...]) -> None:
    result = run("env", "clone", "--bogus", *style)

    assert result.exit_code == 2
    assert json.loads(result.stdout)["type"] == "error"


def test_wrong_usage_is_told_to_people_in_words() -> None:
    result = run("env", "clone", "--bogus")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr


def test_what_stands_behind_two_dashes_asks_for_nothing() -> None:
    result = run("shell", "--bogus", "job", "--", "list", "--json")

    assert (result.exit_code, result.stdout) == (2, "")


def test_a_misspelled_command_is_suggested() -> None:
    result = run("env", "clnoe")

    assert result.exit_code == 2
    assert "clone" in result.stderr


def test_an_empty_disk_teaches_what_to_do(disk: Disk) -> None:
    result = run("env", "list", "--disk", str(disk.root))

    assert result.exit_code == 0
    assert "ma env create" in result.stdout


def test_unpack_wants_a_name_or_a_prefix_and_not_both(disk: Disk) -> None:
    both = run("env", "unpack", "a.tar.zst", "mine", "--prefix", "x", "--disk", str(disk.root))
    neither = run("env", "unpack", "a.tar.zst", "--disk", str(disk.root))

    assert (both.exit_code, neither.exit_code) == (2, 2)


def test_the_owner_that_is_set_is_the_owner_that_is_shown(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODELARTS_NB_OWNER")
    run("config", "owner", "ada")

    assert json.loads(run("config", "show", "--json").stdout)["PersistentDisk.owner"] == "ada"


def test_help_starts_quickly() -> None:
    """Only what a command needs is imported: `ma --help` loads neither rich nor rattler."""
    script = "import sys; sys.argv = ['ma', '--help']\n"
    script += "from modelarts_nb.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    script += "bad = {'rich', 'rattler', 'conda_pack', 'traitlets', 'ruamel'} & set(sys.modules)\n"
    script += "sys.exit(f'imported {bad}' if bad else 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_completion_offers_environments_of_the_disk(disk: Disk) -> None:
    (disk.envs / "mine").mkdir(parents=True)

    assert candidates(["env", "remove", "m"]) == ["mine"]


def test_completion_offers_commands() -> None:
    assert candidates(["env", "cl"]) == ["clone"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_calls_back_into_ma(shell: str) -> None:
    assert f"_MA_COMPLETE={shell}_complete" in run("completion", shell).stdout


def test_a_reader_that_goes_away_is_no_error(disk: Disk) -> None:
    environment = {**os.environ, "MODELARTS_NB_DISK": str(disk.root)}
    pipe = subprocess.Popen(
        [sys.executable, "-m", "modelarts_nb.cli", "env", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert pipe.stdout is not None
    assert pipe.stderr is not None
    pipe.stdout.close()
    stderr = pipe.stderr.read()
    pipe.stderr.close()

    pipe.wait(60)
    assert b"Traceback" not in stderr


def test_what_was_deleted_for_good_is_named(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    entry = remove("mine", disk=disk).entry

    result = run("bin", "empty", "--yes", "--disk", str(disk.root))

    assert (result.exit_code, result.stdout) == (0, f"Deleted: {entry}\n")


@pytest.mark.parametrize("words", [("bin", "empty"), ("archive", "remove", "a.tar")])
def test_where_nobody_can_be_asked_nothing_is_deleted_without_a_yes(
    disk: Disk, words: tuple[str, ...]
) -> None:
    result = run(*words, "--disk", str(disk.root))

    assert result.exit_code == 2
    assert "--yes" in result.stderr


@pytest.mark.parametrize("words", [(), ("env",), ("bin",)])
def test_a_group_with_only_a_style_of_progress_explains_itself(words: tuple[str, ...]) -> None:
    result = run(*words, "--progress", "ndjson")

    assert result.exit_code == 0
    assert "Commands:" in result.stdout


def test_the_bin_offers_names_and_their_entries(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    entry = remove("mine", disk=disk).entry

    assert candidates(["bin", "restore", ""]) == ["mine"]
    assert candidates(["bin", "restore", entry[:4]]) == [entry]


def test_operations_are_offered_by_their_id_and_shown_by_their_subject(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    run("env", "rename", "mine", "mine", "--disk", str(disk.root))

    offered = candidates(["operation", "log", ""])

    assert len(offered) == 1
    assert f"{offered[0]}   env.rename   mine mine" in run("operation", "list").stdout
    assert candidates(["operation", "cancel", ""]) == []


def test_what_left_the_disk_can_come_back_under_another_name(disk: Disk) -> None:
    make_on_disk(disk, "mine")
    remove("mine", disk=disk)
    make_on_disk(disk, "mine")
    refused = run("bin", "restore", "mine", "--disk", str(disk.root))
    assert "--name" in refused.stderr

    result = run("bin", "restore", "mine", "--name", "before", "--disk", str(disk.root))

    assert result.exit_code == 0
    assert (disk.envs / "before").is_dir()


def test_dropping_nothing_in_particular_is_refused(disk: Disk) -> None:
    assert run("keep", "--drop", "--disk", str(disk.root)).exit_code == 2
