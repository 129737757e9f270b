"""The bin: what was removed and can still come back."""

from __future__ import annotations

import contextlib
import json
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from modelarts_nb import config
from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import Lock, lock
from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.announcing import announce
from modelarts_nb.envs.cloning import copy_as
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment, Removed
from modelarts_nb.envs.prefixes import taken_names
from modelarts_nb.envs.sealed import binned
from modelarts_nb.envs.sealed.binned import arrived, numbers_in, size_of
from modelarts_nb.envs.state import STATE, read_state
from modelarts_nb.envs.unfinished import Note, unfinished
from modelarts_nb.errors import ModelArtsNbError, NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

# What a removed environment says about its removal, inside it so that one rename moves both.
NOTE = str(Path(STATE).parent / "removed.json")
_STAMP = "%Y%m%dT%H%M%S%fZ"
# The versions of an open environment go with its tree, in a folder beside it.
_HISTORY = "~versions"
_ENTRY = re.compile(r"(\d{8}T\d{12}Z)-([A-Za-z0-9][A-Za-z0-9._-]{0,63})")


def entry_name(name: str) -> str:
    """What the environment ``name`` is called in the bin when it is removed now."""
    return f"{datetime.now(timezone.utc).strftime(_STAMP)}-{name}"


def note_removal(prefix: Path, disk: Disk) -> None:
    """Write into an environment what the bin wants to know of it; one step then moves both.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    kernel = Kernels(disk).of(prefix)[0] != "none"
    note = {"owner": disk.owner, "prefix": str(prefix), "kernel": kernel}
    try:
        (prefix / NOTE).parent.mkdir(exist_ok=True)
    except OSError as error:
        raise from_os_error(error, f"changing {prefix.name}", prefix) from error
    replace_file(prefix / NOTE, json.dumps(note).encode())


def bin_list(*, disk: Disk | None = None) -> list[Removed]:
    """What is in the bin, the latest first.

    Raises:
        DiskFailure: the bin cannot be read.
    """
    disk = disk or open_disk()
    return [removed_entry(entry, disk) for entry in sorted(_entries(disk), reverse=True)]


def bin_restore(
    entry: str,
    name: str | None = None,
    *,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Bring an environment back from the bin, with its kernel if it had one.

    Args:
        entry: as ``bin_list`` says, or the name it had (then its latest removal is meant).
        name: what to call it now; None: as before. Another name means a copy.

    Raises:
        NotFound: the bin does not hold it.
        InvalidName, NameTaken: the name cannot be used.
        Busy, DiskFull, DiskFailure, AccessDenied, EngineFailed, Cancelled: it is in the bin still.
    """
    disk = disk or open_disk()
    folder, before = bin_folder(entry, disk)
    wanted = name or before
    check_restorable(wanted, taken_names(disk))
    note = read_note(folder)
    final = disk.envs / wanted
    made_for = str(note.get("prefix") or disk.envs / before)
    kernel, copy = note.get("kernel") is True, made_for != str(final)
    if numbers_in(folder):
        with unfinished(disk, wanted, kernel=kernel) as left:
            with lock(disk, wanted, progress=progress) as held:
                progress.phase("landing")
                land(held, folder, disk.sealed / wanted)
            return arrived(wanted, left, disk=disk, progress=progress)
    with unfinished(disk, wanted, kernel=kernel, entry=folder.name if copy else "") as left:
        with lock(disk, wanted, progress=progress) as held:
            if copy:
                copy_as(folder, wanted, note=left, disk=disk, old=[made_for], progress=progress)
                _restore_history(folder, wanted, held, left, disk, progress)
                # It has landed: what cannot be deleted now is deleted with the rest of the bin.
                try:
                    delete_entry(folder.name, disk, progress)
                except ModelArtsNbError as error:
                    left.failures.append(error.message)
            else:
                left.mark(folder)
                progress.phase("landing")
                land(held, folder, final)
                with contextlib.suppress(OSError):
                    os.unlink(final / NOTE)
                _restore_history(folder, wanted, held, left, disk, progress)
        return announce(final, kernel=kernel, note=left, disk=disk, progress=progress)


def history_of(entry: Path) -> Path:
    """Where the versions of an open environment in the bin are, if it had any."""
    return entry.with_name(f"{entry.name}{_HISTORY}")


def _restore_history(
    folder: Path, name: str, held: Lock, left: Note, disk: Disk, progress: Progress
) -> None:
    """The tree is what counts and is back: versions that do not follow are no error."""
    try:
        if history_of(folder).is_dir():
            land(held, history_of(folder), disk.sealed / name)
    except ModelArtsNbError as error:
        left.failures.append(error.message)
        progress.log(f"its versions are still in the bin: {error.message} {error.cause}")


