"""``ma ssh check``: each known fault is named, with what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelarts_nb import ssh
from modelarts_nb.cloud.client import open_cloud
from modelarts_nb.ssh import agent, diagnosis, privatekeys
from modelarts_nb.ssh.diagnosis import key_of
from modelarts_nb.ssh.endpoint import find_endpoint, read_endpoint
from modelarts_nb.ssh.keypairs import KeyPair
from modelarts_nb.ssh.places import Places
from tests.unit.notebook.fake import ID
from tests.unit.ssh.fake import PRIVATE, Pairs
from tests.unit.ssh.made import MadeKey, rsa_line

BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"


@contextmanager
def server(says: bytes) -> Iterator[int]:
    """Something that says this to whoever connects, and closes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line, contextlib.suppress(OSError):
                    line.sendall(says)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def opened(service: Pairs, port: int, *names: str, **more: object) -> None:
    """Give the notebook an SSH endpoint."""
    end = {
        "service": "SSH",
        "uri": f"ssh://ma-user@127.0.0.1:{port}",
        "key_pair_names": list(names),
    }
    service.notebooks.instances[ID]["endpoints"] = [{**end, **more}]


def faults(said: str | None = None) -> dict[str, str]:
    """The codes of what is not well, and what to do about each."""
    found = ssh.check(notebook=ID, said=said)
    wrong = {f.code: f.fix for f in found.findings if f.level != "ok"}
    assert found.healthy is not any(f.level == "problem" for f in found.findings)
    assert all(wrong.values())
    return wrong


def test_no_endpoint(service: Pairs) -> None:
    assert "ma ssh setup" in faults()["no_endpoint"]


def test_a_notebook_that_does_not_run(service: Pairs) -> None:
    service.notebooks.instances[ID].update(
        status="STOPPED", endpoints=[{"service": "SSH", "key_pair_names": ["mine"]}]
    )
    service.have("mine")

    assert faults() == {"not_running": f"`ma notebook start {ID}`"}


def test_an_endpoint_that_came_after_the_start(service: Pairs) -> None:
    service.have("mine")
    service.notebooks.instances[ID]["endpoints"] = [{"service": "SSH", "key_pair_names": ["mine"]}]

    assert list(faults()) == ["no_address"]


def test_all_is_well_as_far_as_can_be_seen_without_a_private_key(service: Pairs) -> None:
    service.have("mine")
    with server(BANNER) as port:
        opened(service, port, "mine")

        found = ssh.check(notebook=ID)

    assert (found.healthy, found.logged_in) == (True, None)


def test_a_pair_that_is_deleted_or_anothers(service: Pairs) -> None:
    with server(BANNER) as port:
        opened(service, port, "theirs")

        assert "ma ssh use KEY" in faults()["pair_unusable"]


def test_pairs_that_cannot_be_seen_are_no_fault_of_the_notebook(service: Pairs) -> None:
    service.closed = {"kps", "ecs"}
    with server(BANNER) as port:
        opened(service, port, "mine")

        assert list(faults()) == ["pairs_unseen"]


def test_a_connection_that_is_closed_at_once_means_ten_others(service: Pairs) -> None:
    service.have("mine")
    with server(b"") as port:
        opened(service, port, "mine")

        assert "Ten connections" in faults()["closed_at_once"]


def test_or_an_address_that_is_not_allowed(service: Pairs) -> None:
    service.have("mine")
    with server(b"") as port:
        opened(service, port, "mine", allowed_access_ips=["203.0.113.7"])

        found = faults()

    assert "--allow" in found["allowed_addresses"]
    assert "not among those" in found["closed_at_once"]


def test_nobody_listens(service: Pairs) -> None:
    service.have("mine")
    with server(b"") as port:
        pass
    opened(service, port, "mine")

    assert list(faults()) == ["connection_refused"]


def test_something_else_answers(service: Pairs) -> None:
    service.have("mine")
    with server(b"HTTP/1.1 400 Bad Request\r\n") as port:
        opened(service, port, "mine")

        assert list(faults()) == ["not_ssh"]


def test_an_old_server(service: Pairs) -> None:
    service.have("mine")
    with server(b"SSH-2.0-OpenSSH_7.4\r\n") as port:
        opened(service, port, "mine")

        assert list(faults()) == ["server_old"]


def test_an_old_client(service: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin" / "ssh"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho OpenSSH_7.4p1, OpenSSL 1.0 >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")

    assert "8.0" in faults()["openssh_old"]


