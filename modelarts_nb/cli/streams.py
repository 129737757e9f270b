"""Progress as lines: for pipes and logs (plain), and for the magic (ndjson)."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from typing import Any

from modelarts_nb import wire

_EVERY_SECONDS = {"ndjson": 0.2, "plain": 5.0}


class _Counting(ABC):
    """Counts what is done and decides when it is time for another line."""

    style = "plain"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin("", None, None)

    def _begin(self, name: str, files: int | None, size: int | None) -> None:
        self._name, self._files, self._bytes = name, 0, 0
        self._total_files, self._total_bytes = files, size
        self._started = self._last = time.monotonic()

    def phase(self, name: str, *, files: int | None = None, bytes: int | None = None) -> None:
        with self._lock:
            self._begin(name, files, bytes)
            self._report()

    def advance(self, *, files: int = 0, bytes: int = 0) -> None:
        with self._lock:
            self._files += files
            self._bytes += bytes
            now = time.monotonic()
            if now - self._last >= _EVERY_SECONDS[self.style]:
                self._last = now
                self._report()

    def check(self) -> None:  # noqa: B027 - a terminal cancels by a signal
        pass

    @abstractmethod
    def _report(self) -> None:
        """Write the next line."""

    def _numbers(self) -> dict[str, Any]:
        elapsed = max(time.monotonic() - self._started, 1e-6)
        rate = {"files": self._files / elapsed, "bytes": self._bytes / elapsed}
        left = None
        if self._total_bytes and rate["bytes"] and elapsed > 0.5:
            left = max(self._total_bytes - self._bytes, 0) / rate["bytes"]
        elif self._total_files and rate["files"] and elapsed > 0.5:
            left = max(self._total_files - self._files, 0) / rate["files"]
        return {
            "phase": self._name,
            "done": {"files": self._files, "bytes": self._bytes},
            "total": {"files": self._total_files, "bytes": self._total_bytes},
            "rate": rate,
            "seconds_left": left,
        }


class NdjsonProgress(_Counting):
    """One JSON object a line on stdout."""

    style = "ndjson"

    def log(self, message: str) -> None:
        with self._lock:
            self._write({"type": "log", "message": message})

    def _report(self) -> None:
        self._write({"type": "progress", **self._numbers()})

    @staticmethod
    def _write(value: dict[str, Any]) -> None:
        sys.stdout.write(wire.dumps(value) + "\n")
        sys.stdout.flush()


class PlainProgress(_Counting):
    """A line a phase, and one every few seconds, on stderr."""

    style = "plain"

    def log(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    def _report(self) -> None:
        from modelarts_nb.disk.space import human_bytes

        line = f"{self._name} ..."
        if self._files or self._bytes:
            of = f" of {self._total_files:,}" if self._total_files else ""
            total = f" of {human_bytes(self._total_bytes)}" if self._total_bytes else ""
            line = f"{self._name}: {self._files:,}{of} files, {human_bytes(self._bytes)}{total}"
            left = self._numbers()["seconds_left"]
            if left is not None:
                line += f", {left:.0f} s left"
        print(line, file=sys.stderr, flush=True)
