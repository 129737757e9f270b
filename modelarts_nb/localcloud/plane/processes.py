"""Ending every process of a notebook.

A process is the notebook's when the notebook's marker is in its environment, when it descends from
one that is, or when it belongs to a session whose leader is. It is signalled through a pidfd, after
a second look: process ids are given out again. One that is just becoming another program has no
environment for a moment, and is looked at again.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path

from modelarts_nb.localcloud.plane.errors import PlaneError
from modelarts_nb.localcloud.plane.identity import MARKER_VARIABLE

_PATIENCE = 10.0  # seconds for the kernel to end what was killed
# Seconds that a process may take to become another program, and between two looks at it; so many
# are taken at one that has arguments, which a program without any environment has too.
_BECOMING, _BLINK, _LOOKS = 0.25, 0.0005, 5


def processes_of(marker: str, variable: str = MARKER_VARIABLE) -> set[int]:
    """Ids of the living processes of a notebook; never this process or one it descends from."""
    table = _table()
    marked = _marked(set(table), f"{variable}={marker}".encode())
    found = set(marked)
    grown = True
    while grown:
        more = {
            pid
            for pid, (parent, session) in table.items()
            if pid not in found and (parent in found or (session in marked))
        }
        grown = bool(more)
        found |= more
    return found - _ourselves(table)


def end_processes(marker: str, *, grace: float, variable: str = MARKER_VARIABLE) -> None:
    """End every process of a notebook: SIGTERM, ``grace`` seconds, SIGKILL.

    ``variable`` is the one in their environment that holds the marker.

    Raises:
        PlaneError: something cannot be killed (it waits for a dead disk).
    """
    if grace > 0 and (first := _signal(marker, variable, signal.SIGTERM)):
        _wait(first, grace)
    deadline = time.monotonic() + _PATIENCE
    while living := _signal(marker, variable, signal.SIGKILL):
        _wait(living, 0.2)
        if time.monotonic() > deadline:
            raise PlaneError("A process of the notebook cannot be ended.")


def _signal(marker: str, variable: str, number: signal.Signals) -> list[int]:
    """Signal all; return pidfds of those that were signalled."""
    handles = {}
    for pid in processes_of(marker, variable):
        with contextlib.suppress(OSError):
            handles[pid] = os.pidfd_open(pid)
    if not handles:
        return []
    # One may have ended and its number gone to somebody else.
    still = processes_of(marker, variable)
    for pid in handles.keys() - still:
        os.close(handles.pop(pid))
    for handle in handles.values():
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(handle, number)
    return list(handles.values())


def _wait(handles: list[int], seconds: float) -> None:
    """Until all have ended, or the time is over. Closes the handles."""
    deadline = time.monotonic() + seconds
    poll = select.poll()
    left = set(handles)
    for handle in handles:
        poll.register(handle, select.POLLIN)
    try:
        while left and (rest := deadline - time.monotonic()) > 0:
            for handle, _ in poll.poll(rest * 1000):
                poll.unregister(handle)
                left.discard(handle)
    finally:
        for handle in handles:
            os.close(handle)


def _table() -> dict[int, tuple[int, int]]:
    """Process id to parent and session, of all that are alive."""
    table = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and (found := _parent_and_session(int(entry))):
            table[int(entry)] = found
    return table


def _parent_and_session(pid: int) -> tuple[int, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    # The command's name is in parentheses and may hold spaces and parentheses itself.
    state, parent, _, session = text.rpartition(")")[2].split()[:4]
    return None if state in "ZX" else (int(parent), int(session))


def _marked(pids: set[int], mark: bytes) -> set[int]:
    """Those that carry the mark in their environment."""
    found: set[int] = set()
    deadline = time.monotonic() + _BECOMING
    looks = 0
    while pids and (looks < _LOOKS or time.monotonic() < deadline):
        time.sleep(_BLINK if looks else 0)
        looks += 1
        environments = {pid: _read(pid, "environ") for pid in pids}
        found |= {pid for pid, has in environments.items() if has and mark in has.split(b"\0")}
        # The file shows the program that ran when it was opened: nothing, where that has just gone.
        empty = {pid for pid, has in environments.items() if has == b""}
        pids = {pid for pid in empty if looks < _LOOKS or _read(pid, "cmdline") == b""}
    return found


def _read(pid: int, name: str) -> bytes | None:
    """None: it has ended, has no such thing or is not ours."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return None


def _ourselves(table: dict[int, tuple[int, int]]) -> set[int]:
    ours = set()
    pid = os.getpid()
    while pid and pid not in ours:
        ours.add(pid)
        pid = table.get(pid, (0, 0))[0]
    return ours