def test_no_client(service: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "openssh-client" in faults()["openssh_missing"]


def test_a_key_that_others_may_read(service: Pairs, places: Places, made: MadeKey) -> None:
    privatekeys.put(places, "mine", made.private, made.public)
    (places.keys / "mine").chmod(0o644)
    service.have("mine", made.public)
    with server(BANNER) as port:
        opened(service, port, "mine")

        found = ssh.check(notebook=ID)

    # once, and no login is tried with it
    (wrong,) = [f for f in found.findings if f.level != "ok"]
    assert (wrong.code, wrong.fix) == ("key_mode", f"chmod 600 {places.keys / 'mine'}")
    assert found.logged_in is None


def test_a_folder_that_others_may_write_to(service: Pairs, places: Places) -> None:
    places.make()
    places.ssh.chmod(0o777)

    assert f"chmod 750 {places.ssh}" in faults()["ssh_folder_mode"]


@pytest.mark.parametrize(("mode", "well"), [(0o750, True), (0o755, True), (0o700, False)])
def test_the_notebooks_own_server_is_strict_about_the_folder(
    service: Pairs, places: Places, monkeypatch: pytest.MonkeyPatch, mode: int, well: bool
) -> None:
    places.make()
    places.ssh.chmod(mode)
    assert "ssh_folder_mode" not in faults()

    # when this is the notebook itself
    monkeypatch.setenv("INSTANCE_ID", ID)

    assert ("ssh_folder_mode" not in faults()) is well


def test_the_folder_is_made_as_the_notebooks_server_wants_it_whatever_the_umask(
    places: Places,
) -> None:
    before = os.umask(0o077)
    try:
        places.make()
    finally:
        os.umask(before)

    assert stat.S_IMODE(places.ssh.stat().st_mode) == 0o750


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no_name"),
        (TimeoutError("timed out"), "unreachable"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "unreachable"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "unreachable"),
        (ConnectionResetError(), "closed_at_once"),
    ],
)
def test_what_does_not_answer(
    service: Pairs, monkeypatch: pytest.MonkeyPatch, problem: OSError, code: str
) -> None:
    def connect(*_given: object) -> None:
        raise problem

    service.have("mine")
    opened(service, 31248, "mine")
    found = open_cloud()  # its own connections are none of these
    endpoint = find_endpoint(found, ID)
    monkeypatch.setattr(diagnosis.socket, "create_connection", connect)

    assert endpoint.address is not None
    assert diagnosis._reach(endpoint.address, endpoint).code == code


def test_a_key_with_a_passphrase_that_is_not_open_is_named_as_such(
    service: Pairs, places: Places, made: MadeKey
) -> None:
    # given an agent of ours that holds another key
    protected = made.protected("correct horse")
    privatekeys.put(places, "mine", protected, made.public)
    service.have("mine", made.public)
    agent.start(places)
    try:
        with server(BANNER) as port:
            opened(service, port, "mine")

            assert "ma ssh unlock" in faults()["key_locked"]
    finally:
        agent.end(places)


def test_a_login_is_tried_and_what_it_complains_of_understood(
    service: Pairs, places: Places, made: MadeKey
) -> None:
    # given a server that greets and then closes, as where the connections are used up
    privatekeys.put(places, "mine", made.private, made.public)
    service.have("mine", made.public)
    with server(BANNER) as port:
        opened(service, port, "mine")

        found = ssh.check(notebook=ID)

    assert found.logged_in is False
    assert [f.code for f in found.findings if f.level == "problem"] == ["closed_at_once"]


def test_what_a_laptop_complains_of_is_understood_too(service: Pairs) -> None:
    assert "refused" in faults("me@h: Permission denied (publickey).")


def test_a_private_key_is_chosen_by_its_public_half_and_only_else_by_its_name(
    places: Places, made: MadeKey
) -> None:
    privatekeys.put(places, "renamed", made.private, made.public)
    privatekeys.put(places, "theirs", made.private, rsa_line(2048))
    here = privatekeys.every(places.keys)
    endpoint = read_endpoint({"endpoints": [{"service": "SSH", "key_pair_names": ["theirs"]}]})

    def chosen(public: str) -> str | None:
        found = key_of(here, endpoint, [KeyPair("theirs", "user", ("kps",), "", public)])
        return found.name if found else None

    assert chosen(made.public) == "renamed"
    assert chosen(rsa_line(4096)) is None
    assert chosen("") == "theirs"


def test_no_private_key_is_in_what_a_check_says(service: Pairs, places: Places) -> None:
    places.make()
    (places.keys / "mine").write_text(PRIVATE)
    service.have("mine")
    with server(BANNER) as port:
        opened(service, port, "mine")

        assert "TOPSECRET" not in repr(ssh.check(notebook=ID))
