"""The archives on the persistent disk."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.archive.formats import suffixed
from modelarts_nb.envs.archive.manifest import describe, side_file
from modelarts_nb.envs.archive.outfile import sweep
from modelarts_nb.envs.model import Archive
from modelarts_nb.errors import NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

_THREADS = 32


def list_archives(*, disk: Disk | None = None) -> list[Archive]:
    """The archives on the disk, the newest first, unfinished ones never.

    Raises:
        DiskMissing, DiskFailure, AccessDenied: the folder cannot be read.
    """
    disk = disk or open_disk()
    try:
        names = os.listdir(disk.archives)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, "reading the archives folder", disk.archives) from error
    paths = [disk.archives / n for n in names if not n.startswith(".") and suffixed(n)]

    def one(path: Path) -> Archive | None:
        with contextlib.suppress(OSError):  # removed by somebody else meanwhile
            return describe(path)
        return None

    with ThreadPoolExecutor(_THREADS) as pool:
        found = [archive for archive in pool.map(one, paths) if archive]
    return sorted(found, key=lambda archive: (archive.created, archive.path.name), reverse=True)


def remove_archive(name: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Archive:
    """Delete an archive of the disk and its manifest for good, and what dead packings left.

    Args:
        name: the file's name, as ``list_archives`` shows it.

    Raises:
        NotFound: no archive of this name is in the archives folder.
        DiskFailure, AccessDenied: it cannot be deleted.
    """
    disk = disk or open_disk()
    found = [a for a in list_archives(disk=disk) if name in (a.path.name, str(a.path))]
    if not found:
        raise NotFound(
            f"There is no archive {name!r} on the disk.", hint="`ma archive list` shows all."
        )
    archive = found[0]
    try:
        archive.path.unlink()
        side_file(archive.path).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, f"removing {name}", archive.path) from error
    sweep(disk.archives)
    progress.log(f"removed {archive.path}")
    return archive