def delete_entry(entry: str, disk: Disk, progress: Progress = SILENT) -> None:
    """Delete an entry for good. Nothing is done when it is gone already.

    Raises:
        DiskFailure, AccessDenied: something of it is left, but nobody is offered it any more.
        Cancelled: likewise.
    """
    # Its name goes first: a half-deleted environment must not be offered for restoring.
    for folder in (disk.bin / entry, history_of(disk.bin / entry)):
        doomed = folder.with_name(f".{folder.name}")
        try:
            os.rename(folder, doomed)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise from_os_error(error, f"deleting {entry}", doomed) from error
        remove_tree(doomed, progress)


def bin_empty(
    *, days: int = 0, disk: Disk | None = None, progress: Progress = SILENT
) -> list[Removed]:
    """Delete for good what this owner removed, and report what was deleted.

    Args:
        days: only what has been in the bin that many days or longer; 0: all.

    Raises:
        DiskFailure, AccessDenied: something cannot be deleted; the rest is still tried first.
        Cancelled: the user's wish; what is left is still whole or half deleted in the bin.
    """
    disk = disk or open_disk()
    before = datetime.now(timezone.utc) - timedelta(days=days)
    progress.phase("removing")
    gone, failed = [], None
    for removed in bin_list(disk=disk):
        progress.check()
        folder = disk.bin / removed.entry
        if (
            _time(removed.entry) > before
            or read_note(folder).get("owner", disk.owner) != disk.owner
        ):
            continue
        try:
            delete_entry(removed.entry, disk, progress)
        except ModelArtsNbError as error:
            if error.code == "cancelled":
                raise
            failed = error
            continue
        gone.append(removed)
        progress.log(f"deleted {removed.entry}")
    _finish_deleting(disk, progress)
    if failed:
        raise failed
    return gone


def purge(*, disk: Disk | None = None, progress: Progress = SILENT) -> list[Removed]:
    """Delete what has been in the bin for longer than the settings say.

    Raises:
        DiskFailure, AccessDenied, Cancelled: as ``bin_empty``.
    """
    days = config.PersistentDisk(config=config.load()).bin_days
    return bin_empty(days=days, disk=disk, progress=progress)


def removed_entry(entry: str, disk: Disk) -> Removed:
    """One entry of the bin, described."""
    match = _ENTRY.fullmatch(entry)
    assert match, entry
    days = config.PersistentDisk(config=config.load()).bin_days
    when = _time(entry)
    folder = disk.bin / entry
    state = read_state(folder)
    sealed = state is None and bool(numbers_in(folder))
    return Removed(
        entry,
        match[2],
        when.replace(microsecond=0).isoformat(),
        (when + timedelta(days=days)).replace(microsecond=0).isoformat(),
        state.size if state else size_of(folder) if sealed else None,
        "sealed" if sealed else "open",
    )


def read_note(folder: Path) -> dict[str, Any]:
    """What a removed environment says about its removal; empty where it says nothing."""
    try:
        value = json.loads((folder / NOTE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return binned.read_note(folder)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def bin_folder(entry: str, disk: Disk) -> tuple[Path, str]:
    """The folder of a bin entry and the name it had. A name alone means its latest entry.

    Raises:
        NotFound: the bin does not hold it.
    """
    for found in sorted(_entries(disk), reverse=True):
        match = _ENTRY.fullmatch(found)
        if match and entry in (found, match[2]):
            return disk.bin / found, match[2]
    raise NotFound(f"The bin does not hold {entry!r}.", hint="`ma bin list` shows what it holds.")


def check_restorable(name: str, taken: list[str]) -> None:
    """Refuse to restore under a name that is in use.

    Raises:
        InvalidName, NameTaken: choose another with ``--name``.
    """
    try:
        check_free(name, taken)
    except ModelArtsNbError as error:
        error.hint = "Restore it under another name: `ma bin restore ENTRY --name NAME`."
        raise


def _entries(disk: Disk) -> list[str]:
    try:
        return [name for name in os.listdir(disk.bin) if _ENTRY.fullmatch(name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, "reading the bin", disk.bin) from error


def _time(entry: str) -> datetime:
    return datetime.strptime(entry.partition("-")[0], _STAMP).replace(tzinfo=timezone.utc)


def _finish_deleting(disk: Disk, progress: Progress) -> None:
    """Delete what an earlier emptying began and could not end."""
    with contextlib.suppress(OSError, ModelArtsNbError):
        for name in os.listdir(disk.bin):
            if name.startswith(".") and _ENTRY.fullmatch(name[1:].removesuffix(_HISTORY)):
                remove_tree(disk.bin / name, progress)
