"""The block in ``~/.ssh/config``, and everything around it that is not ours."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelarts_nb.cloud.errors import CloudAnswerInvalid
from modelarts_nb.errors import UsageError
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.clientconfig import (
    BEGIN,
    END,
    BlockDamaged,
    Host,
    alias_for,
    mark_for,
    render,
    with_entries,
    write,
)
from modelarts_nb.ssh.places import Places

ID = "11111111-2222-3333-4444-555555555555"
ENTRY, OTHER, JOB = b"Host ma-x\n    Port 1\n", b"Host ma-y\n", b"Host ma-job-worker-0\n"
BLOCK = with_entries(b"", "notebooks", ENTRY)
# Lines as people, editors and other tools leave them; with what looks like ours, but is not.
LINES = st.lists(
    st.one_of(
        st.binary(max_size=30).filter(lambda line: b"\n" not in line),
        st.sampled_from(
            [
                b"Host *",
                b"  User me",
                b"",
                b"\t",
                b"Include x\r",
                b"# " + BEGIN,
                BEGIN + b" x",
                b"\xff",
            ]
        ),
    ),
    max_size=8,
)
TEXTS = st.builds(
    lambda lines, last: b"\n".join(lines) + last, LINES, st.sampled_from([b"", b"\n", b"\r\n"])
).filter(lambda text: BEGIN not in text.splitlines() and END not in text.splitlines())


def host(places: Places, **changes: object) -> Host:
    """An entry."""
    values = {
        "alias": "ma-demo",
        "mark": ID,
        "address": Address("ma-user", "dev-modelarts.example.com", 31248),
        "key": str(places.keys / "mine"),
        "agent": False,
    }
    return Host(**{**values, **changes})  # type: ignore[arg-type]


def read_by_openssh(file: Path, name: str) -> dict[str, str]:
    """What OpenSSH itself makes of a file for a host."""
    done = subprocess.run(
        ["ssh", "-G", "-T", "-F", file, name], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    pairs = (line.split(" ", 1) for line in done.stdout.split("\n"))
    return {pair[0]: pair[-1] for pair in pairs}


@given(TEXTS)
def test_what_was_there_stays_byte_for_byte(old: bytes) -> None:
    new = with_entries(old, "notebooks", ENTRY)

    assert new == BLOCK + old
    assert with_entries(new, "notebooks", ENTRY) == new
    assert with_entries(new, "notebooks", b"") == old


@given(TEXTS, TEXTS)
def test_a_block_is_replaced_where_it_stands(before: bytes, after: bytes) -> None:
    before += b"" if not before or before.endswith(b"\n") else b"\n"
    old = before + BLOCK + after

    new = with_entries(old, "notebooks", OTHER)

    assert new == before + with_entries(b"", "notebooks", OTHER) + after
    assert with_entries(old, "notebooks", b"") == before + after


@given(TEXTS)
def test_the_hosts_of_jobs_and_those_of_notebooks_live_side_by_side(old: bytes) -> None:
    both = with_entries(with_entries(old, "jobs", JOB), "notebooks", ENTRY)

    assert both == with_entries(with_entries(old, "notebooks", ENTRY), "jobs", JOB)
    block = both.removesuffix(old)
    assert block.count(BEGIN) == block.count(b"Match all\n" + END) == 1
    # the ones are written anew, or taken out, and the others stay
    assert with_entries(both, "notebooks", OTHER) == block.replace(ENTRY, OTHER) + old
    assert with_entries(both, "jobs", b"") == BLOCK + old


def test_a_block_in_the_line_ends_of_windows_is_understood() -> None:
    both = with_entries(BLOCK, "jobs", JOB).replace(b"\n", b"\r\n")

    assert with_entries(with_entries(both, "jobs", b""), "notebooks", b"") == b""


@pytest.mark.parametrize(
    "old",
    [BEGIN + b"\n", END + b"\n", END + b"\n" + BEGIN + b"\n", BLOCK + BLOCK, BLOCK + END],
)
def test_marks_that_somebody_moved_are_said_and_nothing_is_guessed(
    old: bytes, places: Places
) -> None:
    places.make()
    places.config.write_bytes(old)

    with pytest.raises(BlockDamaged) as raised:
        write("notebooks", [host(places)], places)

    assert "Remove" in raised.value.hint
    assert places.config.read_bytes() == old


def test_openssh_reads_what_was_meant(places: Places) -> None:
    write(
        "notebooks",
        [host(places, agent=True), host(places, alias="ma-other", mark="other")],
        places,
    )

    found = read_by_openssh(places.config, "ma-demo")

    assert found["hostname"] == "dev-modelarts.example.com"
    assert (found["user"], found["port"]) == ("ma-user", "31248")
    assert found["identityfile"] == str(places.keys / "mine")
    assert found["identityagent"] == str(places.agent)
    assert found["hostkeyalias"] == ID
    assert found["stricthostkeychecking"] == "accept-new"
    assert found["userknownhostsfile"] == str(places.known_hosts)
    assert "identityagent" not in read_by_openssh(places.config, "ma-other")


def test_openssh_makes_of_other_hosts_what_it_made_before(places: Places) -> None:
    # given settings for everybody in front of those of hosts, as OpenSSH allows
    places.make()
    places.config.write_text(
        "ServerAliveInterval 77\nForwardAgent yes\nHost git\n  User git\nHost *\n  Port 2222\n"
    )
    before = {name: read_by_openssh(places.config, name) for name in ("git", "elsewhere")}
    # when
    write("notebooks", [host(places)], places)
    # then
    assert {name: read_by_openssh(places.config, name) for name in ("git", "elsewhere")} == before
    # and what is for all hosts does not win over ours
    assert read_by_openssh(places.config, "ma-demo")["port"] == "31248"


def test_a_home_with_blanks_and_percents_is_written_so_that_openssh_finds_it(home: Path) -> None:
    places = Places(home / "a b" / "100%")
    write("notebooks", [host(places)], places)

    assert read_by_openssh(places.config, "ma-demo")["identityfile"] in (
        str(places.keys / "mine"),
        str(places.keys / "mine").replace("%", "%%"),  # -G shows it before it is expanded
    )


# Of what the cloud may call hosts and users, and people notebooks and folders.
WORD = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
HOSTS = st.from_regex(r"[A-Za-z]([A-Za-z0-9.-]{0,20}[A-Za-z0-9])?", fullmatch=True)
FOLDER = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12), WORD, HOSTS, st.integers(1, 65535), FOLDER, LINES)
@example("x", "ma-user", "h", 22, " # = ,;'`$HOME ~%d%", [b"Host *", b"  Port 2222"])
def test_openssh_accepts_whatever_is_written(
    name: str, user: str, host_name: str, port: int, folder: str, lines: list[bytes]
) -> None:
    with tempfile.TemporaryDirectory() as home:
        places = Places(Path(home))
        places.make()
        # only lines that OpenSSH understands may stand beside ours
        known = [line for line in lines if line in (b"Host *", b"  User me", b"", b"\t")]
        places.config.write_bytes(b"\n".join(known))
        alias, address = alias_for(name, ID), Address(user, host_name, port)
        key = f"{home}/{folder}/key"
        try:
            write("notebooks", [Host(alias, ID, address, key, True)], places)
        except UsageError:
            assert any(c in folder for c in '"\\\n\r') or "${" in folder
            return

        found = read_by_openssh(places.config, alias)

        assert (found["hostname"].lower(), found["port"]) == (host_name.lower(), str(port))
        assert (found["user"], found["hostkeyalias"]) == (user, ID)
        assert found["identityfile"].replace("%%", "%") == key.replace("%%", "%")
        assert found["identityagent"] == str(places.agent)


def test_a_home_that_cannot_be_written_there_is_refused(home: Path) -> None:
    with pytest.raises(UsageError):
        render([host(Places(home / 'a"b'))], Places(home / 'a"b'))


def test_a_new_file_is_for_its_owner_alone(places: Places) -> None:
    assert write("notebooks", [host(places)], places)

    assert stat.S_IMODE(places.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(places.ssh.stat().st_mode) == 0o750
    assert stat.S_IMODE(places.keys.stat().st_mode) == 0o700


def test_a_file_that_others_may_write_to_becomes_one_that_openssh_takes(places: Places) -> None:
    places.make()
    places.config.write_text("Host x\n")
    places.config.chmod(0o666)

    write("notebooks", [host(places)], places)

    assert stat.S_IMODE(places.config.stat().st_mode) == 0o644


def test_a_link_to_where_the_file_really_is_stays_a_link(places: Places, tmp_path: Path) -> None:
    places.make()
    real = tmp_path / "dotfiles"
    real.write_text("Host x\n")
    places.config.symlink_to(real)

    write("notebooks", [host(places)], places)

    assert places.config.is_symlink()
    assert real.read_bytes().endswith(END + b"\nHost x\n")


def test_the_same_again_changes_nothing(places: Places) -> None:
    write("notebooks", [host(places)], places)
    before = os.stat(places.config)

    assert not write("notebooks", [host(places)], places)

    assert os.stat(places.config).st_ino == before.st_ino


def test_without_hosts_there_is_no_block_and_no_file(places: Places) -> None:
    assert not write("notebooks", [], places)
    assert not places.config.exists()

    write("notebooks", [host(places)], places)

    assert write("notebooks", [], places)
    assert places.config.read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "taken", "alias"),
    [
        ("demo", (), "ma-demo"),
        ("demo", ("ma-demo",), "ma-demo-11111111"),
        ("demo", ("ma-demo", "ma-demo-11111111"), "ma-demo-111111112"),
        ("演示", (), "ma-11111111"),
        ("x y\nProxyCommand z", (), "ma-11111111"),
        ("-oProxyCommand=z", (), "ma-11111111"),
    ],
)
def test_a_notebook_is_called_by_what_can_be_typed(
    name: str, taken: tuple[str, ...], alias: str
) -> None:
    assert alias_for(name, ID, taken) == alias


def test_an_id_that_would_be_a_line_of_settings_is_refused() -> None:
    assert mark_for(ID) == ID
    with pytest.raises(CloudAnswerInvalid):
        mark_for("x\nProxyCommand y")
