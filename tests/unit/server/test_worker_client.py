"""The client of the worker: nothing that the worker does may hold the server up."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.server import worker as module
from modelarts_nb.server.problem import Problem
from modelarts_nb.server.worker import Worker

LOG = logging.getLogger("test")

ECHO = """
import json, os, sys
for line in sys.stdin:
    r = json.loads(line)
    if r["call"] == "die" or (r["call"] == "die once" and not os.path.exists(r["params"]["mark"])):
        open(r["params"]["mark"], "a").write("x")
        os._exit(1)
    if r["call"] == "hang":
        continue
    if r["call"] == "garbage":
        print("not json", flush=True)
        continue
    if r["call"] == "fail":
        e = {"code": "busy", "message": "m", "hint": "h", "cause": "c", "http_status": 409}
        e.update(error_code="ModelArts.1", cloud_request_id="req-1")
        print(json.dumps({"id": r["id"], "error": e}), flush=True)
        continue
    if r["call"] == "big":
        print(json.dumps({"id": r["id"], "result": "x" * 5_000_000}), flush=True)
        continue
    print(json.dumps({"id": r["id"], "result": [os.getpid(), r["params"]]}), flush=True)
"""


@asynccontextmanager
async def client(
    command: Callable[[], list[str]] = lambda: [sys.executable, "-c", ECHO],
) -> AsyncIterator[Worker]:
    worker = Worker(command, LOG)
    try:
        yield worker
    finally:
        await worker.stop()


def test_one_worker_answers_all_calls(jp_asyncio_loop: Any) -> None:
    async def go() -> set[int]:
        async with client() as worker:
            calls = (worker.call("echo", {"n": n}, timeout=60) for n in range(20))
            return {answer[0] for answer in await asyncio.gather(*calls)}

    assert len(jp_asyncio_loop.run_until_complete(go())) == 1


async def test_an_error_becomes_a_problem() -> None:
    async with client() as worker:
        with pytest.raises(Problem) as raised:
            await worker.call("fail", {}, timeout=60)

    problem = raised.value
    assert (problem.status_code, problem.code) == (409, "busy")
    assert (problem.message, problem.hint, problem.cause) == ("m", "h", "c")
    assert (problem.error_code, problem.cloud_request_id) == ("ModelArts.1", "req-1")


async def test_an_answer_may_be_long() -> None:
    async with client() as worker:
        assert len(await worker.call("big", {}, timeout=60)) == 5_000_000


async def test_no_answer_is_a_timeout_and_a_new_worker_comes() -> None:
    async with client() as worker:
        first = (await worker.call("echo", {}, timeout=60))[0]
        with pytest.raises(Problem) as raised:
            await worker.call("hang", {}, timeout=0.3)
        second = (await worker.call("echo", {}, timeout=60))[0]

    assert (raised.value.status_code, raised.value.code) == (504, "disk_timeout")
    assert first != second
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


async def test_the_loop_goes_on_while_the_worker_hangs() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async with client() as worker:
        ticking = asyncio.ensure_future(tick())
        with pytest.raises(Problem):
            await worker.call("hang", {}, timeout=0.5)
        ticking.cancel()

    assert ticks > 10


async def test_a_read_is_asked_again_when_the_worker_dies(tmp_path: Path) -> None:
    async with client() as worker:
        answer = await worker.call("die once", {"mark": str(tmp_path / "mark")}, timeout=60)

    assert answer[1] == {"mark": str(tmp_path / "mark")}


async def test_a_read_is_not_asked_for_ever(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    async with client() as worker:
        with pytest.raises(Problem) as raised:
            await worker.call("die", {"mark": str(mark)}, timeout=60)

    assert (raised.value.status_code, raised.value.code) == (503, "worker_lost")
    assert mark.read_text() == "xx"


async def test_what_changes_something_is_asked_once(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    async with client() as worker:
        with pytest.raises(Problem):
            await worker.call("die", {"mark": str(mark)}, timeout=10, repeatable=False)

    assert mark.read_text() == "x"


async def test_a_worker_that_talks_nonsense_is_replaced() -> None:
    async with client() as worker:
        with pytest.raises(Problem):
            await worker.call("garbage", {}, timeout=60)

        assert await worker.call("echo", {}, timeout=60)


async def test_a_missing_tool_is_a_problem_and_is_looked_for_again() -> None:
    there: list[str] = []

    def command() -> list[str]:
        if not there:
            raise Problem(503, "tool_missing", "no tool")
        return there

    async with client(command) as worker:
        with pytest.raises(Problem) as raised:
            await worker.call("echo", {}, timeout=60)
        there.extend([sys.executable, "-c", ECHO])

        assert await worker.call("echo", {}, timeout=60)
    assert raised.value.code == "tool_missing"


async def test_workers_do_not_pile_up_behind_a_disk_that_kills_cannot_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_STUCK", 2)
    # A process in an uninterruptible wait looks like this: killed, and there.
    monkeypatch.setattr(module.Child, "gone", property(lambda child: False))
    started = 0

    def command() -> list[str]:
        nonlocal started
        started += 1
        return [sys.executable, "-c", ECHO]

    async with client(command) as worker:
        for _ in range(5):
            with pytest.raises(Problem):
                await worker.call("hang", {}, timeout=0.1)

    assert started == 2


async def test_it_stops_although_the_worker_hangs() -> None:
    import signal

    began = time.monotonic()
    async with client() as worker:
        pid = (await worker.call("echo", {}, timeout=60))[0]
        os.kill(pid, signal.SIGSTOP)

    assert time.monotonic() - began < 10
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_after_stopping_nothing_is_started() -> None:
    async with client() as worker:
        pass

    with pytest.raises(Problem):
        await worker.call("echo", {}, timeout=60)
