"""A local cloud for each test, and clients for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.localcloud.testing import LocalCloud, local_cloud
from tests.unit.localcloud.clients import Clients


@pytest.fixture
def local(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """A local cloud with its demo account; state in ``tmp_path / "local"``."""
    for name in list(os.environ):
        if name.startswith("HUAWEICLOUD_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    with local_cloud(tmp_path / "local") as cloud:
        yield cloud


@pytest.fixture
def clients(local: LocalCloud) -> Iterator[Clients]:
    """The SDK's clients for it."""
    made = Clients(local)
    yield made
    made.close()
