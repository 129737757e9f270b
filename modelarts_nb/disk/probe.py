"""Asking file systems that may hang: in a child that can be left behind.

Who waits for a dead disk in a system call cannot be ended, and a thread of it would keep its whole
process from ending. (``python -m modelarts_nb.disk.probe '[{"path": ...}, ...]'`` is that child: a
thread for each, and a line of JSON for each thing that one has found out.)
"""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modelarts_nb.disk.latency import measure_latency
from modelarts_nb.disk.space import space_at
from modelarts_nb.errors import ModelArtsNbError

# Seconds: a file system that needs longer is told to hang; so long the child may take to start,
# whose own files may be on a slow disk.
PATIENCE = 5.0
_START = 30.0
_SAMPLES = 3
_NAMES = 200


@dataclass(frozen=True)
class Asked:
    """A folder of the file system. ``write``: also time a small write, of a file that is removed
    again; ``names``: also list the folders that are there."""

    path: str
    write: bool = False
    names: bool = False


@dataclass
class Answer:
    """What was found out: ``total`` and ``free`` in bytes, ``stat_ms``, ``write_ms``, ``names``.
    What the file system refused is missing, and ``failure`` says why. ``whole`` is False where it
    did not answer in time."""

    found: dict[str, Any] = field(default_factory=dict)
    whole: bool = False


def ask(asked: Asked) -> Answer:
    """Ask one file system."""
    return ask_all([asked])[0]


def ask_all(asked: Sequence[Asked]) -> list[Answer]:
    """Ask several at a time: one that hangs costs the others nothing but ``PATIENCE`` seconds."""
    answers = [Answer() for _ in asked]
    if not asked:
        return answers
    isolated = ["-I"] if sys.flags.isolated else []
    # "/" as folder: `-m` puts it in front of sys.path, and a user's may hold a json.py.
    child = subprocess.Popen(
        [
            *(sys.executable, *isolated, "-m", "modelarts_nb.disk.probe"),
            json.dumps([asdict(one) for one in asked]),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    assert child.stdout is not None
    try:
        said, ended = _hear(child.stdout.fileno())
    finally:
        child.stdout.close()
        child.kill()
        # It ends when its disks let it; nobody waits for that.
        threading.Thread(target=child.wait, name="reap", daemon=True).start()
    for line in said.splitlines():
        try:
            number, found = json.loads(line)
        except ValueError:
            continue  # it was ended in the middle of a line
        answers[number].whole = found is None
        answers[number].found |= found or {}
    for answer in answers if ended else ():
        if not answer.whole:
            # Nothing hangs: the child itself failed, as where its own disk is gone.
            answer.whole, answer.found["failure"] = True, "it could not be asked"
    return answers


def _hear(pipe: int) -> tuple[bytes, bool]:
    """What the child says until it ends or its time is over, which counts from its first word; and
    whether it has ended."""
    said = b""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    until = time.monotonic() + _START
    while (left := until - time.monotonic()) > 0 and poll.poll(left * 1000):
        chunk = os.read(pipe, 65536)
        if not chunk:
            return said, True
        if not said:
            until = time.monotonic() + PATIENCE
        said += chunk
    return said, False


def main(argv: Sequence[str]) -> int:
    """The child."""
    asked = [Asked(**one) for one in json.loads(argv[0])]
    print(flush=True)
    threads = [threading.Thread(target=_look, args=each) for each in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


def _look(number: int, asked: Asked) -> None:
    path = Path(asked.path)
    work = [_space, _look_up, *([_write] if asked.write else [])]
    for one in [*work, *([_folders] if asked.names else [])]:
        try:
            found = one(path)
        except ModelArtsNbError as error:
            found = {"failure": error.message}
        except OSError as error:
            found = {"failure": error.strerror or type(error).__name__}
        _say(number, found)
    _say(number, None)


def _say(number: int, found: dict[str, Any] | None) -> None:
    # One write for a whole line: those of several threads do not mix.
    os.write(1, f"{json.dumps([number, found])}\n".encode())


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
