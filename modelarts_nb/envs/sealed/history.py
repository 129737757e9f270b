"""The versions of an open environment go where its tree goes: alone they would be a sealed one."""

from __future__ import annotations

from pathlib import Path

from modelarts_nb.disk.landing import Beating, land
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.names import known_as
from modelarts_nb.envs.sealed.versions import numbers


def move_history(name: str, target: Path, held: Beating, disk: Disk) -> None:
    """Move the versions of ``name``, where it has some, to the folder ``target``.

    Args:
        name: of the environment.
        target: must not exist.
        held: the lock of its name.
        disk: the persistent disk.

    Raises:
        NameTaken, Busy, DiskFull, DiskFailure, AccessDenied: they are where they were.
    """
    name = known_as(name, disk)
    if numbers(disk, name):
        land(held, disk.sealed / name, target)
