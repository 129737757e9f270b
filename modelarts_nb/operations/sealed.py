"""Verbs of sealed environments with answers for journals and faces.

A ``Version`` names the prefix in thousands of files: no journal and no screen should hold that.
"""

from __future__ import annotations

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed import filling, saving, slots, versioning
from modelarts_nb.envs.sealed.answers import Listed
from modelarts_nb.envs.sealed.listing import listed
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress


def save(
    name: str, *, why: str = "", disk: Disk | None = None, progress: Progress = SILENT
) -> Listed:
    """``envs.save``, answered with the version's line in the list.

    Raises:
        ModelArtsNbError: as ``envs.save``.
    """
    disk = disk or open_disk()
    return listed(saving.save(name, why=why, disk=disk, progress=progress), disk)


def save_all(
    *, why: str = "", disk: Disk | None = None, progress: Progress = SILENT
) -> list[Listed]:
    """Save every environment whose local copy has work that is in no version yet.

    Returns:
        The versions that were written.

    Raises:
        ModelArtsNbError: one could not be saved; the others are tried first.
    """
    disk = disk or open_disk()
    saved, failed = list[Listed](), list[ModelArtsNbError]()
    for slot in slots.chosen(disk):
        if find_sealed(slot.name, disk) != slot.name:
            continue
        try:
            version = saving.save(slot.name, why=why, disk=disk, progress=progress)
        except Cancelled:
            raise
        except ModelArtsNbError as error:
            progress.log(f"{slot.name} was not saved: {error.message} {error.hint}")
            failed.append(error)
            continue
        if version.number != slot.number:
            saved.append(listed(version, disk))
    if failed:
        raise failed[0]
    return saved


def rollback(
    name: str,
    number: int | None = None,
    *,
    why: str = "",
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Listed:
    """``envs.rollback``, answered with the version's line in the list.

    Raises:
        ModelArtsNbError: as ``envs.rollback``.
    """
    disk = disk or open_disk()
    return listed(versioning.rollback(name, number, why=why, disk=disk, progress=progress), disk)


def undo(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Environment:
    """``envs.undo``, answered with the environment as it is then.

    Raises:
        ModelArtsNbError: as ``envs.undo``.
    """
    disk = disk or open_disk()
    versioning.undo(name, disk=disk, progress=progress)
    return show(name, disk=disk)


def fill(
    name: str,
    *,
    number: int | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """``envs.fill``, answered with the environment as it is then.

    Raises:
        ModelArtsNbError: as ``envs.fill``.
    """
    disk = disk or open_disk()
    filling.fill(name, number=number, disk=disk, progress=progress)
    return show(name, disk=disk)
