"""Private keys: in the home as they are, on the shared disk only protected."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from modelarts_nb import wire
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import AccessDenied, NameTaken, NotFound, UsageError
from modelarts_nb.ssh import agent, keys, privatekeys
from modelarts_nb.ssh.errors import OpenSshFailed, PassphraseWrong
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.secret import Secret
from tests.unit.ssh.fake import Pairs
from tests.unit.ssh.made import MadeKey

WORDS = 'corr"ect $horse'


@pytest.fixture
def kept(
    disk: Disk, places: Places, made: MadeKey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Places]:
    """A home with one key, and a disk without."""
    monkeypatch.setattr(privatekeys, "_ROUNDS", "1")
    privatekeys.put(places, "mine", made.private, made.public)
    yield places
    agent.end(places)


def restart(places: Places) -> None:
    """What a restart leaves of the home's keys."""
    agent.end(places)
    privatekeys.remove(places.keys, "mine")


def test_a_key_in_the_home_is_its_owners_alone(kept: Places, made: MadeKey) -> None:
    found = privatekeys.find(kept.keys, "mine")

    assert found is not None
    assert (found.locked, found.mode, found.public) == (False, 0o600, made.public)
    assert stat.S_IMODE(kept.keys.stat().st_mode) == 0o700
    assert made.private.reveal() not in repr(found)


def test_a_secret_is_not_shown_by_accident(made: MadeKey) -> None:
    assert "PRIVATE" not in f"{made.private} {made.private!r} {made}"
    for write in (wire.dumps, pickle.dumps, copy.deepcopy, dataclasses.asdict):
        with pytest.raises(TypeError):
            write(made)


def test_on_the_disk_a_key_has_a_passphrase_and_openssh_opens_it(
    kept: Places, disk: Disk, made: MadeKey
) -> None:
    found = keys.keep_key("mine", passphrase=WORDS)

    file = privatekeys.vault(disk) / "mine"
    assert found.locked
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    opened = subprocess.run(
        ["ssh-keygen", "-y", "-P", WORDS, "-f", file], capture_output=True, text=True, check=True
    )
    assert opened.stdout.split()[:2] == made.public.split()[:2]
    # the home's is as it was, and nothing of the work is left
    assert privatekeys.find(kept.keys, "mine").locked is False  # type: ignore[union-attr]
    assert sorted(p.name for p in kept.own.iterdir()) == ["keys"]


def test_a_key_that_has_a_passphrase_in_an_older_format_is_kept_in_openssh_s(
    kept: Places, disk: Disk, made: MadeKey
) -> None:
    privatekeys.put(kept, "old", made.protected(WORDS), made.public)
    with pytest.raises(PassphraseWrong):
        keys.keep_key("old", passphrase="another one")

    assert keys.keep_key("old", passphrase=WORDS).locked

    file = privatekeys.vault(disk) / "old"
    assert file.read_bytes().startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    subprocess.run(["ssh-keygen", "-y", "-P", WORDS, "-f", file], capture_output=True, check=True)


def test_the_unprotected_key_is_nowhere_on_the_disk(
    kept: Places, disk: Disk, made: MadeKey
) -> None:
    keys.keep_key("mine", passphrase=WORDS)

    middle = made.private.reveal().splitlines()[5].encode()
    assert not [p for p in disk.root.rglob("*") if p.is_file() and middle in p.read_bytes()]


def test_without_a_passphrase_only_where_the_disk_is_ones_own(kept: Places, disk: Disk) -> None:
    with pytest.raises(UsageError, match="needs a passphrase"):
        keys.keep_key("mine")
    assert not privatekeys.vault(disk).exists()

    assert keys.keep_key("mine", disk_is_mine=True).locked is False


def test_a_short_passphrase_is_refused(kept: Places, disk: Disk) -> None:
    with pytest.raises(PassphraseWrong, match="too short"):
        keys.keep_key("mine", passphrase="1234567")

    assert not privatekeys.vault(disk).exists()


@pytest.mark.parametrize("name", ["absent", "../keys/mine"])
def test_a_key_that_is_not_there_cannot_be_kept(kept: Places, name: str) -> None:
    with pytest.raises((NotFound, UsageError)):
        keys.keep_key(name, passphrase=WORDS)


def test_after_a_restart_the_passphrase_is_asked_once(kept: Places, made: MadeKey) -> None:
    # given a key on the disk, and a new container
    keys.keep_key("mine", passphrase=WORDS)
    restart(kept)
    # when
    done = keys.unlock(passphrase=WORDS)
    # then the agent holds it, and OpenSSH finds the file where it was
    assert (done.opened, done.refused) == (("mine",), ())
    assert [line.split()[1] for line in agent.held(kept)] == [made.public.split()[1]]
    assert privatekeys.find(kept.keys, "mine").locked  # type: ignore[union-attr]
    # and it can be kept again under the same passphrase only
    with pytest.raises(PassphraseWrong):
        keys.keep_key("mine", passphrase="another one")
    assert keys.keep_key("mine", passphrase=WORDS).locked


