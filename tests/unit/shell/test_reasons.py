"""Why a connection was lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from modelarts_nb.cloud.errors import CloudUnreachable
from modelarts_nb.shell import reasons
from modelarts_nb.shell.errors import ConnectionLost, ShellRefused
from modelarts_nb.shell.session import Transport
from modelarts_nb.shell.target import Target


def no_transport() -> Transport:
    raise AssertionError("nobody connects here")


def why(still: Callable[[], object]) -> tuple[ConnectionLost, ConnectionLost]:
    """What was lost, and what is said of it."""
    lost = ConnectionLost("The connection ended.", cause="reset by peer")
    target = Target("job-1", "demo", "worker-0", "ssh", no_transport, still)
    return lost, asyncio.run(reasons.explained(lost, target))


def test_a_job_that_has_ended_is_the_reason() -> None:
    def still() -> None:
        raise ShellRefused("demo is Completed now.", hint="See its logs.")

    _, said = why(still)

    assert (said.message, said.hint, said.cause) == (
        "demo is Completed now.",
        "See its logs.",
        "reset by peer",
    )
    assert said.exit_code == 255


def test_a_job_that_runs_is_none() -> None:
    lost, said = why(lambda: None)

    assert said is lost


def test_a_cloud_that_cannot_be_asked_tells_nothing() -> None:
    def still() -> None:
        raise CloudUnreachable("No answer.")

    lost, said = why(still)

    assert said is lost


def test_a_cloud_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "_PATIENCE", 0.05)
    end = threading.Event()

    lost, said = why(end.wait)
    end.set()

    assert said is lost
