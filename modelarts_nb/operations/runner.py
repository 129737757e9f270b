"""Which process works on an operation, and whether it is still there."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from typing import Any

from modelarts_nb.disk.process import Process, process_of

# A process elsewhere (a home that two containers share) cannot be looked at: its journal, written
# every few seconds, speaks for it.
SILENCE = 120.0


@dataclass(frozen=True)
class Runner:
    """A process; ``detached`` when it has a session of its own, holding only the operation."""

    process: Process
    detached: bool

    def is_alive(self, heard: float) -> bool:
        """Is it there still? ``heard``: when its journal was last written (epoch seconds)."""
        fate = self.process.fate()
        return fate == "alive" or (fate == "unknown" and time.time() - heard < SILENCE)

    def can_be_killed(self) -> bool:
        """It is proven to be that process, in this container, and nobody's shell or kernel."""
        return self.detached and self.process.fate() == "alive"

    def to_dict(self) -> dict[str, Any]:
        """As it is recorded."""
        return asdict(self)

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Runner:
        """The recorded one.

        Raises:
            KeyError, AttributeError: it is no record of ours.
        """
        return Runner(Process.from_dict(value["process"]), value["detached"] is True)


def runner_of(pid: int | None = None, *, detached: bool) -> Runner:
    """The runner that has ``pid`` (None: this process) now."""
    return Runner(process_of(os.getpid() if pid is None else pid), detached)