def test_a_wrong_passphrase_opens_nothing_and_asks_no_second_time(kept: Places) -> None:
    keys.keep_key("mine", passphrase=WORDS)
    restart(kept)

    with pytest.raises(PassphraseWrong) as raised:
        keys.unlock(passphrase="not this one")

    assert "not this one" not in str(raised.value.to_dict())
    assert agent.held(kept) == ()


def test_what_one_passphrase_does_not_open_is_named(kept: Places, made: MadeKey) -> None:
    privatekeys.put(kept, "free", made.private, made.public)
    keys.keep_key("mine", passphrase=WORDS)
    keys.keep_key("free", disk_is_mine=True)
    restart(kept)

    assert keys.unlock() == keys.Unlocked(("free",), ("mine",))


def test_locking_forgets(kept: Places) -> None:
    keys.keep_key("mine", passphrase=WORDS)
    restart(kept)
    keys.unlock(passphrase=WORDS)

    assert keys.lock().refused == ("mine",)

    assert not agent.answers(kept)
    assert not kept.agent.exists()


def test_a_deleted_key_is_forgotten_by_the_agent_and_others_are_not(
    kept: Places, service: Pairs, made: MadeKey
) -> None:
    # given two keys that are open
    other = asyncssh.generate_private_key("ssh-rsa", key_size=1024)
    private = Secret(other.export_private_key("pkcs1-pem").decode())
    privatekeys.put(kept, "other", private, other.export_public_key().decode())
    for name in ("mine", "other"):
        keys.keep_key(name, passphrase=WORDS)
        privatekeys.remove(kept.keys, name)
    keys.unlock(passphrase=WORDS)
    assert len(agent.held(kept)) == 2

    service.have("mine", made.public)
    keys.delete_key("mine")

    (left,) = agent.held(kept)
    assert left.split()[1] != made.public.split()[1]


def test_an_agent_that_died_is_replaced(kept: Places) -> None:
    kept.agent.touch()

    agent.start(kept)

    assert agent.answers(kept)


def test_in_a_home_with_a_long_path_the_agent_is_elsewhere(
    kept: Places, disk: Disk, made: MadeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a home in which a socket's path would be too long for the system
    deep = Places(kept.home / ("deep" * 20) / "home")
    monkeypatch.setenv("HOME", str(deep.home))
    privatekeys.put(deep, "mine", made.private, made.public)
    keys.keep_key("mine", passphrase=WORDS)
    privatekeys.remove(deep.keys, "mine")
    # when
    try:
        keys.unlock(passphrase=WORDS)
        # then
        assert agent.answers(deep)
        assert stat.S_IMODE(deep.agent.parent.stat().st_mode) == 0o700
    finally:
        agent.end(deep)
    assert not deep.agent.parent.exists()


def test_an_agent_in_a_folder_that_others_can_enter_is_given_no_key(
    kept: Places, made: MadeKey
) -> None:
    deep = Places(kept.home / ("deep" * 20) / "home")
    deep.agent.parent.mkdir()
    deep.agent.parent.chmod(0o755)
    try:
        with pytest.raises(AccessDenied, match="not yours alone"):
            agent.start(deep)
        assert not agent.answers(deep)
    finally:
        deep.agent.parent.rmdir()


def test_nothing_on_the_disk_is_said(kept: Places) -> None:
    with pytest.raises(NotFound, match="no keys on the disk"):
        keys.unlock(passphrase=WORDS)
    with pytest.raises(NotFound, match="'other'"):
        keys.unlock(passphrase=WORDS, name="other")


def test_a_name_that_is_taken_here_is_found_before_the_cloud_is_asked(kept: Places) -> None:
    with pytest.raises(NameTaken):
        privatekeys.reserve(kept, "mine")


def test_without_openssh_it_is_said_what_is_missing(
    kept: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(OpenSshFailed, match="ssh-keygen is not installed"):
        keys.keep_key("mine", passphrase=WORDS)

    assert sorted(p.name for p in kept.own.iterdir()) == ["keys"]


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        (b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", True),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", True),
        (b"-----BEGIN PRIVATE KEY-----\n", False),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n!!!\n", False),
        (b"", False),
    ],
)
def test_a_file_says_itself_whether_it_is_protected(
    text: bytes, locked: bool, places: Places
) -> None:
    places.make()
    (places.keys / "key").write_bytes(text)

    assert [key.locked for key in privatekeys.every(places.keys)] == [locked]
