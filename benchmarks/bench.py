"""What all works need: the programs, a home, disks, reference environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import reference, tools
from benchmarks.measure import Contestant, Run, Skip, run_command
from benchmarks.reference import Reference
from benchmarks.slowdisk import SlowDisk

_MEMORY = Path("/dev/shm")
_BUILD = {"small": reference.small, "big": reference.big, "big-conda": reference.big_conda}


@dataclass(frozen=True)
class Bench:
    """Where a run happens: ``cache`` is kept; ``work``, ``memory``, a folder on a RAM disk, and
    ``local``, one of the local disk whose path is short, are emptied after every work and removed
    at the end; so is ``kept``, which is not emptied."""

    cache: Path
    work: Path
    memory: Path
    local: Path
    kept: Path
    copier: str
    slowfs: str
    built: dict[str, Reference] = field(default_factory=dict)

    def reference(self, name: str) -> Reference:
        """A reference environment, built at the first use."""
        if name not in self.built:
            self.built[name] = _BUILD[name](self.cache)
        return self.built[name]

    def slow(self, rtt_ms: float) -> SlowDisk:
        """The slow disk with this round trip.

        Its files are in memory, or the local disk would still write what the last run made.
        """
        return SlowDisk(self.slowfs, self.memory / "source", self.work / "slow", rtt_ms)

    def on_disk(self, what: Reference, rtt_ms: float) -> Path:
        """A copy of an environment on the slow disk, as a path below its root."""
        place = Path("envs", "user_conda", what.name)
        target = self.slow(rtt_ms).source / place
        self.need_memory(what.bytes)
        target.parent.mkdir(parents=True)
        run_command(["cp", "-a", what.prefix, target])
        return place

    def need_memory(self, size: float) -> None:
        """Ask for room on the RAM disk, in bytes, and a tenth more.

        Raises:
            Skip: there is not so much.
        """
        free = shutil.disk_usage(self.memory).free
        if free < size * 1.1:
            raise Skip(f"{_MEMORY} has {free / 1e9:.1f} GB free; {size * 1.1 / 1e9:.1f} needed")

    def settings(self, disk: Path) -> dict[str, str]:
        """Variables under which ``ma`` uses ``disk`` and an empty home."""
        home = self.work / "home"
        home.mkdir(exist_ok=True)
        return {
            "HOME": str(home),
            "MODELARTS_NB_DISK": str(disk),
            "MODELARTS_NB_OWNER": "bench",
            "MODELARTS_NB_RUN": str(self.local / "run"),
        }

    def ma(self, *arguments: str | Path, disk: Path) -> Run:
        """``ma ARGUMENTS`` on a disk, as a user starts it."""
        return run_command([tools.MA, *arguments], env=self.settings(disk))

    def forget(self) -> None:
        """The next run finds an empty home."""
        shutil.rmtree(self.work / "home", ignore_errors=True)

    def clean(self) -> None:
        """The next work finds nothing of this one."""
        for folder in (self.work, self.memory, self.local):
            for path in folder.iterdir():
                _remove(path)


@contextmanager
def opened(cache: Path) -> Iterator[Bench]:
    """A place to work in, removed at the end; first what a killed run left is."""
    stem = "modelarts_nb-bench"
    for folder in (cache, _MEMORY):
        for old in folder.glob(f"{stem}-*"):
            if not Path("/proc", old.name.split("-")[2]).exists():
                if os.path.ismount(old / "slow"):
                    subprocess.run(["fusermount3", "-uz", str(old / "slow")], check=False)
                shutil.rmtree(old)
    programs = tools.copier(cache), tools.slowfs(cache)
    prefix = f"{stem}-{os.getpid()}-"
    with (
        tempfile.TemporaryDirectory(prefix=prefix, dir=cache) as work,
        tempfile.TemporaryDirectory(prefix=prefix, dir=cache) as kept,
        tempfile.TemporaryDirectory(prefix=prefix, dir=_MEMORY) as memory,
        # The run root of sealed environments must have a short path.
        tempfile.TemporaryDirectory(prefix="ma-") as local,
    ):
        yield Bench(cache, Path(work), Path(memory), Path(local), Path(kept), *programs)


def on_slow(bench: Bench, rtt_ms: float, act: Callable[[Path], Run]) -> Contestant:
    """A contestant on the slow disk: mounted anew, measured, and what it made removed."""

    def contestant() -> Run:
        disk = bench.slow(rtt_ms)
        disk.source.mkdir(parents=True, exist_ok=True)
        kept = set(disk.source.iterdir())
        with disk.mounted() as path:
            run = act(path)
        for made in set(disk.source.iterdir()) - kept:
            _remove(made)
        bench.forget()
        return replace(run, requests=disk.requests)

    return contestant


def on_local(
    bench: Bench, act: Callable[[Path], Run], *, root: Path | None = None, keep: bool = False
) -> Contestant:
    """A contestant in an empty folder of the local disk (or below ``root``), which is removed
    after the run.

    Args:
        keep: what it makes stays until all works are done. (ext4 without a journal gives the inode
            of what was removed away only minutes later, and until then looks at all of these for
            every folder that somebody makes: up to a millisecond a folder.)
    """

    def contestant() -> Run:
        place = bench.kept if keep else root or bench.work
        folder = Path(tempfile.mkdtemp(prefix="local-", dir=place))
        try:
            return act(folder)
        finally:
            if not keep:
                shutil.rmtree(folder)
            bench.forget()

    return contestant


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
