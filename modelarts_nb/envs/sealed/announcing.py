"""Letting conda and Jupyter know a sealed environment."""

from __future__ import annotations

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.kernels import register_sealed_if_possible
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.unfinished import Note
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress


def announce_sealed(
    name: str, *, kernel: bool, disk: Disk, note: Note | None = None, progress: Progress = SILENT
) -> Environment:
    """Let conda and Jupyter know a sealed environment that is on the disk; then describe it.

    A home that refuses is logged and not an error, as with open ones.

    Args:
        name: of the environment.
        kernel: register one.
        disk: the persistent disk.
        note: keeps what could not be done.
        progress: hears of it.

    Raises:
        NotFound: it was removed meanwhile.
    """
    failures = note.failures if note else []
    try:
        tell_conda(disk)
    except ModelArtsNbError as error:
        failures.append(error.message)
        progress.log(f"conda does not know it by name: {error.message} {error.cause}")
    try:
        if kernel:
            register_sealed_if_possible(name, disk=disk, progress=progress)
    except ModelArtsNbError as error:
        failures.append(error.message)
        progress.log(f"no kernel was registered: {error.message} {error.cause}")
    return show(name, disk=disk)
