"""Changing one environment for another under the same name, whatever happens in between."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import threading
from pathlib import Path

from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import Lock, lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.disk.staging import Stage
from modelarts_nb.disk.sync import sync_folder, sync_tree
from modelarts_nb.errors import Busy, ModelArtsNbError, from_os_error

_AT_FDCWD, _EXCHANGE = -100, 2
_LIBC = ctypes.CDLL(None, use_errno=True)
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def swap(disk: Disk, held: Lock, stage: Stage, built: Path, live: Path, old: Path) -> None:
    """Make ``built`` the environment at ``live``; what was there goes to ``old``.

    Where the file system can exchange two folders, that is one step. NFS cannot: there it takes
    two renames, with a note beside them from which ``finish_swaps`` brings the old one back if
    the process is killed in between.

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
        if not _exchange(built, live):
            _in_two_steps(disk, stage, built, live, old)
            return
        sync_folder(live.parent)
        # The old one is in the stage now. If this fails, it is only lost for undoing.
        os.rename(built, old)
        sync_folder(old.parent)
    except OSError as error:
        raise from_os_error(error, f"changing {live.name}", live) from error


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


def _in_two_steps(disk: Disk, stage: Stage, built: Path, live: Path, old: Path) -> None:
    note = _notes(disk) / f"{live.name.lower()}.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    replace_file(note, json.dumps({"name": live.name, "old": old.name}).encode())
    os.rename(live, old)
    try:
        land(stage, built, live)
    except ModelArtsNbError:
        # Landed but not confirmed is landed.
        if not live.exists():
            os.rename(old, live)
            note.unlink(missing_ok=True)
        raise
    note.unlink(missing_ok=True)


def _finish(note: Path, disk: Disk, held: Lock) -> str:
    """Decide one note; the name of the environment that came back, or empty."""
    try:
        value = json.loads(note.read_bytes())
        name, old = str(value["name"]), str(value["old"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    # A note on a shared disk is text that anybody can write: names only, no paths.
    plain = all("/" not in part and part not in ("", ".", "..") for part in (name, old))
    live, before = disk.envs / name, disk.bin / old
    came = ""
    if plain and not live.exists() and before.is_dir():
        land(held, before, live)
        came = name
    with contextlib.suppress(OSError):
        note.unlink()
    return came


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where that cannot be done here."""
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
