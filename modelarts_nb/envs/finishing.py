"""Doing what killed processes left to be done (``unfinished``, ``swaps``)."""

from __future__ import annotations

import contextlib
import os

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.bin import delete_entry
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.kernels import (
    register_if_possible,
    register_sealed_if_possible,
    remove_kernel,
)
from modelarts_nb.envs.prefixes import is_environment
from modelarts_nb.envs.removal import to_bin
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.history import move_history
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.swaps import finish_swaps
from modelarts_nb.envs.unfinished import Note, notes
from modelarts_nb.errors import Busy, NotFound
from modelarts_nb.progress import SILENT, Progress


def finish(disk: Disk, progress: Progress = SILENT) -> list[str]:
    """Finish what killed processes of this owner began; the names of these environments.

    Waits, where it cannot be known otherwise, until a holder elsewhere is proven dead.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk or the home refused.
        Cancelled: the user's wish.
    """
    done = finish_swaps(disk)
    for note in notes(disk):
        if note.process.pid != os.getpid() and note.process.fate() == "alive":
            continue
        # Whoever is still at it holds the lock.
        with contextlib.suppress(Busy):
            _finish(note, disk, progress)
            done.append(note.name)
    return done


def _finish(note: Note, disk: Disk, progress: Progress) -> None:
    prefix = disk.envs / note.name
    with lock(disk, note.name, progress=progress):
        if note.is_at(prefix):
            if note.former and is_environment(disk.envs / note.former):
                with (
                    lock(disk, note.former, progress=progress) as held,
                    contextlib.suppress(NotFound),
                ):
                    move_history(note.former, disk.sealed / note.name, held, disk)
                    to_bin(disk.envs / note.former, held, disk, progress)
            if note.entry:
                delete_entry(note.entry, disk, progress)
            if note.kernel:
                register_if_possible(prefix, disk=disk, progress=progress)
        elif find_sealed(note.name, disk):
            if note.former and not find_sealed(note.former, disk):
                slots.rename(disk, note.former, note.name)
                remove_kernel(note.former, disk)
            if note.kernel:
                register_sealed_if_possible(note.name, disk=disk, progress=progress)
        elif not prefix.exists():
            remove_kernel(note.name, disk)
        tell_conda(disk)
        note.unmark(prefix)
    with contextlib.suppress(OSError):
        note.file(disk).unlink()
    progress.log(f"finished what was left of {note.name}")
