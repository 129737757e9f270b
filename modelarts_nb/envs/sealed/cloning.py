"""A clone of a sealed environment: one small file that names the same images."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.replace import write_new
from modelarts_nb.disk.staging import land, staged
from modelarts_nb.envs.prefixes import taken_names
from modelarts_nb.envs.sealed.fitness import require_fit
from modelarts_nb.envs.sealed.images import keep
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import find_sealed, known_as
from modelarts_nb.envs.sealed.sources import source_disks
from modelarts_nb.envs.sealed.versions import numbers, read_version, to_bytes
from modelarts_nb.envs.state import now
from modelarts_nb.errors import NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

_PLAIN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NUMBERED = re.compile(rf"({_PLAIN})@([1-9][0-9]{{0,8}})")
_SOURCED = re.compile(rf"({_PLAIN}):({_PLAIN})(?:@([1-9][0-9]{{0,8}}))?")


def sealed_source(source: str, disk: Disk) -> Version | None:
    """The version that is to be cloned.

    Args:
        source: ``mine`` (its newest version, where it is sealed), ``mine@2``, or of a source
            ``team:mine`` and ``team:mine@2``.

    Returns:
        None: it is no sealed environment that is named so.

    Raises:
        NotFound: there is no such source, environment or version.
        ArchiveInvalid: the version is damaged, or of a newer tool.
        DiskFailure, AccessDenied: it cannot be read.
    """
    if match := _SOURCED.fullmatch(source):
        sources = source_disks(disk)
        if match[1] not in sources:
            raise NotFound(
                f"There is no source called {match[1]!r}.",
                hint="`ma env sources list` shows all; `ma env sources add PATH` adds one.",
            )
        there = sources[match[1]]
        return read_version(there, known_as(match[2], there), int(match[3]) if match[3] else None)
    if match := _NUMBERED.fullmatch(source):
        name = known_as(match[1], disk)
        return read_version(disk, name, int(match[2])) if numbers(disk, name) else None
    sealed = find_sealed(source, disk)
    return read_version(disk, sealed) if sealed else None


def clone_sealed(
    version: Version, name: str, *, disk: Disk | None = None, progress: Progress = SILENT
) -> Version:
    """Make the environment ``name`` of which ``version`` is the first version. Its images are
    shared, those of a source stay there; no file of the environment is read or copied.

    Returns:
        The first version of ``name``. The caller tells conda and registers the kernel.

    Raises:
        InvalidName, NameTaken: the name cannot be used.
        NotFound: one of the images is gone.
        PlatformMismatch: it cannot run on this machine.
        Busy, DiskFull, DiskFailure, AccessDenied: nothing is left behind.
    """
    disk = disk or open_disk()
    require_fit(version, progress)
    with lock(disk, name, progress=progress), staged(disk, f"clone {name}") as stage:
        # A seal that was killed before it wrote a version may have left an empty folder.
        with contextlib.suppress(OSError):
            os.rmdir(disk.sealed / name)
        check_free(name, taken_names(disk))
        for layer in version.layers:
            keep(disk, layer.image)
        first = replace(
            version,
            name=name,
            number=1,
            parent=None,
            created=now(),
            owner=disk.owner,
            why=f"clone of {version.name} version {version.number}",
            stored=0,
        )
        folder = stage.path / "content"
        try:
            folder.mkdir()
            write_new(folder / "1.json", to_bytes(first), 0o644)
        except OSError as error:
            raise from_os_error(error, f"writing the clone {name}", folder) from error
        progress.phase("landing")
        land(stage, folder, disk.sealed / name)
    progress.log(f"cloned {version.name} version {version.number}: its images are shared")
    return first
