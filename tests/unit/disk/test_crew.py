"""Threads that work until nothing is left, or the first error."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from modelarts_nb.disk.crew import Crew
from modelarts_nb.errors import Cancelled
from modelarts_nb.progress import Silent


class _Cancel(Silent):
    def __init__(self) -> None:
        self.wanted = False

    def check(self) -> None:
        if self.wanted:
            raise Cancelled


def test_no_jobs_no_wait() -> None:
    Crew(threads=4).run()


def test_jobs_put_jobs() -> None:
    crew, done = Crew(threads=4), []

    def job(depth: int) -> None:
        done.append(depth)
        if depth:
            crew.put(partial(job, depth - 1))
            crew.put(partial(job, depth - 1))

    crew.put(partial(job, 8))
    crew.run()
    assert len(done) == 2**9 - 1


def test_jobs_overlap() -> None:
    crew, together = Crew(threads=3), threading.Barrier(3, timeout=60)
    for _ in range(3):
        crew.put(lambda: together.wait() and None)
    crew.run()
    assert not together.broken


def test_the_first_error_is_raised_and_nothing_runs_afterwards() -> None:
    crew, ran = Crew(threads=1), []

    def fail() -> None:
        raise ValueError("first")

    crew.put(fail)
    crew.put(lambda: ran.append(1))
    with pytest.raises(ValueError, match="first"):
        crew.run()
    assert ran == []


def test_a_long_job_stops_at_its_next_pause() -> None:
    crew, began = Crew(threads=2), threading.Event()

    def long() -> None:
        began.set()
        while True:
            crew.check()
            time.sleep(0.001)

    def fail() -> None:
        began.wait()
        raise ValueError("stop")

    crew.put(long)
    crew.put(fail)
    with pytest.raises(ValueError, match="stop"):
        crew.run()


def test_cancel_stops_within_a_moment() -> None:
    cancel = _Cancel()
    crew = Crew(threads=2, progress=cancel)

    def forever() -> None:
        cancel.wanted = True
        crew.check()
        time.sleep(0.001)
        crew.put(forever)

    crew.put(forever)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        crew.run()
    assert time.monotonic() - began < 30


def test_every_thread_has_ended_when_run_returns() -> None:
    before = threading.active_count()
    crew = Crew(threads=8)
    crew.put(lambda: None)
    crew.run()
    assert threading.active_count() == before
