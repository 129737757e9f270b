"""A notebook that runs, in which storage can be mounted."""

from __future__ import annotations

import pytest

from modelarts_nb.cloud import waiting
from tests.unit.cloud.wire import Wire
from tests.unit.storage.fake import ID, Service


@pytest.fixture
def service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The scripted service, and this notebook is the one it knows."""
    monkeypatch.setenv("INSTANCE_ID", ID)
    monkeypatch.setattr(waiting, "_FIRST", 0.0)
    monkeypatch.setattr(waiting, "_LONGEST", 0.0)
    found = Service()
    wire.script = found
    return found
