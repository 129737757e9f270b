"""Taking back the last change of an open environment: its former state is in the bin."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.announcing import announce
from modelarts_nb.envs.bin import NOTE, bin_list, entry_name, note_removal, read_note
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import on_disk
from modelarts_nb.envs.sealed.versions import numbers
from modelarts_nb.envs.state import read_state
from modelarts_nb.envs.swaps import bring_back, finish_swaps
from modelarts_nb.errors import NotFound
from modelarts_nb.progress import SILENT, Progress


def undo_change(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Environment:
    """Exchange the open environment ``name`` with what it was before its last change.

    What it is now goes to the bin, so the next undo brings it back.

    Raises:
        NotFound: there is no such environment on the disk, or the bin has no former state of it.
        NotAnEnvironment: the folder is no environment.
        Busy, DiskFull, DiskFailure, AccessDenied: it is as it was.
    """
    disk = disk or open_disk()
    finish_swaps(disk)
    prefix = on_disk(name, disk)
    with lock(disk, prefix.name, progress=progress) as held:
        former = _former(prefix, disk)
        progress.phase("landing")
        note_removal(prefix, disk)
        first, second = entry_name(prefix.name), entry_name(prefix.name)
        entry = bring_back(disk, held, former, prefix, disk.bin / first, disk.bin / second)
        with contextlib.suppress(OSError):
            os.unlink(prefix / NOTE)
    progress.log(f"{prefix.name} is as before its last change; as it was until now: {entry.name}")
    return announce(prefix, kernel=False, disk=disk, progress=progress)


def _former(prefix: Path, disk: Disk) -> Path:
    """The latest former state of the environment at ``prefix`` that is true there."""
    state = read_state(prefix)
    for removed in bin_list(disk=disk):
        folder = disk.bin / removed.entry
        if removed.name != prefix.name or read_note(folder).get("prefix") != str(prefix):
            continue
        before = read_state(folder)
        # Another one that had the name earlier is no former state of this one.
        if state and before and state.created == before.created:
            return folder
    raise NotFound(
        f"There is nothing to undo: the bin has no former state of {prefix.name!r}.",
        hint=f"It was opened, and `ma env seal {prefix.name}` seals it again."
        if numbers(disk, prefix.name)
        else "`ma bin list` shows all that it holds.",
    )
