"""What restore brings back of SSH, from what ``ma ssh`` has put on the disk."""

from __future__ import annotations

import base64
import importlib.util
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.ssh import privatekeys
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.clientconfig import Host, write
from modelarts_nb.ssh.keeping import save_block, save_pins
from modelarts_nb.ssh.places import Places
from tests.unit.hook.world import RESTORE, World, detail, oldest_and_newest, states, tree

PINS = b"id-1 ssh-ed25519 AAAA\nid-2 ssh-ed25519 BBBB\n"


def openssh_key(cipher: bytes) -> bytes:
    """The beginning of a private key as ssh-keygen writes it (PROTOCOL.key)."""
    blob = b"openssh-key-v1\0" + len(cipher).to_bytes(4, "big") + cipher + b"\0" * 60
    body = base64.encodebytes(blob)
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n%s-----END OPENSSH PRIVATE KEY-----\n" % body


READY, LOCKED = openssh_key(b"none"), openssh_key(b"aes256-ctr")


def keep_key(world: World, name: str, data: bytes) -> Path:
    """A private key on the disk, with its public half, as `ma ssh keys keep` has it."""
    vault = world.private / "owners/me/keys"
    vault.mkdir(parents=True, exist_ok=True)
    (vault / name).write_bytes(data)
    (vault / f"{name}.pub").write_bytes(b"ssh-rsa AAAA\n")
    return vault / name


def keep_hosts(world: World, *aliases: str) -> bytes:
    """What `ma ssh config` leaves on the disk, with host keys that were pinned; the block. The home
    is a new one afterwards."""
    places, disk = Places(world.home), Disk(world.disk, "me", world.home)
    address = Address("ma-user", "dev.example.com", 31248)
    hosts = [Host(a, f"id-{a}", address, str(places.keys / "mine"), True) for a in aliases]
    write("notebooks", hosts, places)
    places.known_hosts.write_bytes(PINS)
    save_block(places, disk)
    save_pins(places, disk)
    block = places.config.read_bytes()
    shutil.rmtree(places.ssh)
    return block


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("python", oldest_and_newest())
def test_hosts_pins_and_keys_are_back(world: World, python: str) -> None:
    world.python = python
    block = keep_hosts(world, "ma-one", "ma-two")
    keep_key(world, "free", READY)
    keep_key(world, "protected", LOCKED)

    report = world.run()

    places = Places(world.home)
    assert states(report)["ssh"] == "restored"
    assert detail(report, "ssh") == (
        "keys ready: 1, keys locked (`ma ssh unlock`): 1, hosts: 2, pinned host keys: 2"
    )
    assert places.config.read_bytes() == block
    assert places.known_hosts.read_bytes() == PINS
    assert (places.keys / "free").read_bytes() == READY
    assert (places.keys / "protected.pub").read_bytes() == b"ssh-rsa AAAA\n"
    assert [mode(p) for p in (places.config, places.known_hosts, places.keys / "free")] == [
        0o600
    ] * 3
    assert [mode(p) for p in (places.ssh, places.own, places.keys)] == [0o750, 0o700, 0o700]


def test_a_second_run_finds_all_of_it(world: World) -> None:
    keep_hosts(world, "ma-one")
    keep_key(world, "free", READY)
    world.run()
    before = tree(world.home)

    report = world.run()

    assert states(report)["ssh"] == "already"
    assert tree(world.home) == before


def test_who_uses_no_ssh_reads_nothing_of_it(world: World) -> None:
    world.environment("mine")

    report = world.run()

    assert "ssh" not in states(report)
    assert not (world.home / ".ssh").exists()


def test_the_block_stands_before_what_is_kept_and_both_are_found_again(world: World) -> None:
    # given the rest of the file kept, with an older block in it
    older = b"# >>> modelarts_nb ssh >>>\nHost ma-old\n# <<< modelarts_nb ssh <<<\n"
    world.keep(".ssh/config", older.decode() + "Host git\n")
    block = keep_hosts(world, "ma-one")
    # when
    world.run()
    # then
    assert (world.home / ".ssh/config").read_bytes() == block + b"Host git\n"
    assert set(states(world.run()).values()) <= {"already", "skipped"}
    assert states(world.run())["home files"] == "already"


