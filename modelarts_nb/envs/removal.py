"""Removing an environment: into the bin by one rename."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import Lock, lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.bin import (
    NOTE,
    bin_empty,
    bin_list,
    bin_restore,
    entry_name,
    purge,
    removed_entry,
)
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.kernels import remove_kernel
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Removed
from modelarts_nb.envs.prefixes import disk_prefixes
from modelarts_nb.envs.unfinished import unfinished
from modelarts_nb.errors import DiskFailure, ModelArtsNbError, NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

__all__ = ["bin_empty", "bin_list", "bin_restore", "purge", "remove", "to_bin"]


def remove(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Removed:
    """Move the environment ``name`` into the bin; its kernel goes, conda forgets it.

    Raises:
        NotFound: there is no folder of this name in the envs dir.
        Busy: somebody is working on it.
        DiskFailure, AccessDenied: the disk refused; it is still there.
    """
    disk = disk or open_disk()
    prefix = _folder(name, disk)
    with lock(disk, prefix.name, progress=progress) as held:
        progress.phase("removing")
        return to_bin(prefix, held, disk, progress)


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
        note = {"owner": disk.owner, "prefix": str(prefix), "kernel": kernel}
        try:
            (prefix / NOTE).parent.mkdir(exist_ok=True)
        except OSError as error:
            raise from_os_error(error, f"removing {prefix.name}", prefix) from error
        replace_file(prefix / NOTE, json.dumps(note).encode())
    entry = entry_name(prefix.name)
    with unfinished(disk, prefix.name, kernel=kernel) as left:
        land(held, prefix, disk.bin / entry)
        # It is gone: a home that refuses is logged and not an error, as when one is made.
        try:
            remove_kernel(prefix.name, disk)
            tell_conda(disk)
        except ModelArtsNbError as error:
            left.failures.append(error.message)
            progress.log(
                f"its kernel, or its line for conda, is left: {error.message} {error.cause}"
            )
    progress.log(f"{prefix.name} is in the bin as {entry}")
    return removed_entry(entry, disk)


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
