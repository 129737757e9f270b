"""Waiting for a disk that may never answer."""

from __future__ import annotations

import threading
import time

from modelarts_nb.cli.patience import patience


def test_a_disk_that_does_not_answer_is_noticed_while_the_work_waits() -> None:
    hung, never = threading.Event(), threading.Event()

    with patience(0.05, hung.set, probe=never.wait, every=0.01):
        noticed = hung.wait(60)

    never.set()
    assert noticed


def test_a_disk_that_answers_is_left_to_its_work() -> None:
    hung, asked = threading.Event(), threading.Semaphore(0)

    with patience(5, hung.set, probe=asked.release, every=0.01):
        for _ in range(3):
            assert asked.acquire(timeout=60)

    assert not hung.is_set()


def test_a_disk_that_answers_with_an_error_answers() -> None:
    hung, asked = threading.Event(), threading.Semaphore(0)

    def fails() -> None:
        asked.release()
        raise OSError

    with patience(5, hung.set, probe=fails, every=0.01):
        for _ in range(3):
            assert asked.acquire(timeout=60)

    assert not hung.is_set()


def test_work_that_ends_while_the_disk_is_silent_has_ended() -> None:
    hung, never, asked = threading.Event(), threading.Event(), threading.Event()

    def silent() -> None:
        asked.set()
        never.wait()

    with patience(1, hung.set, probe=silent, every=0.01):
        assert asked.wait(60)

    time.sleep(1.1)
    never.set()
    assert not hung.is_set()
