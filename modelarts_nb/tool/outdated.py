"""Tools on the disk that nobody needs any more."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.staging import staged
from modelarts_nb.errors import Cancelled, ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.tool.install import BUILD, LOCK
from modelarts_nb.tool.registrations import named_tools

# The newest stay, to go back to.
_KEPT = 2
# Seconds after its last use that a tool stays: a container of another machine may run from it.
_UNUSED = 7 * 24 * 3600.0


def remove_outdated(disk: Disk, progress: Progress = SILENT) -> list[str]:
    """Remove tools that nobody needs. What cannot be found out or removed stays, and is no error.

    The two newest stay; those that a hook of any owner names; the one that this container was
    restored with; those that a process here runs from; and what was used within a week.

    Returns:
        The names of their folders.

    Raises:
        Cancelled: some may be removed.
    """
    removed: list[str] = []
    try:
        with lock(disk, LOCK, progress=progress):
            for tool in _outdated(disk):
                progress.check()
                with staged(disk, f"remove tool {tool.name}") as stage:
                    os.rename(tool, stage.path / "content")
                removed.append(tool.name)
                progress.log(f"removed the tool {tool.name}, which nobody needs any more")
    except Cancelled:
        raise
    except (ModelArtsNbError, OSError, ValueError) as error:
        progress.log(f"older tools stay: {error}")
    return removed


def mark_used(disk: Disk) -> None:
    """Say that the tool that runs this is in use, where it is one of the disk's."""
    tool = Path(sys.prefix)
    with contextlib.suppress(OSError):
        if tool.parent.samefile(disk.tool):
            os.utime(tool)


def _outdated(disk: Disk) -> list[Path]:
    built = {}
    for tool in disk.tool.iterdir() if disk.tool.is_dir() else []:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not tool.is_symlink():
                built[tool] = (tool / BUILD).stat().st_mtime_ns
    older = sorted(built, key=lambda tool: built[tool])[:-_KEPT]
    needed = {*named_tools(disk), *_restored(disk), *_running(disk)} if older else set()
    now = time.time()
    return [t for t in older if t.name not in needed and now - t.stat().st_mtime > _UNUSED]


def _restored(disk: Disk) -> Iterator[str]:
    """The tool that ``ma`` and the Jupyter server of this container start."""
    with contextlib.suppress(FileNotFoundError):
        known = json.loads((disk.local_data / "tool.json").read_bytes())
        if isinstance(known, dict):
            yield from _names(disk, os.fsencode(str(known.get("python"))))


def _running(disk: Disk) -> Iterator[str]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # Processes end while they are looked at, and some are not ours to look at.
        with contextlib.suppress(OSError):
            yield from _names(disk, os.fsencode(os.readlink(f"/proc/{pid}/exe")))
        with contextlib.suppress(OSError):
            yield from _names(disk, Path(f"/proc/{pid}/cmdline").read_bytes())


def _names(disk: Disk, text: bytes) -> Iterator[str]:
    """The tools whose paths are in a text."""
    shelves = {os.fsencode(disk.tool), os.fsencode(os.path.realpath(disk.tool))}
    inside = re.compile(b"(?:%b)/([^/\\0]+)/" % b"|".join(map(re.escape, sorted(shelves))))
    return (os.fsdecode(match[1]) for match in inside.finditer(text))
