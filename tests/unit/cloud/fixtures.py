"""A scripted cloud and settings that lead to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb.cloud.client import Cloud, forget_clients, open_cloud
from tests.unit.cloud.wire import Wire

_CLOUD = ("HUAWEICLOUD_", "HC_CONTAINER_", "REGION_NAME")


@pytest.fixture
def no_cloud(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home and an environment that know of no cloud."""
    for name in list(os.environ):
        if name.startswith(_CLOUD) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    yield home
    forget_clients()


@pytest.fixture
def wire(no_cloud: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A scripted server, with settings and keys that lead to it."""
    server = Wire()
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", server.url)
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "AK-OF-TEST")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "SK-OF-TEST")
    monkeypatch.setenv("PROJECT_ID", "project-1")
    # Pauses between repetitions are drawn from [0, that]: nobody needs to wait for them here.
    monkeypatch.setattr("modelarts_nb.cloud.client._PAUSE", 0.0)
    with server.running():
        yield server


@pytest.fixture
def cloud(wire: Wire) -> Cloud:
    """The cloud that the settings lead to."""
    return open_cloud()
