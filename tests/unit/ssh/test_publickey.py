"""What a person pastes as their public key."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.errors import ModelArtsNbError, NotFound
from modelarts_nb.ssh.errors import KeyRefused
from modelarts_nb.ssh.keypairs import check_name
from modelarts_nb.ssh.publickey import PublicKey, name_for, parse, read_key, same_key
from tests.unit.ssh.made import MadeKey, rsa_line


def test_fingerprints_are_those_that_openssh_shows(made: MadeKey, tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(made.public + " ada@laptop\r\n")

    found = read_key(str(file))

    for kind, ours in (("md5", f"MD5:{found.md5}"), ("sha256", found.sha256)):
        said = subprocess.run(
            ["ssh-keygen", "-l", "-E", kind, "-f", file], capture_output=True, text=True, check=True
        ).stdout
        assert said.split()[:2] == ["2048", ours]
    assert found.comment == "ada@laptop"


@pytest.mark.parametrize("bits", [1024, 2048, 4096])
def test_the_sizes_that_the_cloud_takes(bits: int) -> None:
    assert parse(rsa_line(bits)).bits == bits


@pytest.mark.parametrize("bits", [1023, 3072, 8192])
def test_other_sizes_are_refused_with_the_command_that_makes_one(bits: int) -> None:
    with pytest.raises(KeyRefused, match=str(bits)) as raised:
        parse(rsa_line(bits))

    assert "ssh-keygen -t rsa -b 4096" in raised.value.hint


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_other_kinds_are_refused_with_the_command_that_makes_one(kind: str) -> None:
    line = asyncssh.generate_private_key(kind).export_public_key().decode()

    with pytest.raises(KeyRefused, match=kind) as raised:
        read_key(line)

    assert "ssh-keygen -t rsa -b 4096" in raised.value.hint


@pytest.mark.parametrize("kind", ["openssh", "pkcs1-pem", "pkcs8-pem"])
def test_a_private_key_is_refused_and_not_repeated(kind: str) -> None:
    text = asyncssh.generate_private_key("ssh-rsa", key_size=2048).export_private_key(kind).decode()

    with pytest.raises(KeyRefused, match="private") as raised:
        read_key(text)

    assert text.splitlines()[1] not in str(raised.value.to_dict())


@pytest.mark.parametrize(
    "text",
    ["", "ssh-rsa", "ssh-rsa !!!!", "ssh-rsa AAAA", "ssh-rsa AAAAB3NzaC1yc2E=", "hello world",
     rsa_line(2048) + "\n" + rsa_line(2048), "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA"],
)  # fmt: skip
def test_what_is_no_public_key_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(KeyRefused) as raised:
        parse(text)

    assert raised.value.hint


@given(st.one_of(st.text(), st.builds("ssh-rsa {}".format, st.text()), st.binary().map(str)))
def test_whatever_is_pasted_is_a_key_or_refused(text: str) -> None:
    with contextlib.suppress(ModelArtsNbError):
        assert isinstance(parse(text), PublicKey)


@given(st.text())
def test_every_comment_makes_a_name_that_a_pair_may_have(comment: str) -> None:
    key = PublicKey("", comment, 2048, "ab:cd:ef:01:23", "")

    assert check_name(name_for(key)).endswith("-abcdef01")


def test_the_public_half_beside_a_private_one_counts(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (tmp_path / "id_rsa.pub").write_text(rsa_line(2048))

    assert read_key(str(tmp_path / "id_rsa")).bits == 2048


def test_a_private_key_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")

    with pytest.raises(KeyRefused):
        read_key(str(tmp_path / "id_rsa"))


@pytest.mark.parametrize("what", ["absent.pub", ".", "x" * 5000, "a\0b", "~nobody-of-this-name/x"])
def test_what_is_no_file_is_said_to_be_neither(what: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as raised:
        read_key(what if what[0] in "~xa" else str(tmp_path / what))

    assert len(raised.value.message) < 400


def test_comments_do_not_make_keys_different() -> None:
    assert same_key(rsa_line(2048, "one"), rsa_line(2048, "other"))
    assert not same_key(rsa_line(2048), rsa_line(1024))
    assert not same_key("", "")
