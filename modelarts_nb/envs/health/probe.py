"""What a probe is: one question to an environment, and the mending of what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.prefixes import name_of
from modelarts_nb.envs.sealed.names import slot_at
from modelarts_nb.progress import SILENT, Progress


@dataclass(frozen=True)
class Patient:
    """The environment under examination. ``deep`` asks for every file to be read."""

    name: str
    prefix: Path
    disk: Disk
    deep: bool = False
    progress: Progress = SILENT

    @property
    def ours(self) -> bool:
        """Is it of the disk, open or sealed? What is elsewhere is never exchanged or registered."""
        return self.prefix.parent == self.disk.envs or self.sealed

    @property
    def sealed(self) -> bool:
        """Is it the local copy of a sealed environment?"""
        return slot_at(self.prefix, self.disk) is not None

    @property
    def called(self) -> str:
        """What it is called, also where it was named by a path."""
        return name_of(self.prefix, self.disk)


@dataclass(frozen=True)
class Probe:
    """``examine`` never changes anything; ``mend`` does what ``Finding.fix`` promised.

    ``locks``: the mending takes the lock of the environment itself.
    """

    name: str
    examine: Callable[[Patient], Finding]
    mend: Callable[[Patient], None] | None = None
    locks: bool = False
