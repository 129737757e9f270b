"""Changing the local copy of a sealed environment: all of it or nothing, unsaved until it is saved.

What was unsaved before is saved first, so the version that the copy has is the one to go back to.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.scan import Tree, scan
from modelarts_nb.envs.announcing import announce_sealed
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.room import make_room
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import watch
from modelarts_nb.envs.sealed.workplace import alone, turn, workplace
from modelarts_nb.envs.settling import note_requests, settle
from modelarts_nb.envs.swaps import exchange
from modelarts_nb.envs.twin import changed, is_written, make_twin
from modelarts_nb.errors import Busy, from_os_error
from modelarts_nb.progress import SILENT, Progress


def change_copy(
    slot: Slot,
    apply: Callable[[Path], None],
    *,
    size: int = 0,
    requested: Sequence[str] = (),
    dropped: Iterable[str] = (),
    disk: Disk,
    progress: Progress = SILENT,
) -> Environment:
    """Have ``apply`` change a twin of the copy, then let that take its place in one step.

    Args:
        slot: the copy.
        apply: gets the twin's folder; it will be at the slot's path.
        size: bytes that are about to be added.
        requested: see ``settling.note_requests``.
        dropped: likewise.
        disk: the persistent disk.
        progress: hears of everything.

    Returns:
        The environment, unsaved.

    Raises:
        Busy: somebody else changed the copy meanwhile.
        DiskFull, DiskFailure, AccessDenied, Cancelled: the copy is as it was.
        Others: what ``apply`` raises; likewise.
    """
    make_room(disk, bytes=size, keep=[slot.name], progress=progress)
    save(slot.name, why="unsaved, before packages changed", disk=disk, progress=progress)
    with turn(disk, slot.name, progress):
        slot = slots.read(slot.path) or slot
        with workplace(disk) as folder:
            twin = folder / "content"
            original = make_twin(slot.path, twin, progress=progress)
            apply(twin)
            settle(twin, slot.path, original, progress)
            note_requests(twin, slot.path, requested, dropped)
            dirty = _differing(slot.path, twin, original)
            progress.check()
            progress.phase("landing")
            _own(twin, original)
            before = _swap(slot, twin, folder / "before", original, disk)
            # First, because it changes the status (ctime) of all files that both have.
            remove_tree(before)
            clean, _ = watch(slot.path)
            slots.note(replace(slot, clean=clean, dirty=tuple(sorted({*slot.dirty, *dirty}))))
    progress.log(
        f"changed {slot.name} on the local disk; `ma env save {slot.name}` makes it a version, "
        f"`ma env undo {slot.name}` takes it back"
    )
    return announce_sealed(slot.name, kernel=False, disk=disk, progress=progress)


def _differing(before: Path, twin: Path, original: Tree) -> list[str]:
    """The files that are not what they were. A twin has copies of some that nobody changed."""
    sizes = {entry.path: entry.size for entry in original.entries if entry.kind == "file"}
    return [
        entry.path
        for entry in changed(original, scan(twin))
        if not is_written(entry.path)
        or sizes.get(entry.path) != entry.size
        or not filecmp.cmp(before / entry.path, twin / entry.path, shallow=False)
    ]


def _own(twin: Path, original: Tree) -> None:
    """Share no new file with a package cache: what others do with theirs changes the status of
    ours, and would look like a change of it."""
    fresh = [entry for entry in changed(original, scan(twin)) if entry.nlink > 1]
    names = Counter(entry.inode for entry in fresh)
    for entry in fresh:
        if entry.nlink > names[entry.inode]:
            path = twin / entry.path
            copy = path.with_name(f".{path.name}.new")
            try:
                shutil.copy2(path, copy)
                os.replace(copy, path)
            except OSError as error:
                raise from_os_error(error, "copying out of the package cache", path) from error


def _swap(slot: Slot, twin: Path, before: Path, original: Tree, disk: Disk) -> Path:
    """Let the twin take the copy's place; where what was there is now.

    The note of the copy is as before: until it is written anew, all of the copy counts as changed.
    """
    if changed(original, scan(slot.path)):
        raise Busy(
            f"{slot.name} was changed by somebody else meanwhile; nothing was changed here.",
            hint="Run the same again.",
        )
    try:
        with alone(disk):
            if exchange(twin, slot.path):
                return twin
            os.rename(slot.path, before)
            os.rename(twin, slot.path)
            return before
    except OSError as error:
        raise from_os_error(error, f"changing {slot.name}", slot.path) from error
