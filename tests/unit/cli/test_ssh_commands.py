"""`ma ssh`, as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.completion import candidates
from modelarts_nb.cli.tree import ma
from modelarts_nb.cloud import waiting
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.operations import journal as journals
from modelarts_nb.ssh import privatekeys
from modelarts_nb.ssh.places import Places
from tests.unit.cloud.wire import Wire
from tests.unit.notebook.fake import ID
from tests.unit.ssh.conftest import made  # noqa: F401 - a fixture
from tests.unit.ssh.fake import PRIVATE, Pairs
from tests.unit.ssh.made import MadeKey, rsa_line

LINE = rsa_line(2048)
WORDS = "correct horse battery"


def run(*args: str, input: str | None = None) -> Result:
    return CliRunner().invoke(ma, ["ssh", *args], input=input)


@pytest.fixture
def service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Pairs:
    """One notebook, called mine."""
    monkeypatch.setattr(waiting, "_FIRST", 0.0)
    monkeypatch.setattr(waiting, "_LONGEST", 0.0)
    found = Pairs()
    wire.script = found
    return found


def written(home: Path, *texts: str) -> list[Path]:
    """Files of the home that hold one of these."""
    files = [p for p in home.rglob("*") if p.is_file()]
    return [p for p in files if any(text.encode() in p.read_bytes() for text in texts)]


def test_a_setup_shows_what_to_paste_and_where(service: Pairs) -> None:
    result = run("setup", LINE, "--notebook", "mine", "--key-file", "~/.ssh/x")

    assert result.exit_code == 0, result.output
    for words in ("Host ma-mine", "Port 31248", "~/.ssh/config", "%USERPROFILE%", "chmod 600"):
        assert words in result.stdout
    assert "--restart" in result.stdout


def test_the_block_is_a_value_of_its_own_for_a_copy_button(service: Pairs) -> None:
    run("setup", LINE, "--notebook", "mine")

    found = json.loads(run("setup", "--notebook", "mine", "--json").stdout)

    assert found["laptop"]["block"].startswith("Host ma-mine\n")
    assert [p["system"] for p in found["laptop"]["paste_into"]] == ["macos", "linux", "windows"]


def test_a_key_comes_from_stdin_too(service: Pairs) -> None:
    assert run("keys", "import", "-", "--name", "laptop", input=LINE + "\n").exit_code == 0
    assert service.names() == ["laptop"]


def test_a_key_of_another_kind_is_refused_with_the_command_that_makes_one(service: Pairs) -> None:
    result = run("setup", "ssh-ed25519 AAAAC3NzaC1 me", "--notebook", "mine")

    assert result.exit_code == 2
    assert "ssh-keygen -t rsa -b 4096" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["setup", PRIVATE, "--notebook", "mine"],
        ["setup", "--notebook", "mine", "--", PRIVATE],
        ["keys", "import", PRIVATE],
        ["use", PRIVATE],
        ["check", "--said", PRIVATE],
        ["setup", "-", "--notebook", "mine"],
    ],
)
def test_a_private_key_that_is_pasted_by_mistake_is_shown_and_written_nowhere(
    service: Pairs, home: Path, words: list[str]
) -> None:
    result = run(*words, input=PRIVATE if "-" in words else None)

    assert result.exit_code == 2
    assert "TOPSECRET" not in result.output
    assert written(home, "TOPSECRET") == []
    assert service.asked == []


def test_a_made_pairs_private_key_is_in_its_file_and_nowhere_else(
    service: Pairs, home: Path
) -> None:
    shown = [run("keys", "create", "mine"), run("keys", "create", "other", "--json")]

    assert all(result.exit_code == 0 for result in shown)
    assert not any("TOPSECRET" in result.output for result in shown)
    keys = Places(home).keys
    assert sorted(written(home, "TOPSECRET")) == [keys / "mine", keys / "other"]
    assert {j.read().verb for j in journals.every()} == {"ssh.create_key"}


def test_a_passphrase_is_written_nowhere(
    service: Pairs,
    disk: Disk,
    home: Path,
    made: MadeKey,  # noqa: F811
) -> None:
    privatekeys.put(Places(home), "mine", made.private, made.public)

    result = run("keys", "keep", "mine", "--passphrase-stdin", input=WORDS + "\n")

    assert "protected" in result.stdout
    assert written(home, WORDS) == written(disk.root, WORDS) == []


def test_where_there_is_nobody_to_ask_it_says_how_to_give_a_passphrase(
    service: Pairs, disk: Disk
) -> None:
    result = run("keys", "keep", "mine")

    assert result.exit_code == 2
    assert "--passphrase-stdin" in result.stderr


def test_a_list_says_where_pairs_live(service: Pairs) -> None:
    service.have("ours", scope="domain")
    service.have("mine")

    result = run("keys", "list")

    assert "everybody's" in result.stdout
    assert "KPS, ECS" in result.stdout


def test_deleting_takes_a_yes(service: Pairs) -> None:
    service.have("old")

    assert run("keys", "delete", "old").exit_code == 2
    assert run("keys", "delete", "old", "--yes").exit_code == 0
    assert service.names() == []


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sits at the terminal."""
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("modelarts_nb.cli.ssh.sys", terminal)


@pytest.mark.parametrize("stopped_only", [True, False])
def test_a_restart_is_offered_where_it_is_needed(
    service: Pairs, wire: Wire, somebody: None, stopped_only: bool
) -> None:
    service.have("new")
    service.stopped_only = stopped_only
    service.notebooks.path = [{"status": "STOPPED"}, {"status": "RUNNING"}]

    result = run("use", "new", "--notebook", "mine", input="y\n")

    assert "What runs in it ends." in result.stderr
    assert "That counts now." in result.stdout
    assert service.notebooks.instances[ID]["endpoints"][0]["key_pair_names"] == ["new"]


def test_who_declines_a_restart_keeps_what_runs(service: Pairs, wire: Wire, somebody: None) -> None:
    service.have("new")
    service.stopped_only = True

    result = run("use", "new", "--notebook", "mine", input="n\n")

    assert result.exit_code == 6
    assert not [r for r in wire.seen if r.method == "POST"]


def test_a_check_says_what_to_do(service: Pairs) -> None:
    result = run("check", "mine", "--said", "Permission denied (publickey).")

    assert "FAULT  The notebook does not take this key." in result.stdout
    assert "ma ssh setup" in result.stdout


def test_the_settings_are_written_and_said(service: Pairs, home: Path) -> None:
    run("keys", "create", "mine")
    run("use", "mine", "--notebook", "mine")

    result = run("config")

    assert "ssh ma-mine" in result.stdout
    assert b"Host ma-mine" in Places(home).config.read_bytes()


def test_a_host_key_that_is_not_pinned_is_none_to_forget(service: Pairs) -> None:
    assert "None was pinned." in run("forget", "mine").stdout


def test_locking_without_open_keys_is_no_trouble(service: Pairs) -> None:
    assert run("lock").exit_code == 0


def test_names_of_pairs_are_completed(service: Pairs) -> None:
    service.have("mine")

    assert candidates(["ssh", "use", "m"]) == ["mine"]
