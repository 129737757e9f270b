"""Room on the local disk: local copies that nobody needs go, the least recently used first."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.space import human_bytes, space_at
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import changes, seems_unsaved
from modelarts_nb.envs.sealed.versions import read_version
from modelarts_nb.envs.sealed.workplace import alone, sweep
from modelarts_nb.errors import DiskFull, ModelArtsNbError, from_os_error
from modelarts_nb.progress import SILENT, Progress

# Of a disk that is very large a tenth would be a waste.
_RESERVE = 20 << 30
# Seconds in which a launcher that said it would start from a slot has become its interpreter.
_STARTING = 60.0
_MARK = re.compile(r"(.+)\.(\d+)")


def make_room(
    disk: Disk,
    *,
    bytes: int,
    files: int = 0,
    keep: Collection[str] = (),
    progress: Progress = SILENT,
) -> None:
    """Let there be room for one more local copy.

    What goes is used by no process, and everything in it is in a version that can be filled again.

    Args:
        disk: whose run root.
        bytes: needed.
        files: inodes needed.
        keep: names of environments whose copies stay.
        progress: hears what was freed.

    Raises:
        DiskFull: there is too little room even so; nothing more can go.
        ConfigInvalid, DiskFailure, AccessDenied: the run root cannot be used.
        Cancelled: the user's wish.
    """
    clear(disk)
    if _fits(disk, bytes, files):
        return
    for slot in sorted(slots.filled(disk), key=_last_used):
        progress.check()
        if slot.name in keep or not _spare(slot, disk):
            continue
        if free(slot, disk):
            progress.log(f"freed the local copy of {slot.name} version {slot.number}")
            if _fits(disk, bytes, files):
                return
    space = space_at(disk.run)
    raise DiskFull(
        f"{human_bytes(bytes)} and {files:,} files are needed on the local disk; there, in "
        f"{os.path.realpath(disk.run)}, {human_bytes(_free(disk))} may still be used.",
        hint="Save or stop what runs in other local copies, remove large files from this disk, or "
        "name a folder on a larger one in MODELARTS_NB_RUN.",
        cause=f"{space.free:,} bytes and {space.inodes_free} inodes are free",
    )


def clear(disk: Disk) -> None:
    """Remove what killed processes left in the run root: copies half filled or half removed.

    Raises:
        ConfigInvalid, DiskFull, DiskFailure, AccessDenied: the run root cannot be used.
    """
    sweep(disk)
    root = slots.run_root(disk)
    with alone(disk):
        known = slots.noted(disk)
        stray = [root / name for name in _names(root) if "~" in name and root / name not in known]
        if not stray:
            return
        used = in_use(disk)
        dead = [path for path in stray if path not in used]
    for path in dead:
        remove_tree(path)


def _names(root: Path) -> list[str]:
    try:
        return os.listdir(root)
    except OSError as error:
        raise from_os_error(error, "looking for what was left half-filled", root) from error


def free(slot: Slot, disk: Disk) -> bool:
    """Remove a slot unless a process uses it, or is about to; False: it stays.

    Raises:
        DiskFailure, AccessDenied: the local disk refused.
    """
    with alone(disk):
        if slot.path in in_use(disk):
            return False
        # A launcher says what it wants before it looks at the note: one of us sees the other.
        slots.withdraw(slot)
        if slot.path in in_use(disk):
            slots.note(slot)
            return False
    slots.forget(disk, slot)
    return True


def in_use(disk: Disk) -> set[Path]:
    """The slots that a process of this container runs from, is in, or is about to start from."""
    root = disk.run
    found = {root / name for name in _starting(disk)}
    spellings = {os.fsencode(root), os.fsencode(os.path.realpath(root))}
    inside = re.compile(b"(?:%b)/([^/\\0\\n]+)" % b"|".join(map(re.escape, sorted(spellings))))
    for text in _texts():
        found.update(root / os.fsdecode(match[1]) for match in inside.finditer(text))
    return found


def _texts() -> Iterator[bytes]:
    """What every process says of the files it uses."""
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        for link in ("exe", "cwd"):
            with contextlib.suppress(OSError):
                yield os.fsencode(os.readlink(f"/proc/{pid}/{link}"))
        for file in ("environ", "cmdline", "maps"):
            with contextlib.suppress(OSError):
                yield Path(f"/proc/{pid}/{file}").read_bytes()


def _starting(disk: Disk) -> Iterator[str]:
    for path in _marks(disk):
        match = _MARK.fullmatch(path.name)
        with contextlib.suppress(OSError):
            alive = match is not None and os.path.exists(f"/proc/{match[2]}")
            if match and alive and abs(time.time() - path.stat().st_mtime) < _STARTING:
                yield match[1]
            elif not alive:
                path.unlink()


def _marks(disk: Disk) -> Iterable[Path]:
    try:
        return list(slots.marks(disk).iterdir())
    except OSError:
        return []


def _last_used(slot: Slot) -> float:
    """The launcher of a kernel touches the note as long as the kernel lives."""
    try:
        return (slot.path.parent / ".slots" / f"{slot.path.name}.json").stat().st_mtime
    except OSError:
        return 0.0


def _spare(slot: Slot, disk: Disk) -> bool:
    """Can it be filled again just as it is? Where that cannot be known, it is not spare."""
    if seems_unsaved(slot):
        return False
    try:
        version = read_version(disk, slot.name, slot.number)
        return slots.of(slot, version) and not changes(slot, version, disk)
    except ModelArtsNbError:
        return False


def _fits(disk: Disk, bytes: int, files: int) -> bool:
    inodes = space_at(disk.run).inodes_free
    return _free(disk) >= bytes + bytes // 100 and (inodes is None or inodes >= files)


def _free(disk: Disk) -> int:
    """Bytes that may still be used: the settings keep a share of the disk free."""
    space = space_at(disk.run)
    share = config.Sealed(config=config.load()).space
    return max(0, space.free - min(int(space.total * (1 - share)), _RESERVE))
