"""What all works need: the programs, a home, disks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import Contestant, Run, run_command
from benchmarks.slowdisk import SlowDisk
from benchmarks.tools import MA

MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Bench:
    """Where a run happens: ``cache`` is kept; ``work`` and ``memory``, a folder on a RAM disk, are
    removed at the end."""

    cache: Path
    work: Path
    memory: Path
    copier: str
    slowfs: str

    def slow(self, rtt_ms: float) -> SlowDisk:
        """The slow disk with this round trip.

        Its files are in memory, or the local disk would still write what the last run made.
        """
        return SlowDisk(self.slowfs, self.memory / "source", self.work / "slow", rtt_ms)

    def settings(self, disk: Path) -> dict[str, str]:
        """Variables under which ``ma`` uses ``disk`` and an empty home."""
        home = self.work / "home"
        home.mkdir(exist_ok=True)
        return {
            "HOME": str(home),
            "MODELARTS_NB_DISK": str(disk),
            "MODELARTS_NB_OWNER": "bench",
        }

    def ma(self, *arguments: str | Path, disk: Path) -> Run:
        """``ma ARGUMENTS`` on a disk, as a user starts it."""
        return run_command([MA, *arguments], env=self.settings(disk))

    def forget(self) -> None:
        """The next run finds an empty home."""
        shutil.rmtree(self.work / "home", ignore_errors=True)


def on_slow(
    bench: Bench,
    rtt_ms: float,
    act: Callable[[Path], Run],
    *,
    keep: Sequence[str] = (),
) -> Contestant:
    """A contestant on the slow disk: mounted anew, measured, and emptied except for ``keep``."""

    def contestant() -> Run:
        disk = bench.slow(rtt_ms)
        with disk.mounted() as path:
            run = act(path)
        for made in disk.source.iterdir():
            if made.name not in keep:
                shutil.rmtree(made) if made.is_dir() else made.unlink()
        bench.forget()
        return replace(run, requests=disk.requests)

    return contestant


def on_local(bench: Bench, act: Callable[[Path], Run], *, root: Path | None = None) -> Contestant:
    """A contestant in an empty folder of the local disk (or below ``root``)."""

    def contestant() -> Run:
        folder = (root or bench.work) / "modelarts_nb-bench"
        folder.mkdir()
        os.sync()  # what the last run made
        try:
            return act(folder)
        finally:
            shutil.rmtree(folder)
            bench.forget()

    return contestant
