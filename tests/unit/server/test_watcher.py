"""Hints on the event bus: at the beginning, at the end, and not when there is no news."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.server import watcher as module
from modelarts_nb.server.problem import Problem
from modelarts_nb.server.watcher import Watcher
from tests.unit.server.conftest import Fetch, json_of


class Bus:
    def __init__(self) -> None:
        self.schemas: list[str] = []
        self.heard: list[tuple[str, str]] = []

    def emit(self, *, schema_id: str, data: dict[str, Any]) -> None:
        self.heard.append((data["id"], data["state"]))


class Answers:
    """Gives one prepared list of operations after the other."""

    def __init__(self, *lists: Any) -> None:
        self.lists = list(lists)
        self.asked = 0

    async def call(self, name: str, params: dict[str, Any], *, timeout: float) -> Any:
        self.asked += 1
        answer = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def operation(id: str, state: str) -> dict[str, Any]:
    return {"id": id, "state": state, "verb": "env.clone", "params": {}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD", 0.01)
    monkeypatch.setattr(module, "LONG_PERIOD", 0.01)


def watch(answers: Answers) -> tuple[Watcher, Bus]:
    bus = Bus()
    watcher = Watcher(answers, bus, 5.0, logging.getLogger("test"))  # type: ignore[arg-type]
    return watcher, bus


async def asleep() -> None:
    """Wait until the watcher asks nobody any more: only this task is left."""
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)


async def test_begin_and_end_are_told_once_each() -> None:
    answers = Answers([operation("a", "running")], [operation("a", "done")])
    watcher, bus = watch(answers)

    watcher.notice([operation("a", "running")])
    await asleep()

    assert bus.heard == [("a", "running"), ("a", "done")]


async def test_nobody_is_asked_when_nothing_runs() -> None:
    answers = Answers([operation("a", "running")], [operation("a", "done")])
    watcher, _ = watch(answers)
    watcher.notice([operation("a", "running")])
    await asleep()
    asked = answers.asked

    await asyncio.sleep(0.1)

    assert answers.asked == asked


async def test_what_had_ended_before_is_no_news() -> None:
    watcher, bus = watch(Answers([]))

    watcher.notice([operation("a", "done")])

    assert bus.heard == []


async def test_a_worker_that_does_not_answer_is_asked_again() -> None:
    answers = Answers(Problem(504, "disk_timeout", "hangs"), [operation("a", "lost")])
    watcher, bus = watch(answers)

    watcher.notice([operation("a", "running")])
    await asleep()

    assert ("a", "lost") in bus.heard


async def test_one_that_was_dismissed_elsewhere_does_not_keep_it_awake() -> None:
    answers = Answers([])
    watcher, _ = watch(answers)
    watcher.notice([operation("a", "running")])
    await asleep()
    asked = answers.asked

    await asyncio.sleep(0.1)

    assert answers.asked == asked


async def test_stopping_ends_it_at_once() -> None:
    watcher, _ = watch(Answers([operation("a", "running")]))
    watcher.notice([operation("a", "running")])

    await watcher.stop()
    watcher.notice([operation("b", "running")])

    assert len(asyncio.all_tasks()) == 1


async def test_stopping_ends_it_although_its_cancellation_is_lost() -> None:
    # Given a call whose answer comes together with the cancellation
    class Deaf(Answers):
        async def call(self, name: str, params: dict[str, Any], *, timeout: float) -> Any:
            asking.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            return await super().call(name, params, timeout=timeout)

    asking = asyncio.Event()
    watcher, _ = watch(Deaf([operation("a", "running")]))
    watcher.notice([operation("a", "running")])
    await asking.wait()
    # Then
    await asyncio.wait_for(watcher.stop(), 10)


async def test_a_real_operation_is_told_on_the_real_bus(
    call: Fetch, jp_serverapp: Any, source: Path
) -> None:
    heard: list[str] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data["state"])

    jp_serverapp.event_logger.add_listener(schema_id=module.SCHEMA_ID, listener=listen)
    params = {"source": str(source), "name": "mine", "kernel": False}
    json_of(await call("POST", "operations", {"verb": "env.clone", "params": params}))
    for _ in range(400):
        await asyncio.sleep(0.05)
        if len(heard) == 2:
            break

    assert heard == ["running", "done"]
