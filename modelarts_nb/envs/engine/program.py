"""Running other people's programs: their output line by line, and an end when we are cancelled."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.errors import EngineFailed
from modelarts_nb.progress import SILENT, Progress

_PATIENCE = 0.2
_TAIL = 40

# Ties the life of the program to ours (PR_SET_PDEATHSIG is 1): a kill -9 of the operation must
# not leave a pip behind that writes into a staging folder which somebody sweeps.
_LAUNCH = """
import ctypes, os, sys
try:
    ctypes.CDLL(None).prctl(1, 9)
except (AttributeError, OSError):
    pass
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended; ``tail`` are the last lines it said."""

    code: int
    tail: tuple[str, ...]


def run_program(
    command: Sequence[str],
    *,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
    given: str = "",
    heard: Callable[[str], None] | None = None,
    merge: bool = True,
    progress: Progress = SILENT,
) -> Ended:
    """Run a program to its end, in a process group of its own.

    Args:
        command: program and arguments.
        environment: all its variables; None: ours.
        folder: where it runs.
        given: its standard input.
        heard: gets each line of its standard output, in this thread.
        merge: its standard error counts as output; else it only appears in ``tail``.
        progress: asked several times a second whether to stop; then the whole group is killed.

    Raises:
        EngineFailed: it cannot be started.
        Cancelled: the user stopped it; it is dead.
    """
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), *command]
    try:
        process = subprocess.Popen(
            launch,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            env=environment,
            cwd=folder,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise EngineFailed(
            f"{Path(command[0]).name} cannot be started.", cause=str(error)
        ) from error
    tail: deque[str] = deque(maxlen=_TAIL)
    lines: queue.Queue[str | None] = queue.Queue()
    threads = [threading.Thread(target=_feed, args=(process, given), daemon=True)]
    threads.append(threading.Thread(target=_read, args=(process, lines), daemon=True))
    if not merge:
        threads.append(threading.Thread(target=_keep, args=(process, tail), daemon=True))
    for thread in threads:
        thread.start()
    try:
        while (line := _next(lines, progress)) is not None:
            if merge:
                tail.append(line)
            if heard:
                heard(line)
        code = _wait(process, progress)
    finally:
        _end(process)
        for thread in threads:
            thread.join(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
    return Ended(code, tuple(tail))


def _next(lines: queue.Queue[str | None], progress: Progress) -> str | None:
    while True:
        progress.check()
        try:
            return lines.get(timeout=_PATIENCE)
        except queue.Empty:
            continue


def _wait(process: subprocess.Popen[str], progress: Progress) -> int:
    while True:
        progress.check()
        try:
            return process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            continue


def _end(process: subprocess.Popen[str]) -> None:
    """Kill whatever is left of the group, also what the program itself left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _feed(process: subprocess.Popen[str], given: str) -> None:
    assert process.stdin
    # It may end without reading.
    with contextlib.suppress(OSError, ValueError):
        process.stdin.write(given)
        process.stdin.close()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout
    with contextlib.suppress(OSError, ValueError):
        for line in process.stdout:
            lines.put(line.rstrip("\r\n"))
    lines.put(None)


def _keep(process: subprocess.Popen[str], tail: deque[str]) -> None:
    assert process.stderr
    with contextlib.suppress(OSError, ValueError):
        for line in process.stderr:
            tail.append(line.rstrip("\r\n"))
