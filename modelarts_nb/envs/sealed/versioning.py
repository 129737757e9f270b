"""Going back: to an earlier version of a sealed environment, or behind the last change.

Nothing is ever taken away: going back writes a new version with the layers of the old one, and
what was not saved is saved first. So going back can be undone like everything else.
"""

from __future__ import annotations

from dataclasses import replace

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.images import keep
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.required import required
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.unsaved import changes
from modelarts_nb.envs.sealed.versions import read_version, version_file, write_version
from modelarts_nb.envs.state import now
from modelarts_nb.envs.undoing import undo_change
from modelarts_nb.errors import ArchiveInvalid, Cancelled, ModelArtsNbError, NotFound, UsageError
from modelarts_nb.progress import SILENT, Progress


def rollback(
    name: str,
    number: int | None = None,
    *,
    why: str = "",
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Version:
    """Make the environment what it was in an earlier version, as a new version.

    What was changed here and not saved is saved first. Kernels that run keep their files; those
    that start from now on have the new version.

    Args:
        name: a sealed environment.
        number: the version; None: the one that what is used here was made from, else the one that
            the newest was made from; so going back twice comes back.
        why: instead of "back to version N".

    Returns:
        The new version; the newest, when it is the same already.

    Raises:
        NotFound: no such environment or version, or one of its images is gone.
        UsageError: the environment is open, so that its tree is what counts.
        ArchiveInvalid: the version is damaged, or of a newer tool.
        Busy, DiskFull, DiskFailure, AccessDenied, Cancelled: no version was written.
    """
    disk = disk or open_disk()
    name = required(
        name,
        disk,
        otherwise=UsageError(
            f"{name!r} is open: what counts is its folder, and its versions are from before.",
            hint=f"`ma env undo {name}` takes the last change back. For an earlier version, seal "
            f"it first, or have that beside it: `ma env clone {name}@NUMBER OTHER`.",
        ),
    )
    read_version(disk, name, number)
    used = slots.current(disk, name)
    here = _saved(used, disk, progress).number if used else _newest(disk, name)
    if number is None:
        number = _before(read_version(disk, name, here))
    with lock(disk, name, progress=progress) as held:
        last = _newest(disk, name)  # somebody may have removed it meanwhile
        target = read_version(disk, name, number)
        if target.number == last or target.layers == _layers(disk, name, last):
            progress.log(f"{name} is what it was in version {target.number} already")
            version = read_version(disk, name)
        else:
            progress.phase("writing")
            for layer in target.layers:
                keep(disk, layer.image)
            version = write_version(
                disk,
                replace(
                    target,
                    parent=here,
                    created=now(),
                    owner=disk.owner,
                    why=why or f"back to version {target.number}",
                    stored=0,
                ),
                held,
            )
            progress.log(f"{name} version {version.number} is what version {target.number} was")
    if used:
        _use(version, disk, progress)
    return version


def undo(
    name: str, *, disk: Disk | None = None, progress: Progress = SILENT
) -> Version | Environment:
    """Take the last change of an environment back, and with the next undo this undoing.

    Of a sealed one that is what was not saved (it is saved as a version first), else what the
    version changed that is used here; of an open one the last install or uninstall.

    Returns:
        The version that is the newest now; of an open environment the environment.

    Raises:
        NotFound: there is no such environment, or nothing to undo.
        Others: as ``rollback``; what the environment was is still there.
    """
    disk = disk or open_disk()
    if known := find_sealed(name, disk):
        return rollback(known, disk=disk, progress=progress)
    return undo_change(name, disk=disk, progress=progress)


def _newest(disk: Disk, name: str) -> int:
    """The number of the newest version, whether it can be read or not. Raises NotFound."""
    return int(version_file(disk, name).stem)


def _saved(used: slots.Slot, disk: Disk, progress: Progress) -> Version:
    """The version of what is used here, which it is written as if it was not saved."""
    saved = save(used.name, why="unsaved, before going back", disk=disk, progress=progress)
    if saved.number != used.number:
        progress.log(f"what was not saved is version {saved.number} of {used.name}")
    return saved


def _before(version: Version) -> int:
    if version.parent is None:
        raise NotFound(
            f"There is nothing to go back to: {version.name!r} has no version before "
            f"{version.number}.",
            hint=f"`ma env versions {version.name}` shows all there are.",
        )
    return version.parent


def _layers(disk: Disk, name: str, number: int) -> object:
    """The layers of a version; None where it cannot be read: then it is like no other."""
    try:
        return read_version(disk, name, number).layers
    except ArchiveInvalid:
        return None


def _use(version: Version, disk: Disk, progress: Progress) -> None:
    """Let kernels here start from ``version``.

    It is on the disk already, so a local disk that refuses is logged and not an error: the next
    start of a kernel tries again, and says why it cannot.
    """
    try:
        if slot := _unchanged(version, disk):
            slots.note(replace(slot, number=version.number))
        fill(version.name, number=version.number, disk=disk, progress=progress)
    except Cancelled:
        raise
    except ModelArtsNbError as error:
        progress.log(f"it is not on the local disk yet: {error.message} {error.cause}")


def _unchanged(version: Version, disk: Disk) -> slots.Slot | None:
    """A copy of these very layers that nobody has changed: it need not be filled once more."""
    images = tuple(layer.image for layer in version.layers)
    for slot in slots.filled(disk):
        same = (slot.name, slot.images) == (version.name, images)
        if same and not changes(slot, version, disk):
            return slot
    return None
