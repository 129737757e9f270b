"""A scripted training service; nobody waits for anything."""

from __future__ import annotations

import pytest

from modelarts_nb.cloud import waiting
from modelarts_nb.jobs import logs
from tests.unit.cloud.wire import Wire
from tests.unit.jobs.fake import Service


@pytest.fixture
def service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Service:
    for module in (waiting, logs):
        monkeypatch.setattr(module, "_FIRST", 0.0)
        monkeypatch.setattr(module, "_LONGEST", 0.0)
    found = Service()
    wire.script = found
    return found
