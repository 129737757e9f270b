"""A home with a private key, and OpenSSH's server that takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.ssh.servers import SshServers
from modelarts_nb.shell.sshtransport import SshPlace, SshTransport
from modelarts_nb.shell.target import Target
from modelarts_nb.ssh import privatekeys
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.secret import Secret
from tests.unit.shell.sshd import Sshd, run_sshd


@pytest.fixture(scope="session")
def key() -> asyncssh.SSHKey:
    """A key pair that was made once."""
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
def places(home: Path, key: asyncssh.SSHKey, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A home in which the private key ``mine`` is kept."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    found = Places(home)
    public = key.export_public_key().decode()
    privatekeys.put(found, "mine", Secret(key.export_private_key().decode()), public)
    return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, key: asyncssh.SSHKey) -> Iterator[Sshd]:
    """OpenSSH's server that the key opens."""
    with run_sshd(tmp_path_factory.mktemp("sshd")) as found:
        found.authorize(key.export_public_key().decode())
        yield found


@pytest.fixture
def place(server: Sshd) -> SshPlace:
    """A task that is reached there."""
    return SshPlace("job-1", "worker-0", server.address, ("mine",))


@pytest.fixture
def transport(place: SshPlace, places: Places) -> Callable[[], SshTransport]:
    """Makes the transport, in the loop that uses it."""
    return lambda: SshTransport(place, places)


@pytest.fixture
def target(transport: Callable[[], SshTransport]) -> Target:
    """The task as a target."""
    return Target("job-1", "demo", "worker-0", "ssh", transport, lambda: None)


@pytest.fixture
def container(tmp_path: Path, places: Places, key: asyncssh.SSHKey) -> Iterator[Address]:
    """A container of the local cloud. Its server passes signals on, as OpenSSH's does too, but not
    for root, who runs the tests in many places."""
    folders = Folders(tmp_path / "state", cloud="local", notebook="worker-0")
    folders.state.mkdir()
    folders.create()
    public = key.export_public_key().decode()
    servers = SshServers()
    try:
        port = servers.open(Identity(folders, project="project-1"), lambda: [public])
        yield Address("ma-user", "127.0.0.1", port)
    finally:
        servers.stop()
