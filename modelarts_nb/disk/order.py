"""In which order the files of a tree are copied.

File systems serialise what happens in one folder (measured: 1,024 creates by 32 threads take 2.57 s
in one folder, 0.14 s in 32), so the largest folder bounds the whole: it starts first, a few threads
keep it busy, and everything else overlaps with it.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable

from modelarts_nb.disk.scan import Entry

_BATCH = 8
_AT_ONCE = 6
_BYTES_LIKE_A_FILE = 1 << 20


class Order:
    """Hands out batches of files, threads spread over folders by what is left in each.

    The files of a folder are handed out from when it is opened.
    """

    def __init__(self, files: Iterable[Entry]) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, list[Entry]] = {}
        self._weight: dict[str, float] = {}
        self._busy: dict[str, int] = {}
        for entry in files:
            folder = entry.path.rpartition("/")[0]
            self._left.setdefault(folder, []).append(entry)
            self._weight[folder] = self._weight.get(folder, 0) + _weight(entry)
        for entries in self._left.values():
            entries.sort(key=lambda entry: entry.size)  # the biggest are taken from the end
        self._heap: list[tuple[float, str]] = []

    def open(self, folder: str) -> int:
        """The folder is there: its files may be taken. How many more batches there are now."""
        if folder not in self._left:
            return 0
        with self._lock:
            heapq.heappush(self._heap, (-self._weight[folder], folder))
        return -(-len(self._left[folder]) // _BATCH)

    def take(self) -> tuple[str, list[Entry]] | None:
        """The next open folder and some of its files; None when all are handed out."""
        with self._lock:
            held = []
            chosen = None
            while self._heap:
                item = heapq.heappop(self._heap)
                if self._busy.get(item[1], 0) < _AT_ONCE:
                    chosen = item[1]
                    break
                held.append(item)
            if chosen is None:
                if not held:
                    return None
                chosen = held.pop(0)[1]  # only crowded folders are left: crowd the heaviest more
            for item in held:
                heapq.heappush(self._heap, item)
            left = self._left[chosen]
            batch = [left.pop() for _ in range(min(_BATCH, len(left)))]
            self._weight[chosen] -= sum(map(_weight, batch))
            self._busy[chosen] = self._busy.get(chosen, 0) + 1
            if left:
                heapq.heappush(self._heap, (-self._weight[chosen], chosen))
            return chosen, batch

    def done(self, folder: str) -> None:
        """A batch of this folder is finished."""
        with self._lock:
            self._busy[folder] -= 1


def _weight(entry: Entry) -> float:
    return 1 + entry.size / _BYTES_LIKE_A_FILE
