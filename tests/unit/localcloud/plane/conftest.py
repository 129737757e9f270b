"""A notebook's folders and identity, without any service around them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.localcloud.plane.container import Container
from modelarts_nb.localcloud.plane.folders import Folders
from modelarts_nb.localcloud.plane.identity import Identity


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    # Processes are found by the cloud's name: other tests that run now must not be taken for ours.
    made = Folders(tmp_path / "state", cloud=f"cloud-{uuid.uuid4().hex}", notebook="nb-1")
    made.state.mkdir()
    made.create()
    return made


@pytest.fixture
def identity(folders: Folders) -> Identity:
    return Identity(folders, project="project-1")


@pytest.fixture
def container(identity: Identity) -> Iterator[Container]:
    made = Container(identity, hook_limit=60.0, grace=0.0)
    yield made
    made.stop()
