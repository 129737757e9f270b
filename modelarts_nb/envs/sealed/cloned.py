"""A clone of a sealed environment with its kernel; what waits for the disk does so at once."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.announcing import announce_sealed
from modelarts_nb.envs.kernels import log_no_kernel, remove_kernel, write_sealed_kernel
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed.cloning import Template, clone_sealed
from modelarts_nb.envs.unfinished import Note, unfinished
from modelarts_nb.errors import ModelArtsNbError, NameTaken
from modelarts_nb.progress import SILENT, Progress


def clone_announced(
    template: Template, name: str, *, kernel: bool, disk: Disk, progress: Progress = SILENT
) -> Environment:
    """``clone_sealed``, and let conda and Jupyter know it.

    The kernel spec is written while the clone is: should this process be killed, the note about
    the clone says what to do with it.

    Args:
        kernel: register a kernel, where ipykernel is in it.

    Raises:
        ModelArtsNbError: as ``clone_sealed``; nothing is left behind.
    """
    ready = any(package.name == "ipykernel" for package in template.version.packages)
    with unfinished(disk, name, kernel=kernel) as note, ThreadPoolExecutor(1) as beside_us:
        written = beside_us.submit(write_sealed_kernel, name, disk) if kernel and ready else None
        try:
            clone_sealed(template, name, disk=disk, progress=progress)
        except NameTaken:
            raise  # the spec does for whoever has the name as well
        except BaseException:
            if written:
                written.exception()
                with contextlib.suppress(ModelArtsNbError):
                    remove_kernel(name, disk)
            raise
        if written:
            _heed(written, note, progress)
        elif kernel:
            log_no_kernel(name, progress)
        return announce_sealed(name, kernel=False, disk=disk, note=note, progress=progress)


def _heed(written: Future[None], note: Note, progress: Progress) -> None:
    """The clone is safe on the disk already: a kernel that could not be is logged."""
    try:
        written.result()
    except ModelArtsNbError as error:
        note.failures.append(error.message)
        progress.log(f"no kernel was registered: {error.message} {error.cause}")
