"""The crowd: everything is done, folders overlap, memory is bounded, the first error is told."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from modelarts_nb.envs.archive.crowd import Crowd


def test_every_job_is_done() -> None:
    crowd, done = Crowd(8, 100), Counter[str]()
    for number in range(2000):
        folder = f"f{number % 7}"
        crowd.put(folder, 1, lambda folder=folder: done.update([folder]))  # type: ignore[misc]
    crowd.drain()
    crowd.close()
    assert done.total() == 2000


def test_jobs_of_one_folder_leave_room_for_the_next() -> None:
    """As on a disk that locks a folder: two folders of 20 take as long as one."""
    crowd = Crowd(4, 1000)
    locks = {"a": threading.Lock(), "b": threading.Lock()}
    active: Counter[str] = Counter()
    together = 0

    def work(folder: str) -> None:
        nonlocal together
        with locks[folder]:
            active[folder] += 1
            together += all(active[f] for f in locks)
            time.sleep(0.005)
            active[folder] -= 1

    for folder in "a" * 20 + "b" * 20:
        crowd.put(folder, 1, lambda folder=folder: work(folder))  # type: ignore[misc]
    crowd.drain()
    crowd.close()
    assert together >= 10


def test_what_waits_is_bounded() -> None:
    crowd, gate, handed = Crowd(2, 10), threading.Event(), []

    def feed() -> None:
        for number in range(50):
            crowd.put("f", 1, gate.wait)
            handed.append(number)

    feeder = threading.Thread(target=feed)
    feeder.start()
    time.sleep(0.1)
    assert len(handed) == 10
    gate.set()
    feeder.join()
    crowd.drain()
    crowd.close()


def test_a_job_larger_than_all_room_is_still_done() -> None:
    crowd, done = Crowd(2, 10), threading.Event()
    crowd.put("f", 1000, done.set)
    crowd.drain()
    crowd.close()
    assert done.is_set()


def test_the_first_error_is_told_and_later_jobs_are_dropped() -> None:
    crowd, late = Crowd(2, 100), threading.Event()

    def fail() -> None:
        raise ValueError("broken")

    crowd.put("f", 1, fail)
    with pytest.raises(ValueError, match="broken"):
        crowd.drain()
    with pytest.raises(ValueError, match="broken"):
        crowd.put("f", 1, late.set)
    crowd.close()
    assert not late.is_set()
