"""Changing one environment for another under the same name, whatever happens in between."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import threading
from pathlib import Path

from modelarts_nb.disk.landing import Beating, land
from modelarts_nb.disk.locks import Lock, lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.disk.staging import Stage
from modelarts_nb.disk.sync import sync_folder, sync_tree
from modelarts_nb.errors import Busy, ModelArtsNbError, from_os_error

_AT_FDCWD, _EXCHANGE = -100, 2
_LIBC = ctypes.CDLL(None, use_errno=True)
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def swap(disk: Disk, held: Lock, stage: Stage, built: Path, live: Path, old: Path) -> None:
    """Make ``built`` the environment at ``live``; what was there goes to ``old``.

    Where the file system can exchange two folders, that is one step: ``built`` is put into the
    bin and exchanged from there. NFS cannot: there the old one goes to the bin and ``built`` takes
    its place. A note tells ``finish_swaps`` what to undo if the process is killed in between.

    Args:
        held: the lock of the environment.
        stage: where ``built`` is.
        live: exists.
        old: does not exist; its folder is made.

    Raises:
        Busy: somebody else may have taken over.
        DiskFull, DiskFailure, AccessDenied: the disk refused; ``live`` is as it was.
    """
    try:
        sync_tree(built)
        old.parent.mkdir(parents=True, exist_ok=True)
        held.check()
        if not stage.beat_ok():
            raise Busy(
                f"{live.name} was not changed: the disk did not answer for so long that somebody "
                "else may have taken over.",
                hint="Run the same again.",
            )
        note = _write_note(disk, live, old, fresh=os.lstat(built).st_ino)
        if not _in_one_step(built, live, old):
            _in_two_steps(stage, built, live, old, note)
        note.unlink(missing_ok=True)
        sync_folder(live.parent)
        sync_folder(old.parent)
    except OSError as error:
        raise from_os_error(error, f"changing {live.name}", live) from error


def bring_back(disk: Disk, held: Lock, former: Path, live: Path, first: Path, second: Path) -> Path:
    """Make ``former``, which is in the bin, the environment at ``live``; what was there goes there.

    Killed at any moment, both are still there, and ``finish_swaps`` brings one of them back.

    Args:
        held: the lock of the environment.
        first, second: do not exist, in the bin.

    Returns:
        Where in the bin is what was live: ``first`` or ``second``.

    Raises:
        Busy: somebody else may have taken over.
        DiskFull, DiskFailure, AccessDenied: the disk refused; ``live`` is as it was.
    """
    try:
        held.check()
        note = _write_note(disk, live, second, fresh=0)
        # What waits to be exchanged has its new name: the one that is exchanged for it keeps it.
        _move(former, first)
        wanted = os.lstat(first).st_ino
        try:
            exchanged = exchange(first, live)
        except OSError:
            # The answer may have got lost, not the request.
            exchanged = os.lstat(live).st_ino == wanted
            if not exchanged:
                _move(first, former)
                note.unlink(missing_ok=True)
                raise
        if not exchanged:
            try:
                _in_two_steps(held, first, live, second, note)
            except (OSError, ModelArtsNbError):
                if first.exists():
                    _move(first, former)
                raise
        note.unlink(missing_ok=True)
        sync_folder(live.parent)
        sync_folder(first.parent)
    except OSError as error:
        raise from_os_error(error, f"changing {live.name}", live) from error
    return first if exchanged else second


def finish_swaps(disk: Disk) -> list[str]:
    """Bring back what a killed process left between two renames; names of these environments.

    Raises:
        DiskFailure, AccessDenied: the disk refused.
    """
    back = []
    for note in _pending(disk):
        try:
            # Whoever is still at it holds the lock.
            with lock(disk, note.removesuffix(".json")) as held:
                if name := _finish(_notes(disk) / note, disk, held):
                    back.append(name)
        except Busy:
            continue
    return back


def finish_swaps_soon(disk: Disk) -> None:
    """``finish_swaps`` beside who only wants to look, and must not wait until somebody elsewhere
    is proven dead. What comes back is there when they look again."""

    def finish() -> None:
        # Who may not bring an environment back may still see the others.
        with contextlib.suppress(ModelArtsNbError):
            finish_swaps(disk)

    if _pending(disk):
        threading.Thread(target=finish, name="finish swaps", daemon=True).start()


def _pending(disk: Disk) -> list[str]:
    try:
        names = os.listdir(_notes(disk))
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(".json"))


def _write_note(disk: Disk, live: Path, old: Path, *, fresh: int) -> Path:
    note = _notes(disk) / f"{live.name.lower()}.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    value = {"name": live.name, "old": old.name, "fresh": fresh}
    replace_file(note, json.dumps(value).encode())
    return note


def _in_one_step(built: Path, live: Path, old: Path) -> bool:
    """False where folders cannot be exchanged; then nothing has changed."""
    fresh = os.lstat(built).st_ino
    _move(built, old)
    try:
        if exchange(old, live):
            return True
    except OSError:
        # The answer may have got lost, not the request.
        if os.lstat(live).st_ino == fresh:
            return True
        _move(old, built)
        raise
    _move(old, built)
    return False


def _in_two_steps(stage: Beating, built: Path, live: Path, old: Path, note: Path) -> None:
    _move(live, old)
    try:
        land(stage, built, live)
    except ModelArtsNbError:
        # Landed but not confirmed is landed.
        if not live.exists():
            _move(old, live)
            note.unlink(missing_ok=True)
        raise


def _move(one: Path, other: Path) -> None:
    """Rename, and believe what lies there rather than an answer that NFS repeated."""
    moved = os.lstat(one).st_ino
    try:
        os.rename(one, other)
    except OSError:
        if not os.path.lexists(other) or os.lstat(other).st_ino != moved:
            raise


def _finish(note: Path, disk: Disk, held: Lock) -> str:
    """Decide one note; the name of the environment that came back, or empty."""
    try:
        value = json.loads(note.read_bytes())
        name, old, fresh = str(value["name"]), str(value["old"]), value.get("fresh")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    # A note on a shared disk is text that anybody can write: names only, no paths.
    plain = all("/" not in part and part not in ("", ".", "..") for part in (name, old))
    live, before = disk.envs / name, disk.bin / old
    came = ""
    if plain and fresh and live.is_dir() and before.is_dir() and before.stat().st_ino == fresh:
        # What was built is still where it waited to be exchanged: it is no former state.
        doomed = before.with_name(f".{old}")
        os.rename(before, doomed)
        remove_tree(doomed)
    elif plain and not live.exists() and before.is_dir():
        land(held, before, live)
        came = name
    with contextlib.suppress(OSError):
        note.unlink()
    return came


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where that cannot be done here.

    Raises:
        OSError: it failed; an answer that got lost may hide that it did not.
    """
    call = getattr(_LIBC, "renameat2", None)
    if call is None:
        return False
    paths = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if call(*paths, _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(other))


def _notes(disk: Disk) -> Path:
    return disk.private / "swaps"
