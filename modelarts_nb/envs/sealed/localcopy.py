"""The local copy that verbs work on, filled where there is none."""

from __future__ import annotations

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.names import copy_of
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.errors import NotFilled
from modelarts_nb.progress import SILENT, Progress


def local_copy(name: str, disk: Disk, progress: Progress = SILENT) -> Slot:
    """What kernels of the sealed environment ``name`` start from here, filled if need be.

    Raises:
        ModelArtsNbError: as ``fill``.
    """
    try:
        slot = slots.read(copy_of(name, disk))
        if slot:
            return slot
    except NotFilled:
        pass
    return fill(name, disk=disk, progress=progress)
