"""What of a local copy differs from the version it was filled from.

Whoever writes into an environment asks nobody: pip in a kernel, an editor, a shell. What tells is
the time of the last change of a file's status (ctime), which nothing but the kernel sets.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.records import python_version, record_names, site_packages
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.slots import Slot, is_there
from modelarts_nb.envs.state import STATE
from modelarts_nb.errors import from_os_error

#: Ours, true of one place only: in no image, and never a change.
OURS = os.path.dirname(STATE)
# File systems count time in steps: of a few milliseconds on Linux, of two seconds on some.
_LONGEST_STEP = 2.5
_PAUSE = 0.001


@dataclass(frozen=True)
class Changes:
    """What differs, as paths in the environment: ``changed`` are new or other than in the version,
    ``deleted`` are not there any more (a folder: with all below it). ``bytes`` are those of the
    changed files. False when nothing differs."""

    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.changed or self.deleted)


def watch(path: Path) -> tuple[int, dict[str, tuple[str, ...]]]:
    """From now on every change of the environment at ``path`` can be told.

    Call it when everything that belongs to its version is written.

    Returns:
        What ``slots.Slot`` notes: ``clean`` (nanoseconds, as the file system tells the time; what
        changes after this returns has a later one) and ``names``.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the local disk refused.
    """
    try:
        clean = _time_at(path)
        deadline = time.monotonic() + _LONGEST_STEP
        while _time_at(path) <= clean and time.monotonic() < deadline:
            time.sleep(_PAUSE)
    except OSError as error:
        raise from_os_error(error, "looking at a local copy", path) from error
    return clean, {folder: _names(path / folder) for folder in _telling(path)}


def seems_unsaved(slot: Slot) -> bool:
    """Quickly, from the names in a few folders: was a package installed or removed?

    What only changed inside files is not seen; ``changes`` sees it.

    Raises:
        DiskFailure, AccessDenied: the local disk cannot be read.
    """
    if not is_there(slot):
        return False
    if slot.dirty:
        return True
    return any(_names(slot.path / folder) != names for folder, names in slot.names.items())


def changes(slot: Slot, version: Version, disk: Disk) -> Changes:
    """Everything in ``slot`` that differs from ``version``. No file is read, but all are looked at.

    Files that Python compiled count only beside other changes, links to what no image can carry
    (folders outside of the environment) never.

    Raises:
        NotFound, ArchiveInvalid, ArchiveHostile: an image of the version is gone or damaged.
        DiskFailure, AccessDenied: something cannot be read.
    """
    # These know how archives are written, which whoever only lists environments need not.
    from modelarts_nb.envs.sealed.comparing import compare, look
    from modelarts_nb.envs.sealed.merged import merge

    return compare(slot, look(slot.path), merge(version, disk).held)


def _time_at(path: Path) -> int:
    """The file system's time now: nothing but the ctime of the folder itself is changed."""
    os.chmod(path, os.stat(path).st_mode & 0o7777)
    return os.stat(path).st_ctime_ns


def _telling(path: Path) -> list[str]:
    """The folders that conda and pip add a name to for every package."""
    site = site_packages(path, python_version(record_names(path)))
    inside = [site.relative_to(path).as_posix()] if site else []
    return ["bin", "conda-meta", *inside]


def _names(folder: Path) -> tuple[str, ...]:
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    own = os.path.basename(OURS)
    return tuple(sorted(name for name in names if name not in ("__pycache__", own)))
