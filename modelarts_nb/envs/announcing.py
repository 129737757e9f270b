"""Letting conda and Jupyter know an environment that has landed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.inventory import show, show_sealed
from modelarts_nb.envs.kernels import register_if_possible, register_sealed_if_possible
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.unfinished import Note
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress


def wants_kernel(kernel: bool | None) -> bool:
    """Should what is made have a kernel? None: as the settings say."""
    return config.Environments(config=config.load()).kernel if kernel is None else kernel


def announce(
    prefix: Path,
    *,
    kernel: bool | None,
    disk: Disk,
    note: Note | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Let conda and Jupyter know an environment that has landed; then describe it.

    It is safe on the disk already, so a home that refuses is logged and not an error: whoever
    tidies next makes up for it.

    Args:
        prefix: where it landed.
        kernel: register a kernel; None: as the settings say.
        disk: the persistent disk.
        note: keeps what could not be done.
        progress: hears of it.
    """

    def register() -> None:
        if wants_kernel(kernel):
            register_if_possible(prefix, disk=disk, progress=progress)

    _tell(register, disk, note, progress)
    return show(prefix.name, disk=disk)


def announce_sealed(
    name: str, *, kernel: bool, disk: Disk, note: Note | None = None, progress: Progress = SILENT
) -> Environment:
    """``announce`` for the sealed environment ``name`` of the disk.

    Raises:
        NotFound: it was removed meanwhile.
    """

    def register() -> None:
        if kernel:
            register_sealed_if_possible(name, disk=disk, progress=progress)

    _tell(register, disk, note, progress)
    return show_sealed(name, disk=disk)


def _tell(register: Callable[[], None], disk: Disk, note: Note | None, progress: Progress) -> None:
    failures = note.failures if note else []
    try:
        tell_conda(disk)
    except ModelArtsNbError as error:
        failures.append(error.message)
        progress.log(f"conda does not know it by name: {error.message} {error.cause}")
    try:
        register()
    except ModelArtsNbError as error:
        failures.append(error.message)
        progress.log(f"no kernel was registered: {error.message} {error.cause}")
