"""Filling: a version comes from the disk to where it runs.

Nobody starts from a half-filled copy: it is built under another name, and its note comes last. A
killed filling leaves what the next one removes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.kernelspecs import kernel_name
from modelarts_nb.envs.sealed import leases, slots
from modelarts_nb.envs.sealed.damage import named
from modelarts_nb.envs.sealed.extraction import extract
from modelarts_nb.envs.sealed.fitness import require_fit
from modelarts_nb.envs.sealed.merged import Merged, merge
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import known_as
from modelarts_nb.envs.sealed.room import make_room
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import changes, seems_unsaved, watch
from modelarts_nb.envs.sealed.versions import numbers, read_version, sealed_names
from modelarts_nb.envs.sealed.workplace import Turn, alone, turn, workplace
from modelarts_nb.envs.state import State, write_state
from modelarts_nb.errors import (
    ArchiveInvalid,
    Cancelled,
    DiskFull,
    ModelArtsNbError,
    NotFound,
    Unsaved,
    UsageError,
    from_os_error,
)
from modelarts_nb.progress import SILENT, Progress


def fill(
    name: str,
    *,
    number: int | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Slot:
    """Have a version of a sealed environment on the local disk, and let kernels start from it.

    Two at once share the work: the second waits for the first, showing how far that is.

    Args:
        name: a sealed environment.
        number: its version; None: the newest.

    Returns:
        The slot that kernels start from now; at once where it was filled already. Kernels that
        run keep theirs.

    Raises:
        NotFound: no such environment or version, or one of its images is gone.
        UsageError: the environment is open, so its tree is what runs.
        Unsaved: here is another version of it with changes that are in no version.
        PlatformMismatch: it was made for another machine.
        ArchiveInvalid, ArchiveHostile: a version, or one of its images, is damaged; the hint names
            a version that is whole.
        DiskFull: the local disk has no room, even without copies that are not needed.
        ConfigInvalid, DiskFailure, AccessDenied, Cancelled: nothing half-filled is left.
    """
    disk = disk or open_disk()
    return _fill(name, number, disk, (), progress)


def fill_all(*, disk: Disk | None = None, progress: Progress = SILENT) -> list[str]:
    """Fill every sealed environment that is registered as a kernel, last used first.

    What has a local copy keeps it. Copies go where room is needed, but none of those that were used
    later than the one that is filled. One that cannot be filled is logged, and the next one tried.

    Returns:
        The names that were filled now.

    Raises:
        DiskMissing, DiskFailure: the persistent disk cannot be read.
        Cancelled: the user's wish.
    """
    disk = disk or open_disk()
    done, keep = list[str](), list[str]()
    for name in _registered(disk):
        progress.check()
        keep.append(name)
        if slots.current(disk, name):
            continue
        try:
            _fill(name, None, disk, keep, progress)
            done.append(name)
        except Cancelled:
            raise
        except ModelArtsNbError as error:
            progress.log(f"{name} was not filled: {error.message} {error.hint}".rstrip())
    return done


def _fill(
    name: str, number: int | None, disk: Disk, keep: Sequence[str], progress: Progress
) -> Slot:
    name = known_as(name, disk)
    if os.path.isdir(disk.envs / name):
        raise UsageError(
            f"{name!r} is open: its kernels start from its folder on the disk.",
            hint=f"`ma env seal {name}` seals it.",
        )
    version = read_version(disk, name, number)
    if slot := _ready(version, disk):
        return slot
    with turn(disk, name, progress) as ours:
        if slot := _ready(version, disk):
            return slot
        _require_saved(version, disk)
        slot = _same(version, disk) or _build(version, disk, keep, ours, progress)
        leases.prepare(disk, version, slot)
        _note_use(disk, slot)
        slots.choose(disk, slot)
    try:
        tell_conda(disk)
    except ModelArtsNbError as error:
        progress.log(f"conda does not know it by name: {error.message} {error.cause}")
    return slot


def _ready(version: Version, disk: Disk) -> Slot | None:
    slot = slots.current(disk, version.name)
    return slot if slot and slots.of(slot, version) else None


def _require_saved(version: Version, disk: Disk) -> None:
    """Kernels would start from another copy, and what was done in this one would be forgotten."""
    slot = slots.current(disk, version.name)
    if slot is None:
        return
    try:
        held = read_version(disk, slot.name, slot.number)
        lost = bool(changes(slot, held, disk)) if slots.of(slot, held) else seems_unsaved(slot)
    except ModelArtsNbError:
        lost = seems_unsaved(slot)
    if lost:
        raise Unsaved(
            f"{slot.name!r} has changes here that are in no version; version {version.number} "
            "would take its place.",
            hint=f"`ma env save {slot.name}` makes them a version.",
            cause=str(slot.path),
        )


def _same(version: Version, disk: Disk) -> Slot | None:
    """A slot that was filled from this version and not changed since."""
    for slot in slots.filled(disk):
        if slots.of(slot, version) and slot.images:
            with contextlib.suppress(ModelArtsNbError):
                if not changes(slot, version, disk):
                    return slot
    return None


def _build(
    version: Version, disk: Disk, keep: Sequence[str], ours: Turn, progress: Progress
) -> Slot:
    require_fit(version, progress)
    try:
        merged = merge(version, disk)
        make_room(
            disk,
            bytes=merged.size,
            files=len(merged.held),
            keep=[*keep, version.name],
            progress=progress,
        )
        with workplace(disk) as folder:
            path = slots.free_path(disk, version.name, version.number)
            content = folder / "content"
            _write(merged, content, path, disk, ours, progress)
            return _land(version, content, path, disk)
    except DiskFull as error:
        raise _local(error, disk) from error
    except (ArchiveInvalid, NotFound) as error:
        raise named(error, version, disk) from error


def _write(
    merged: Merged, content: Path, path: Path, disk: Disk, ours: Turn, progress: Progress
) -> None:
    version = merged.version
    try:
        content.mkdir()
    except OSError as error:
        raise from_os_error(error, "filling", content) from error
    extract(merged, content, disk, prefix=path, told=ours.tell, progress=progress)
    write_state(
        content,
        State(
            prefix=str(path),
            created=version.created,
            origin=version.origin,
            size=merged.size,
            files=merged.files,
            engine="fill",
            requested=version.requested,
        ),
    )


def _land(version: Version, content: Path, path: Path, disk: Disk) -> Slot:
    clean, names = watch(content)
    slot = Slot(
        path=path,
        name=version.name,
        number=version.number,
        clean=clean,
        names=names,
        images=tuple(layer.image for layer in version.layers),
    )
    try:
        with alone(disk):
            os.rename(content, path)
            slots.note(slot)
    except OSError as error:
        raise from_os_error(error, "putting a local copy in its place", path) from error
    return slot


def _note_use(disk: Disk, slot: Slot) -> None:
    """Tell the launcher where to say that the environment is used: restore fills in this order."""
    file = slot.path.parent / ".slots" / f"{slot.path.name}.used"
    try:
        file.write_text(f"{_used(disk, slot.name)}\n", "utf-8")
    except OSError as error:
        raise from_os_error(error, "filling", file) from error


def _used(disk: Disk, name: str) -> Path:
    return disk.own / "used" / name


def _registered(disk: Disk) -> list[str]:
    """The sealed environments that the owner wants as kernels, last used first."""
    try:
        kernels = set(os.listdir(disk.kernels))
    except OSError:
        return []
    names = [
        name
        for name in sealed_names(disk)
        if kernel_name(name) in kernels
        and numbers(disk, name)
        and not os.path.isdir(disk.envs / name)
    ]
    return sorted(names, key=lambda name: -_when(_used(disk, name)))


def _when(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _local(error: DiskFull, disk: Disk) -> DiskFull:
    """Which disk is full; what frees the persistent one does not help."""
    if "MODELARTS_NB_RUN" in error.hint:
        return error
    return DiskFull(
        f"The local disk is full ({os.path.realpath(disk.run)}); the copy was not made.",
        hint="Remove large files from it, or name a folder on a larger one in MODELARTS_NB_RUN; "
        "then run the same again.",
        cause=error.cause,
    )
