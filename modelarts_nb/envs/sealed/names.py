"""Which sealed environment a name or a path means."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.versions import numbers, read_head, sealed_names
from modelarts_nb.errors import ArchiveInvalid, NotFilled, NotFound


def known_as(name: str, disk: Disk) -> str:
    """How the environment ``name`` with versions is spelled; ``name`` itself where there is none.

    Raises:
        DiskFailure: the folder of the sealed environments cannot be read.
    """
    known = sealed_names(disk)
    same = [other for other in known if other.lower() == name.lower()]
    return name if name in known or not same else same[0]


def find_sealed(name: str, disk: Disk) -> str | None:
    """The sealed environment that ``name`` means, also by the path of its copy here; None: it is
    open, or there is none.

    Raises:
        DiskFailure: the folder of the sealed environments cannot be read.
    """
    spelled = spelling(name, disk)
    return spelled if spelled and numbers(disk, spelled) else None


def spelling(name: str, disk: Disk) -> str | None:
    """How the sealed environment that ``name`` means is spelled, should there be one; None: there
    is none.

    Raises:
        DiskFailure: the folder of the sealed environments cannot be read.
    """
    if "/" in name:
        slot = slot_at(Path(os.path.abspath(Path(name).expanduser())), disk)
        if slot is None:
            return None
        name = slot.name
    if not name or name in (".", "..") or "\0" in name or name.startswith("~"):
        return None
    name = known_as(name, disk)
    return None if os.path.lexists(disk.envs / name) else name


def slot_at(path: Path, disk: Disk) -> slots.Slot | None:
    """The slot at ``path``, also where the run root is a link."""
    if path.parent == disk.run or path.parent == Path(os.path.realpath(disk.run)):
        return slots.read(disk.run / path.name)
    return None


def copy_of(name: str, disk: Disk) -> Path:
    """Where the sealed environment ``name`` is on the local disk.

    Raises:
        NotFilled: it is not; the hint says how to change that.
    """
    slot = slots.current(disk, name)
    if slot is None or not _is_of(slot, name, disk):
        raise NotFilled(
            f"{name!r} is sealed and has no copy on the local disk of this container.",
            hint=f"`ma env fill {name}` makes one; starting its kernel does, too.",
        )
    return slot.path


def _is_of(slot: slots.Slot, name: str, disk: Disk) -> bool:
    """Is it a copy of this environment, not of one that had the name before?"""
    try:
        return slots.of(slot, read_head(disk, name, slot.number))
    except NotFound:
        return False
    except ArchiveInvalid:
        return True
