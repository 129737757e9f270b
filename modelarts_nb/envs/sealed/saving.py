"""``save``: what was changed in a local copy becomes a version that shares all the rest."""

from __future__ import annotations

import os
from dataclasses import replace

from modelarts_nb import config
from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import human_bytes
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.condafiles import names_folder
from modelarts_nb.envs.sealed import leases, slots
from modelarts_nb.envs.sealed.comparing import Look, compare, look
from modelarts_nb.envs.sealed.draft import added, draft
from modelarts_nb.envs.sealed.images import keep
from modelarts_nb.envs.sealed.imaging import Image, write_image
from modelarts_nb.envs.sealed.merged import Merged, merge
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.sealed.overlay import overlay
from modelarts_nb.envs.sealed.placeholder import Members, of_copy
from modelarts_nb.envs.sealed.required import required
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import Changes, watch
from modelarts_nb.envs.sealed.versions import numbers, read_version, write_version
from modelarts_nb.envs.sealed.workplace import turn
from modelarts_nb.errors import ArchiveInvalid, NotFound, UsageError
from modelarts_nb.progress import SILENT, Progress

#: A version has at most so many layers: filling reads them all.
MOST_LAYERS = 12


def save(
    name: str, *, why: str = "", disk: Disk | None = None, progress: Progress = SILENT
) -> Version:
    """Write what was changed in the local copy of a sealed environment as a new version.

    It costs about what was changed: the new image has only that. All of the copy is written when
    that is more than half of it, when the version has as many layers as one may have, or when the
    images it was filled from are gone or damaged. Kernels go on in the same copy.

    Args:
        name: a sealed environment.
        why: what to remember of this version.

    Returns:
        The new version; the one that the copy has, when nothing was changed. Its ``parent`` is the
        version that was changed: when that was not the newest any more the log says so, and both
        are kept.

    Raises:
        NotFound: there is no such environment.
        UsageError: it is open.
        Busy: a file changed while it was read.
        DiskFull, DiskFailure, AccessDenied, Cancelled: nothing is written, all is still unsaved.
    """
    disk = disk or open_disk()
    sealed = required(
        name,
        disk,
        otherwise=UsageError(
            f"{name!r} is open: what is changed in it is on the disk already.",
            hint=f"`ma env seal {name}` makes a version of it.",
        ),
    )
    # Who saves it here at the same time waits, and then finds nothing to save.
    with turn(disk, sealed, progress):
        slot = slots.current(disk, sealed)
        if slot is None:
            progress.log(f"{sealed} has no local copy here: there is nothing to save")
            return read_version(disk, sealed)
        return _save(slot, why, disk, progress)


def _save(slot: Slot, why: str, disk: Disk, progress: Progress) -> Version:
    # What is changed while this runs is later than this, and so unsaved still.
    clean, names = watch(slot.path)
    seen = look(slot.path, progress)
    merged = _base(slot, disk, progress)
    base = merged.version if merged else None
    found = compare(slot, seen, merged.held if merged else {})
    if base and not found:
        progress.log(f"nothing was changed in {slot.name} since version {base.number}")
        slots.note(replace(slot, names=names))
        return base
    part = base is not None and _is_part(found, seen, base)
    with overlay(disk) as over, Team() as team:
        team.expect(found.bytes if part else seen.contents.size, count=os.cpu_count() or 1)
        paths = set(found.changed)
        everything = seen.contents.items
        members = of_copy(
            [item for item in everything if item.path in paths] if part else everything,
            everything,
            slot.path,
            over,
            also=[str(names_folder(disk) / slot.name)],
            threads=threads_for(slot.path, config.Transfer(config=config.load()).threads),
            progress=progress,
        )
        image = write_image(
            members.items,
            slot.name,
            disk=disk,
            team=team,
            threads=config.Transfer(config=config.load()).threads,
            progress=progress,
        )
    layer = Layer(
        image.sha256, image.size, image.plain, found.deleted if part else (), members.prefix
    )
    layers = (*base.layers, layer) if base and part else (layer,)
    version = _version(slot, why, layers, seen, members, base, image, disk)
    merge(version, disk, onto=merged)  # what cannot be filled is no version
    progress.phase("landing")
    with staged(disk, f"save {slot.name}") as stage:
        version = write_version(disk, version, stage)
    _tell(version, slot, found, image, disk, progress)
    held_now = tuple(layer.image for layer in version.layers)
    saved = replace(slot, number=version.number, clean=clean, names=names, dirty=())
    _use(replace(saved, images=held_now), version, disk)
    return version


def _base(slot: Slot, disk: Disk, progress: Progress) -> Merged | None:
    """The version that was changed and what it holds; None where a part of it is lost."""
    try:
        base = read_version(disk, slot.name, slot.number)
        if not slots.of(slot, base):
            progress.log(f"all of it is saved: version {slot.number} is of another {slot.name} now")
            return None
        for layer in base.layers:
            keep(disk, layer.image)
        return merge(base, disk)
    except (NotFound, ArchiveInvalid) as error:
        progress.log(f"all of it is saved, because a part of it is lost: {error.message}")
        return None


def _is_part(found: Changes, seen: Look, base: Version) -> bool:
    """Is an image of what was changed worth it?"""
    return len(base.layers) + 1 < MOST_LAYERS and found.bytes * 2 <= seen.contents.size


def _version(
    slot: Slot,
    why: str,
    layers: tuple[Layer, ...],
    seen: Look,
    members: Members,
    base: Version | None,
    image: Image,
    disk: Disk,
) -> Version:
    there = {item.path for item in seen.contents.items} - {item.path for item in members.items}
    unfit = [path for path in base.unfit if path in there] if base else []
    return replace(
        draft(slot.path, slot.name, seen.contents, disk, before=base),
        layers=layers,
        why=why,
        parent=slot.number,
        stored=added(image, base),
        unfit=tuple(sorted({*unfit, *members.unfit})),
    )


def _tell(
    version: Version, slot: Slot, found: Changes, image: Image, disk: Disk, progress: Progress
) -> None:
    progress.log(
        f"saved {slot.name} as version {version.number}: {len(found.changed):,} changed, "
        f"{len(found.deleted):,} removed, {human_bytes(image.size)}"
    )
    between = [n for n in numbers(disk, slot.name) if slot.number < n < version.number]
    if between:
        progress.log(
            f"{slot.name} has versions from elsewhere that this one does not build on: "
            f"{', '.join(map(str, between))}; all are kept. What differs: "
            f"`ma env diff {slot.name} {between[-1]} {version.number}`"
        )


def _use(slot: Slot, version: Version, disk: Disk) -> None:
    """The copy has the new version now."""
    chosen = slots.current(disk, slot.name)
    slots.note(slot)
    leases.prepare(disk, version, slot)
    if chosen and chosen.path == slot.path:
        slots.choose(disk, slot)
