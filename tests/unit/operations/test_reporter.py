"""What an operation reports: counts, rate, time left, and that it should stop."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import Cancelled
from modelarts_nb.operations import journal as journals
from modelarts_nb.operations import reporter as reporters
from modelarts_nb.operations.model import Amount
from modelarts_nb.operations.reporter import Reporter
from modelarts_nb.progress import Silent


@pytest.fixture
def reporter(disk: Disk) -> Reporter:
    journal, operation = journals.create("env.clone", {}, "me")
    return Reporter(journal, operation)


def wait(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end and not condition():
        time.sleep(0.01)
    return condition()


def test_progress_reaches_the_journal_while_it_works(reporter: Reporter) -> None:
    journal = journals.every()[0]
    reporter.start()

    reporter.phase("copying", files=10, bytes=1000)
    reporter.advance(files=4, bytes=300)

    assert wait(lambda: journal.read().done == Amount(4, 300))
    assert journal.read().phase == "copying"
    assert journal.read().total == Amount(10, 1000)
    reporter.stop()


def test_a_new_phase_counts_from_zero(reporter: Reporter) -> None:
    reporter.phase("copying", files=10)
    reporter.advance(files=4)
    reporter.start()

    reporter.phase("syncing")

    assert reporter.stop().done == Amount(0, 0)


def test_rate_and_time_left_follow_the_work(
    reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(reporters.time, "monotonic", lambda: clock[0])
    reporter.phase("copying", files=100, bytes=10_000)

    for _ in range(10):
        clock[0] += 1
        reporter.advance(files=5, bytes=500)
        record = reporter._snapshot()

    assert record.rate == Amount(5, 500)
    assert record.seconds_left == 10


def test_the_slower_of_files_and_bytes_decides_the_time_left(
    reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(reporters.time, "monotonic", lambda: clock[0])
    reporter.phase("copying", files=10, bytes=100_000)
    reporter.advance(files=9, bytes=1000)
    clock[0] += 1

    assert reporter._snapshot().seconds_left == 99


def test_one_fast_moment_does_not_make_the_rate_jump(
    reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(reporters.time, "monotonic", lambda: clock[0])
    reporter.phase("copying", files=100_000)
    for files in [10] * 20 + [1000]:
        clock[0] += 0.2
        reporter.advance(files=files)
        record = reporter._snapshot()

    assert record.rate.files is not None
    assert 50 < record.rate.files < 500


def test_an_unknown_total_gives_no_time_left(reporter: Reporter) -> None:
    reporter.phase("solving")
    reporter.advance(files=1)

    assert reporter._snapshot().seconds_left is None


def test_the_mark_of_a_cancel_is_seen_without_a_signal(reporter: Reporter) -> None:
    reporter.start()
    reporter.check()

    journals.every()[0].ask_cancel()

    assert wait(lambda: reporter.cancelled)
    with pytest.raises(Cancelled):
        reporter.check()
    reporter.stop()


def test_another_progress_hears_everything(disk: Disk) -> None:
    heard: list[object] = []

    class Listener(Silent):
        def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
            heard.append((name, files, bytes))

        def advance(self, *, files: int = 0, bytes: int = 0) -> None:
            heard.append((files, bytes))

        def log(self, message: str) -> None:
            heard.append(message)

    reporter = Reporter(*journals.create("env.clone", {}, "me"), Listener())

    reporter.phase("copying", files=2)
    reporter.advance(files=1, bytes=5)
    reporter.log("half of it")

    assert heard == [("copying", 2, None), (1, 5), "half of it"]


def test_another_progress_can_stop_it(disk: Disk) -> None:
    class Stopper(Silent):
        def check(self) -> None:
            raise Cancelled()

    reporter = Reporter(*journals.create("env.clone", {}, "me"), Stopper())

    with pytest.raises(Cancelled):
        reporter.check()


def test_a_full_local_disk_does_not_end_the_work(
    reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journals, "_replace", full)
    monkeypatch.setattr(reporters, "TICK", 0.01)
    reporter.start()
    reporter.phase("copying")
    time.sleep(0.1)

    reporter.advance(files=1)

    assert reporter.stop().done.files == 1
