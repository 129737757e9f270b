"""How long the first import takes after a restart, with hot files and without.

``python -m benchmarks.hot`` prints a table: the big reference environment (torch) on a disk of
1 ms, mounted anew before every run so that nothing of it is cached, and started through the
launcher as a kernel is. ``--module pandas`` and ``--reference small`` measure something smaller.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import reference
from benchmarks.slowdisk import SlowDisk
from benchmarks.tools import say, slowfs
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.hot.placing import place
from modelarts_nb.envs.hot.warming import warm
from modelarts_nb.envs.kernels import launcher

_CACHE = os.environ.get("MODELARTS_NB_BENCH_CACHE") or Path.home() / ".cache/modelarts_nb-bench"
_ASKED = """
import importlib, sys, time
began = time.monotonic()
importlib.import_module(sys.argv[1])
print(time.monotonic() - began)
"""


@dataclass(frozen=True)
class Times:
    """Seconds: of the import in the kernel, and from the start of the kernel to its end."""

    imported: float
    whole: float


@dataclass
class World:
    """A slow disk with the environment ``big``, and a home."""

    disk: SlowDisk
    home: Path
    module: str

    @property
    def prefix(self) -> Path:
        return self.disk.path / "envs/user_conda/env"

    def start(self, prefix: Path, hot: str) -> Times:
        """Start a kernel that imports the module and ends."""
        variables = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "MODELARTS_NB_OWNER": "bench",
            "MODELARTS_NB_HOT": hot,
        }
        began = time.monotonic()
        command = ["/bin/sh", self.home / "launch.sh", prefix, "-m", "asked", self.module]
        done = subprocess.run(
            command, cwd=self.home, env=variables, check=True, capture_output=True, text=True
        )
        return Times(float(done.stdout), time.monotonic() - began)

    def forget(self) -> None:
        """As after a restart: no mirror."""
        shutil.rmtree(self.home / ".ma", ignore_errors=True)

    def warm(self) -> float:
        """Prepare hot files as the hook does; seconds."""
        began = time.monotonic()
        (done,) = warm("env", disk=Disk(self.disk.path, "bench", self.home))
        if done.state != "ready":
            raise SystemExit(f"hot files are {done.state}")
        return time.monotonic() - began


def measure(world: World, local: Path, runs: int) -> dict[str, list[Times]]:
    """Every way in turn, ``runs`` times."""
    with world.disk.mounted():
        world.start(world.prefix, "auto")  # notes what is used
    found: dict[str, list[Times]] = {}

    def run(what: str, start: Callable[[], Times]) -> None:
        times = start()
        found.setdefault(what, []).append(times)
        took = f"import {times.imported:.2f} s, kernel start to its end {times.whole:.2f} s"
        say(f"{what}: {took}, load {os.getloadavg()[0]:.0f}")

    for _ in range(runs):
        run("on the local disk", lambda: world.start(local, "off"))
        with world.disk.mounted():
            run("from the tree", lambda: world.start(world.prefix, "off"))
        world.forget()
        with world.disk.mounted():
            run("hot files, copied while it waits", lambda: world.start(world.prefix, "auto"))
        world.forget()
        with world.disk.mounted():
            took = world.warm()
            found.setdefault("`ma env warm` itself", []).append(Times(took, took))
        with world.disk.mounted():
            run("hot files, copied before", lambda: world.start(world.prefix, "auto"))
    return found


def table(found: dict[str, list[Times]]) -> str:
    """Medians, in Markdown."""
    rows = [
        "| | import, s | of local | kernel start to import done, s | all imports, s |",
        "|---|---|---|---|---|",
    ]
    local = _median(found["on the local disk"])
    for what, times in found.items():
        imported = _median(times)
        whole = statistics.median(one.whole for one in times)
        every = " ".join(f"{one.imported:.2f}" for one in times)
        rows.append(f"| {what} | {imported:.2f} | {imported / local:.2f} | {whole:.2f} | {every} |")
    return "\n".join(rows)


def _median(times: list[Times]) -> float:
    return statistics.median(one.imported for one in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", choices=("big", "small"), default="big")
    parser.add_argument("--cache", type=Path, default=Path(_CACHE), help="reference environments")
    parser.add_argument("--work", type=Path, help="where disk and home are (the cache folder)")
    parser.add_argument("--module", default="torch")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    made = getattr(reference, options.reference)(options.cache)
    work = options.work or options.cache
    # Beside the reference its files can be shared by hard links.
    copy = os.link if os.stat(work).st_dev == os.stat(options.cache).st_dev else shutil.copy2
    with tempfile.TemporaryDirectory(dir=work, prefix="hot-") as folder:
        top = Path(folder)
        disk = SlowDisk(slowfs(options.cache), top / "source", top / "slow", 1.0)
        home = top / "home"
        home.mkdir()
        (home / "launch.sh").write_text(launcher())
        (home / "asked.py").write_text(_ASKED)
        os.environ.update(HOME=str(home), MODELARTS_NB_HOT="auto")
        say("laying the environment out")
        local = disk.source / "envs/user_conda/env"
        shutil.copytree(made.prefix, local, symlinks=True, copy_function=copy)
        world = World(disk, home, options.module)
        place(Disk(disk.path, "bench", home))
        print(table(measure(world, local, options.runs)))


if __name__ == "__main__":
    sys.exit(main())
