"""Threads that keep many requests in flight, made of what an interpreter has loaded anyway."""

from __future__ import annotations

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, TypeVar

    Item = TypeVar("Item")

THREADS = 64


def each(
    work: Callable[[Item], object],
    items: Iterable[Item],
    *,
    threads: int = THREADS,
    seconds: float = -1,
) -> bool:
    """Call ``work`` on every item, many at a time.

    Args:
        work: may raise OSError, which ends nothing but that call.
        items: a list, or an iterator that others add to while it runs.
        threads: at once.
        seconds: how long to wait for the last; negative: for ever.

    Returns:
        False when it is not done in time: what is on its way is left behind.
    """
    items = list(items)
    turn = iter(items)
    left = min(threads, len(items))
    if left == 0:
        return True
    guard, done = _thread.allocate_lock(), _thread.allocate_lock()
    done.acquire()
    count = [left]

    def run() -> None:
        try:
            for item in turn:
                try:
                    work(item)
                except OSError:
                    pass
        finally:
            with guard:
                count[0] -= 1
                last = count[0] == 0
            if last:
                done.release()

    for _ in range(left):
        try:
            _thread.start_new_thread(run, ())
        except RuntimeError:
            # No more threads, or the interpreter is ending.
            run()
    return done.acquire(True, seconds)
