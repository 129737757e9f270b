"""Giving an environment another name: its prefix changes, so it is copied."""

from __future__ import annotations

from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.announcing import announce, announce_sealed
from modelarts_nb.envs.cloning import copy_as
from modelarts_nb.envs.kernels import remove_kernel
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import on_disk, taken_names
from modelarts_nb.envs.removal import to_bin
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.history import move_history
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.unfinished import unfinished
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress


def rename(
    name: str, new: str, *, disk: Disk | None = None, progress: Progress = SILENT
) -> Environment:
    """Give the environment ``name`` the name ``new``.

    A prefix is written into many files, and changing them where they are could be cut off in the
    middle; so a copy is made true under the new name, and the old one goes to the bin. The images
    of a sealed one do not know its name: that takes one step, and its local copy stays.

    Raises:
        NotFound, NotAnEnvironment: there is no environment ``name`` on the disk.
        InvalidName, NameTaken: ``new`` cannot be used, also when it differs in case only.
        Busy: somebody is working on one of them.
        DiskFull, DiskFailure, AccessDenied, EngineFailed, Cancelled: it has its old name still.
    """
    disk = disk or open_disk()
    if sealed := find_sealed(name, disk):
        check_free(new, taken_names(disk))
        return _rename_sealed(sealed, new, disk, progress)
    prefix = on_disk(name, disk)
    check_free(new, taken_names(disk))
    kernel = Kernels(disk).of(prefix)[0] != "none"
    with unfinished(disk, new, kernel=kernel, former=prefix.name) as note:
        with lock(disk, prefix.name, progress=progress) as held:
            with lock(disk, new, progress=progress):
                final = copy_as(prefix, new, note=note, disk=disk, progress=progress)
                move_history(prefix.name, disk.sealed / new, held, disk)
            to_bin(prefix, held, disk, progress)
        return announce(final, kernel=kernel, note=note, disk=disk, progress=progress)


def _rename_sealed(name: str, new: str, disk: Disk, progress: Progress) -> Environment:
    kernel = Kernels(disk).of_name(name)[0] != "none"
    with unfinished(disk, new, kernel=kernel, former=name) as note:
        with lock(disk, name, progress=progress) as held, lock(disk, new, progress=progress):
            check_free(new, taken_names(disk))
            progress.phase("landing")
            land(held, disk.sealed / name, disk.sealed / new)
        try:
            slots.rename(disk, name, new)
            remove_kernel(name, disk)
        except ModelArtsNbError as error:
            note.failures.append(error.message)
            progress.log(f"something still has its former name: {error.message} {error.cause}")
        return announce_sealed(new, kernel=kernel, note=note, disk=disk, progress=progress)
