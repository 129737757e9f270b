"""Removing an environment: into the bin by one rename."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import Lock, lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.bin import (
    bin_empty,
    bin_list,
    bin_restore,
    entry_name,
    history_of,
    note_removal,
    purge,
    removed_entry,
)
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.kernels import remove_kernel
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Removed
from modelarts_nb.envs.prefixes import disk_prefixes
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.binned import write_note
from modelarts_nb.envs.sealed.history import move_history
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.unsaved import seems_unsaved
from modelarts_nb.envs.unfinished import Note, unfinished
from modelarts_nb.errors import DiskFailure, ModelArtsNbError, NotFound
from modelarts_nb.progress import SILENT, Progress

__all__ = ["bin_empty", "bin_list", "bin_restore", "purge", "remove", "to_bin"]


def remove(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Removed:
    """Move the environment ``name`` into the bin; its kernel goes, conda forgets it.

    The versions go with it, their images when the bin is emptied and nobody else has them
    (``gc``). What was not saved of a sealed one is saved first.

    Raises:
        NotFound: there is no environment of this name on the disk.
        Busy: somebody is working on it.
        DiskFull, DiskFailure, AccessDenied: the disk refused; it is still there.
    """
    disk = disk or open_disk()
    if sealed := find_sealed(name, disk):
        return _remove_sealed(sealed, disk, progress)
    prefix = _folder(name, disk)
    with lock(disk, prefix.name, progress=progress) as held:
        progress.phase("removing")
        removed = to_bin(prefix, held, disk, progress)
        move_history(prefix.name, history_of(disk.bin / removed.entry), held, disk)
        return removed


def _remove_sealed(name: str, disk: Disk, progress: Progress) -> Removed:
    if (slot := slots.current(disk, name)) and seems_unsaved(slot):
        from modelarts_nb.envs.sealed.saving import save

        save(name, why="unsaved, before it was removed", disk=disk, progress=progress)
    kernel = Kernels(disk).of_name(name)[0] != "none"
    folder, entry = disk.sealed / name, entry_name(name)
    with lock(disk, name, progress=progress) as held:
        progress.phase("removing")
        if find_sealed(name, disk) is None:
            raise NotFound(f"{name!r} was removed just now.", hint="`ma bin list` shows it.")
        with _while_it_is_there(folder):
            write_note(folder, disk, kernel=kernel)
            with unfinished(disk, name, kernel=kernel) as left:
                land(held, folder, disk.bin / entry)
                _let_it_be_forgotten(name, left, disk, progress)
    progress.log(f"{name} is in the bin as {entry}")
    return removed_entry(entry, disk)


def to_bin(prefix: Path, held: Lock, disk: Disk, progress: Progress = SILENT) -> Removed:
    """``remove`` for who holds the lock already.

    Raises:
        NotFound, Busy, DiskFailure, AccessDenied: as ``remove``.
    """
    if not prefix.is_dir():
        raise NotFound(f"{prefix.name!r} was removed just now.", hint="`ma bin list` shows it.")
    with _while_it_is_there(prefix):
        return _to_bin(prefix, held, disk, progress)


def _to_bin(prefix: Path, held: Lock, disk: Disk, progress: Progress) -> Removed:
    kernel = Kernels(disk).of(prefix)[0] != "none"
    if (prefix / "conda-meta").is_dir():
        note_removal(prefix, disk)
    entry = entry_name(prefix.name)
    with unfinished(disk, prefix.name, kernel=kernel) as left:
        land(held, prefix, disk.bin / entry)
        _let_it_be_forgotten(prefix.name, left, disk, progress)
    progress.log(f"{prefix.name} is in the bin as {entry}")
    return removed_entry(entry, disk)


def _let_it_be_forgotten(name: str, left: Note, disk: Disk, progress: Progress) -> None:
    """It is gone: a home that refuses is logged and not an error, as when one is made."""
    try:
        slots.choose_none(disk, name)
        remove_kernel(name, disk)
        tell_conda(disk)
    except ModelArtsNbError as error:
        left.failures.append(error.message)
        progress.log(f"its kernel, or its line for conda, is left: {error.message} {error.cause}")


@contextlib.contextmanager
def _while_it_is_there(prefix: Path) -> Iterator[None]:
    """Another notebook may have removed it while this one still believed to see it."""
    try:
        yield
    except DiskFailure as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NotFound(
                f"{prefix.name!r} was removed just now.", hint="`ma bin list` shows it."
            ) from error
        raise


def _folder(name: str, disk: Disk) -> Path:
    for prefix in disk_prefixes(disk):
        if name in (prefix.name, str(prefix)):
            return prefix
    raise NotFound(
        f"There is no environment called {name!r} on the persistent disk.",
        hint="Only environments on the disk can be removed; `ma env list` shows all there are.",
    )
