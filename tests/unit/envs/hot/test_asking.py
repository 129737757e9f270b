"""Asking the tree: many questions at a time, nobody waits for the answer to another one, and of two
answers the one counts that something has changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelarts_nb.envs.hot.kernel import mirror as room
from modelarts_nb.envs.hot.kernel.index import Index
from modelarts_nb.envs.hot.kernel.mirror import Mirror

SITE = "lib/python3.11/site-packages"
MANY = 20


class Tree:
    """A package of many modules as a mirror knows it."""

    def __init__(self, prefix: Path) -> None:
        self.files = [str(prefix / SITE / f"pkg/m{n}.py") for n in range(MANY)]
        index = Index(str(prefix))
        os.makedirs(prefix / SITE / "pkg")
        for path in self.files:
            Path(path).write_text("1")
            mtime = os.stat(path).st_mtime_ns
            index.add([f"c 1 {mtime} 9 {index.relative(path)}"])
        self.info = prefix / SITE / "pkg-1.dist-info"
        self.info.mkdir()
        (self.info / "METADATA").write_text("1")
        times = [os.stat(path).st_mtime_ns for path in (self.info / "METADATA", self.info)]
        about = index.relative(str(self.info))
        index.add([f"t 1 {times[0]} {about}/METADATA", f"d {times[1]} {about}//METADATA"])
        self.mirror = Mirror(str(prefix / "mirror"), index)
        copy = prefix / "mirror/texts" / about / "METADATA"
        copy.parent.mkdir(parents=True)
        copy.write_text("1")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


class SlowStat:
    """``os.stat`` whose answers to other threads are held back until ``go``; before its next answer
    to this one it does what ``then`` says."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = threading.Semaphore(0)
        self.then: Callable[[], object] | None = None
        self._mine = threading.get_ident()

    def __call__(self, path: str, **options: bool) -> os.stat_result:
        info = _stat(path, **options)
        then, self.then = self.then, None
        if then is not None:
            then()
        if threading.get_ident() != self._mine:
            self.asked.release()
            assert self.go.wait(60)
        return info


_stat: Callable[..., os.stat_result] = os.stat


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowStat]:
    stat = SlowStat()
    monkeypatch.setattr(room.os, "stat", stat)
    yield stat
    stat.go.set()


def test_nobody_waits_for_answers_to_other_questions(tree: Tree, slow: SlowStat) -> None:
    # given a disk that answers others late, when something is wanted, then it is asked about alone
    assert tree.mirror.is_true(tree.files[7])
    # and about all the rest at the same time
    for _ in range(MANY - 1):
        assert slow.asked.acquire(timeout=60)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released by every answer."""
    done = threading.Semaphore(0)
    answer = room._Asked.answer

    def count(asked: room._Asked, path: str, same: bool) -> None:
        answer(asked, path, same)
        done.release()

    monkeypatch.setattr(room._Asked, "answer", count)
    return done


def all_are_asked(tree: Tree, slow: SlowStat) -> None:
    """The first has been answered, and the answers for all others are on their way."""
    assert tree.mirror.is_true(tree.files[0])
    for _ in range(MANY - 1):
        assert slow.asked.acquire(timeout=60)


@pytest.mark.parametrize("first", ["changed", "same"])
def test_what_has_changed_is_not_the_same_by_an_older_answer(
    tree: Tree, slow: SlowStat, answered: threading.Semaphore, first: str
) -> None:
    all_are_asked(tree, slow)
    # when one is changed, and is asked about before the older answers come
    Path(tree.files[1]).write_text("22")
    if first == "same":
        # (they come before the newer one is noted)
        slow.then = lambda: (slow.go.set(), [answered.acquire(timeout=60) for _ in range(MANY)])
    assert not tree.mirror.is_true(tree.files[1])
    slow.go.set()
    for _ in range(MANY + 1 if first == "changed" else 1):
        assert answered.acquire(timeout=60)
    # then it stays changed
    assert not tree.mirror.is_true(tree.files[1])
    assert tree.mirror.is_true(tree.files[2])


def test_late_answers_of_an_earlier_time_are_not_taken(
    tree: Tree, slow: SlowStat, answered: threading.Semaphore
) -> None:
    all_are_asked(tree, slow)
    # when something was installed, and the answers come then
    Path(tree.files[1]).write_text("22")
    tree.mirror.doubt()
    slow.go.set()
    for _ in range(MANY):
        assert answered.acquire(timeout=60)
    # then it is asked about again
    assert not tree.mirror.is_true(tree.files[1])


def test_what_is_gone_is_not_true(tree: Tree) -> None:
    os.unlink(tree.files[3])
    assert [tree.mirror.is_true(path) for path in tree.files] == [n != 3 for n in range(MANY)]


def test_metadata_that_is_read_again_and_again_is_asked_about_again(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(room, "monotonic", lambda: now[0])

    def read() -> tuple[bool, bool]:
        known, local = tree.mirror.metadata(str(tree.info), "METADATA")
        return known, local is not None

    # given somebody who waits for a change, and looks twice a second
    assert read() == (True, True)
    now[0] += 0.5
    assert read() == (True, True)
    (tree.info / "METADATA").write_text("22")
    now[0] += 0.6
    # then it is seen
    assert read() == (False, False)


def test_no_thread_can_be_started(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", none)
    assert all(tree.mirror.is_true(path) for path in tree.files)
