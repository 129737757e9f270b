"""Asking a file system that may hang: in a child that can be left behind.

Who waits for a dead disk in a system call cannot be ended, and a thread of it would keep its whole
process from ending. (``python -m modelarts_nb.disk.probe '{"path": ..., ...}'`` is that child; it
prints one JSON object for each thing that it has found out.)
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modelarts_nb.disk.latency import measure_latency
from modelarts_nb.disk.space import space_at
from modelarts_nb.errors import ModelArtsNbError

# A file system that needs longer than this is told to hang. Seconds.
PATIENCE = 5.0
_SAMPLES = 3
_NAMES = 200


class Probe:
    """One file system that is being asked; several can be asked at a time.

    Args:
        path: a folder of it.
        write: also time a small write: makes a file and removes it.
        names: also list the folders that are there.
    """

    def __init__(self, path: Path, *, write: bool = False, names: bool = False) -> None:
        asked = json.dumps({"path": str(path), "write": write, "names": names})
        isolated = ["-I"] if sys.flags.isolated else []
        self._until = time.monotonic() + PATIENCE
        # "/" as folder: `-m` puts it in front of sys.path, and a user's may hold a json.py.
        self._child = subprocess.Popen(
            [sys.executable, *isolated, "-m", "modelarts_nb.disk.probe", asked],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )

    def answer(self) -> tuple[dict[str, Any], bool]:
        """What was found out within ``PATIENCE`` seconds since it was asked, and whether that is
        all: ``total`` and ``free`` in bytes, ``stat_ms`` and ``write_ms``, ``names``. What the file
        system refused is missing, and ``failure`` says why."""
        hangs = False
        try:
            said, _ = self._child.communicate(timeout=max(self._until - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired as expired:
            hangs, said = True, expired.stdout or b""
            self._leave()
        found: dict[str, Any] = {}
        for line in said.splitlines():
            try:
                found.update(json.loads(line))
            except ValueError:
                continue  # it was ended in the middle of a line
        return found, not hangs

    def _leave(self) -> None:
        self._child.kill()
        if self._child.stdout:
            self._child.stdout.close()
        # It ends when its disk lets it; nobody waits for that.
        threading.Thread(target=self._child.wait, name="reap", daemon=True).start()


def ask(path: Path, *, write: bool = False, names: bool = False) -> tuple[dict[str, Any], bool]:
    """Ask one file system; see ``Probe``."""
    return Probe(path, write=write, names=names).answer()


def main(argv: Sequence[str]) -> int:
    """The child."""
    asked = json.loads(argv[0])
    path = Path(asked["path"])
    work = [_space, _look_up, *([_write] if asked["write"] else [])]
    for one in [*work, *([_folders] if asked["names"] else [])]:
        try:
            found = one(path)
        except ModelArtsNbError as error:
            found = {"failure": error.message}
        except OSError as error:
            found = {"failure": error.strerror or type(error).__name__}
        print(json.dumps(found), flush=True)
    return 0


def _space(path: Path) -> dict[str, Any]:
    space = space_at(path)
    return {"total": space.total, "free": space.free}


def _look_up(path: Path) -> dict[str, Any]:
    return {"stat_ms": measure_latency(path)}


def _write(path: Path) -> dict[str, Any]:
    """Milliseconds to make, write, sync and remove a file of a few bytes: the median."""
    times = []
    for sample in range(_SAMPLES):
        file = path / f".modelarts_nb-{os.getpid()}-{time.monotonic_ns()}-{sample}"
        started = time.perf_counter()
        try:
            with file.open("xb") as out:
                out.write(b"modelarts_nb\n")
                out.flush()
                os.fsync(out.fileno())
            times.append(time.perf_counter() - started)
        finally:
            file.unlink(missing_ok=True)
    return {"write_ms": statistics.median(times) * 1000}


def _folders(path: Path) -> dict[str, Any]:
    with os.scandir(path) as entries:
        names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
    return {"names": sorted(name for name in names if not name.startswith("."))[:_NAMES]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
