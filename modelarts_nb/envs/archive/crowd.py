"""Workers for jobs that belong to folders: no two in one folder while another one waits.

A file system makes the files of one folder one after the other (the folder is locked meanwhile),
so 32 workers in one folder of a network disk are as slow as one. An archive lists its files folder
by folder; what waits in memory is taken folder by folder in turn instead, the fullest folder
always among them, because it is the one that everything else waits for in the end.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable

Work = Callable[[], None]
_LOOK_AGAIN = 128  # jobs taken between two looks for the fullest folder


class Crowd:
    """Threads that run jobs; the first error is kept, later jobs are dropped.

    Args:
        threads: jobs in flight.
        budget: cost of the jobs that may wait; ``put`` blocks above it.
    """

    def __init__(self, threads: int, budget: int) -> None:
        self._budget = budget
        self._turn = threading.Lock()
        self._more = threading.Condition(self._turn)  # a job for the workers
        self._less = threading.Condition(self._turn)  # room for whoever hands over
        self._waiting = 0
        self._folders: dict[str, deque[tuple[int, Work]]] = {}
        self._round: deque[str] = deque()
        self._active: Counter[str] = Counter()
        self._fullest = ""
        self._taken = 0
        self._closed = False
        self.error: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"extract-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, folder: str, cost: int, work: Work) -> None:
        """Hand over a job.

        Raises:
            BaseException: the first error of an earlier job.
        """
        with self._turn:
            self._less.wait_for(
                lambda: not self._waiting or self._waiting + cost <= self._budget or self.error
            )
            self._raise()
            self._waiting += cost
            if folder not in self._folders:
                self._folders[folder] = deque()
                self._round.append(folder)
            self._folders[folder].append((cost, work))
            self._more.notify()

    def drain(self) -> None:
        """Wait until every job is done.

        Raises:
            BaseException: the first error of a job.
        """
        with self._turn:
            self._less.wait_for(lambda: not self._waiting)
            self._raise()

    def close(self, error: BaseException | None = None) -> None:
        """End the threads; with ``error``, without what still waits."""
        with self._turn:
            self.error = self.error or error
            self._closed = True
            self._more.notify_all()
        for thread in self._threads:
            thread.join()

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error

    def _take(self) -> tuple[str, int, Work] | None:
        with self._turn:
            self._more.wait_for(lambda: self._round or self._closed)
            if not self._round:
                return None
            self._taken += 1
            if self._taken % _LOOK_AGAIN == 1:
                self._fullest = max(self._folders, key=lambda name: len(self._folders[name]))
            folder = self._fullest
            if folder not in self._folders or self._active[folder]:
                folder = self._round[0]
                self._round.rotate(-1)
            jobs = self._folders[folder]
            cost, work = jobs.popleft()
            if not jobs:
                del self._folders[folder]
                self._round.remove(folder)
            self._active[folder] += 1
            return folder, cost, work

    def _work(self) -> None:
        while (job := self._take()) is not None:
            folder, cost, work = job
            del job
            try:
                if self.error is None:
                    work()
            except BaseException as error:
                with self._turn:
                    self.error = self.error or error
            finally:
                del work  # an idle thread must not hold the bytes of its last job
                with self._turn:
                    self._waiting -= cost
                    self._active[folder] -= 1
                    if not self._active[folder]:
                        del self._active[folder]
                    self._less.notify_all()