def test_what_the_user_has_there_stays(world: World) -> None:
    keep_hosts(world, "ma-one")
    keep_key(world, "mine", LOCKED)
    places = Places(world.home)
    places.make()
    (places.keys / "mine").write_bytes(READY)
    places.known_hosts.write_bytes(b"newer\n")
    places.config.write_text("Host git\n")
    places.config.chmod(0o666)

    report = world.run()

    assert (places.keys / "mine").read_bytes() == READY
    assert places.known_hosts.read_bytes() == b"newer\n"
    assert places.config.read_text().endswith("Host git\n")
    # OpenSSH refuses one that others may write to
    assert mode(places.config) == 0o644
    assert "keys ready: 1" in detail(report, "ssh")


def test_a_linked_config_stays_a_link(world: World) -> None:
    block = keep_hosts(world, "ma-one")
    (world.home / ".ssh").mkdir()
    (world.home / "dotfile").write_text("Host git\n")
    (world.home / ".ssh/config").symlink_to("../dotfile")

    world.run()

    assert (world.home / ".ssh/config").is_symlink()
    assert (world.home / "dotfile").read_bytes() == block + b"Host git\n"


def test_marks_that_somebody_moved_are_left_and_said(world: World) -> None:
    keep_hosts(world, "ma-one")
    keep_key(world, "free", READY)
    (world.home / ".ssh").mkdir()
    (world.home / ".ssh/config").write_text("# >>> modelarts_nb ssh >>>\nHost x\n")

    report = world.run()

    assert states(report)["ssh"] == "skipped"
    assert "left as it is" in detail(report, "ssh")
    assert (world.home / ".ssh/config").read_text() == "# >>> modelarts_nb ssh >>>\nHost x\n"
    assert (world.home / ".ssh/modelarts_nb/keys/free").read_bytes() == READY


def test_a_block_of_another_home_is_not_written(world: World, tmp_path: Path) -> None:
    elsewhere = World(world.disk, tmp_path / "elsewhere")
    elsewhere.home.mkdir()
    keep_hosts(elsewhere, "ma-one")

    report = world.run()

    assert states(report)["ssh"] == "skipped"
    assert "`ma ssh config` writes it anew" in detail(report, "ssh")
    assert not (world.home / ".ssh/config").exists()


@pytest.mark.parametrize("what", ["text", "huge", "link", "fifo", "folder"])
def test_what_is_no_key_is_said_and_does_not_stop_the_others(
    world: World, tmp_path: Path, what: str
) -> None:
    keep_key(world, "good", READY)
    bad = keep_key(world, "bad", b"no key\n")
    secret = tmp_path / "secret"
    secret.write_bytes(READY)
    if what == "huge":
        bad.write_bytes(READY + b"x" * (1 << 20))
    elif what != "text":
        bad.unlink()
        {"link": lambda: bad.symlink_to(secret), "fifo": lambda: os.mkfifo(bad),
         "folder": bad.mkdir}[what]()  # fmt: skip

    report = world.run()

    assert states(report)["ssh"] in ("skipped", "failed")
    assert "bad: " in detail(report, "ssh")
    assert not os.path.lexists(world.home / ".ssh/modelarts_nb/keys/bad")
    assert (world.home / ".ssh/modelarts_nb/keys/good").read_bytes() == READY


def test_files_of_others_in_these_folders_are_not_ours(world: World) -> None:
    vault = keep_key(world, "mine", READY).parent
    (vault / ".mine.tmp").write_bytes(READY)
    (vault / "notes.txt").write_text("x")
    (vault.parent / "ssh").mkdir()
    (vault.parent / "ssh/authorized_keys").write_text("x")

    world.run()

    home = Places(world.home)
    assert sorted(os.listdir(home.keys)) == ["mine", "mine.pub"]
    assert sorted(os.listdir(home.own)) == ["keys"]


def test_an_ssh_folder_that_is_a_file_fails_alone(world: World) -> None:
    world.environment("mine")
    keep_key(world, "mine", READY)
    (world.home / ".ssh").write_text("mine")

    report = world.run()

    assert (states(report)["ssh"], states(report)["kernels"]) == ("failed", "restored")
    assert (world.home / ".ssh").read_text() == "mine"


def restore_module() -> Any:
    spec = importlib.util.spec_from_file_location("restore_for_ssh", RESTORE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULE = restore_module()
KEYS = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([b"none", b"aes256-ctr", b"", b"nonesuch"]).map(openssh_key),
    st.binary(max_size=40).map(
        lambda body: b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + body + b"\n-----END"
    ),
    st.sampled_from([b"Proc-Type: 4,ENCRYPTED", b"BEGIN ENCRYPTED PRIVATE KEY", b"RSA"]),
)


@given(KEYS)
def test_it_tells_locked_keys_as_ma_ssh_does(key: bytes) -> None:
    assert MODULE.takes_passphrase(key) == privatekeys._takes_passphrase(key)
