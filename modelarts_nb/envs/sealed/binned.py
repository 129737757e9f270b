"""Sealed environments in the bin: their folder of versions, as it was, and a note."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.announcing import announce_sealed
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed.versions import head_of
from modelarts_nb.envs.unfinished import Note
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.progress import Progress

#: Beside the versions, in the folder that goes to the bin.
NOTE = ".removed.json"


def write_note(folder: Path, disk: Disk, *, kernel: bool) -> None:
    """Say whose removal it is, and whether there was a kernel.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    replace_file(folder / NOTE, json.dumps({"owner": disk.owner, "kernel": kernel}).encode())


def read_note(folder: Path) -> dict[str, Any]:
    """What ``write_note`` wrote; empty where there is nothing."""
    try:
        value = json.loads((folder / NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def numbers_in(folder: Path) -> list[int]:
    """The versions in a folder of the bin; none: it is no sealed environment."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    if "conda-meta" in names:
        return []
    stems = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def size_of(folder: Path) -> int | None:
    """The bytes of the environment in its newest version, unpacked."""
    found = numbers_in(folder)
    try:
        return head_of(folder / f"{found[-1]}.json").size or None if found else None
    except ModelArtsNbError:
        return None


def arrived(name: str, note: Note, *, disk: Disk, progress: Progress) -> Environment:
    """Let a sealed environment that came back from the bin be known again."""
    with contextlib.suppress(OSError):
        os.unlink(disk.sealed / name / NOTE)
    return announce_sealed(name, kernel=note.kernel, note=note, disk=disk, progress=progress)
