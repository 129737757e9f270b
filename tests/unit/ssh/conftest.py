"""A home with OpenSSH's files, a key that was made once, and a scripted cloud."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.secret import Secret
from tests.unit.cloud.wire import Wire
from tests.unit.ssh.fake import Pairs
from tests.unit.ssh.made import MadeKey


@pytest.fixture
def home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a short path: that of an agent's socket may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ma") as folder:
        monkeypatch.setenv("HOME", folder)
        yield Path(folder)


@pytest.fixture(scope="session")
def made() -> MadeKey:
    """A real RSA key, its private half in PEM as the cloud returns it."""
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    private = key.export_private_key("pkcs1-pem").decode()
    return MadeKey(key.export_public_key().decode().strip(), Secret(private))


@pytest.fixture
def places(home: Path) -> Places:
    """Those of an empty home."""
    return Places(home)


@pytest.fixture
def service(wire: Wire) -> Pairs:
    """KPS, ECS and the notebook service, scripted."""
    found = Pairs()
    wire.script = found
    return found
