"""Why a connection was lost, or not to be had."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from modelarts_nb.cloud.errors import CloudNotFound, CloudUnreachable
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.shell import reasons
from modelarts_nb.shell.errors import ConnectionLost, LoginRefused, ShellRefused, Unreachable
from modelarts_nb.shell.session import Request, Session, Transport
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


def test_a_job_that_is_not_there_any_more_is_the_reason() -> None:
    def still() -> None:
        raise CloudNotFound("There is no such job.")

    _, said = why(still)

    assert said.message == "There is no such job."


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


class Closed:
    """A transport that opens nothing."""

    name = "ssh"

    def __init__(self, error: ModelArtsNbError) -> None:
        self._error = error

    async def open(self, request: Request) -> Session:
        raise self._error

    async def close(self) -> None:
        return None


def opening(error: ModelArtsNbError, still: Callable[[], object]) -> ModelArtsNbError:
    """What is said when no session can be opened."""
    target = Target("job-1", "demo", "worker-0", "ssh", lambda: Closed(error), still)
    with pytest.raises(ModelArtsNbError) as raised:
        asyncio.run(reasons.open_session(target.connect(), Request(), target))
    return raised.value


def ended() -> None:
    raise ShellRefused("demo is Completed now.", hint="See its logs.")


def test_a_job_that_ended_while_a_shell_was_opened_is_the_reason() -> None:
    said = opening(Unreachable("Nobody listens at worker-0."), ended)

    assert isinstance(said, ShellRefused)
    assert (said.message, said.hint, said.cause) == (
        "demo is Completed now.",
        "See its logs.",
        "Nobody listens at worker-0.",
    )


def test_where_the_job_runs_nobody_listens() -> None:
    error = Unreachable("Nobody listens at worker-0.")

    assert opening(error, lambda: None) is error


def test_a_server_that_answers_has_the_last_word() -> None:
    error = LoginRefused("It takes none of the keys.")

    assert opening(error, ended) is error
