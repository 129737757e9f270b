"""Sources: folders of a team mate or a team whose sealed environments may be used, read only.

    <source>/sealed/<name>/<number>.json
    <source>/images/<sha256>.tar.zst

A source is called like its folder, or like the disk whose ``envs`` it is; its environment ``mine``
is ``team:mine``. Only the owner's list of folders is ours; nothing is ever written into a source.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.names import suggest_name
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.sealed.answers import Offered, Source
from modelarts_nb.envs.sealed.fitness import require_fit
from modelarts_nb.envs.sealed.listing import highlights_of
from modelarts_nb.envs.sealed.versions import numbers, read_head, sealed_names
from modelarts_nb.errors import (
    ModelArtsNbError,
    NameTaken,
    NotFound,
    PlatformMismatch,
    UsageError,
    from_os_error,
)
from modelarts_nb.progress import SILENT, Progress

_FILE = "sources.json"
_THREADS = 16


@dataclass(frozen=True)
class SourceDisk(Disk):
    """A source as the functions that read versions and images see a disk."""

    folder: Path = Path("/")

    @property
    def images(self) -> Path:
        """Images of the source."""
        return self.folder / "images"

    @property
    def sealed(self) -> Path:
        """Versions of the source."""
        return self.folder / "sealed"


def list_sources(*, disk: Disk | None = None) -> list[Source]:
    """All sources with the sealed environments that they offer, each in its newest version.

    A source or a version that cannot be read says why.
    """
    named = source_disks(disk or open_disk())
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(_described, named, named.values()))


def add(path: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Source:
    """Use the sealed environments of the folder ``path``, now and after every restart.

    Args:
        path: a folder with ``sealed`` and ``images``, or a disk whose ``envs`` has them.

    Returns:
        The source, with what it offers.

    Raises:
        NotFound: there is no folder at ``path``, or it has no sealed environments.
        UsageError: it is this disk's own.
        NameTaken: it is a source already.
        DiskFull, DiskFailure, AccessDenied: it cannot be read, or the list cannot be written.
    """
    disk = disk or open_disk()
    folder = _checked(Path(os.path.abspath(Path(path).expanduser())))
    known = source_folders(disk)
    if _same(folder, disk.sealed.parent):
        raise UsageError(
            f"{folder} is this disk's own: its environments are there already.",
            hint="`ma env list` shows them.",
        )
    for name, other in _named(known).items():
        if _same(folder, other):
            raise NameTaken(
                f"{folder} is a source already, called {name!r}.",
                hint="`ma env sources list` shows what it offers.",
            )
    _write(disk, [*known, folder])
    name, there = list(source_disks(disk).items())[-1]
    progress.log(f"{folder} is the source {name!r}: `ma env clone {name}:ENVIRONMENT NAME`")
    return _described(name, there)


def remove(source: str, *, disk: Disk | None = None, progress: Progress = SILENT) -> Source:
    """Use a source no more. Environments that were cloned from it and need its images stay, and
    cannot be filled until it is added again.

    Args:
        source: what it is called, or its folder.

    Returns:
        What it was called, and its folder.

    Raises:
        NotFound: it is no source.
        DiskFull, DiskFailure, AccessDenied: the list cannot be written.
    """
    disk = disk or open_disk()
    folder = Path(os.path.abspath(Path(source).expanduser()))
    for name, known in _named(source_folders(disk)).items():
        if source == name or known in (folder, folder / "envs"):
            _write(disk, [other for other in source_folders(disk) if other != known])
            progress.log(f"{known} is no source any more")
            return Source(name, known)
    raise NotFound(f"There is no source {source!r}.", hint="`ma env sources list` shows all.")


def source_folders(disk: Disk) -> list[Path]:
    """The folders that were added; each has ``sealed/`` and ``images/``."""
    try:
        value = json.loads((disk.own / _FILE).read_bytes())
    except (OSError, ValueError):
        return []
    texts = value if isinstance(value, list) else []
    return [Path(text) for text in texts if isinstance(text, str) and text.startswith("/")]


def source_disks(disk: Disk) -> dict[str, SourceDisk]:
    """All sources by what they are called."""
    named = _named(source_folders(disk))
    return {
        name: SourceDisk(folder.parent, disk.owner, disk.home, folder)
        for name, folder in named.items()
    }


def _described(name: str, there: SourceDisk) -> Source:
    try:
        offered = [_offered(name, each, there) for each in sealed_names(there)]
    except ModelArtsNbError as error:
        return Source(name, there.folder, problem=error.message)
    problem = "" if offered or there.sealed.is_dir() else "The folder is not there."
    return Source(name, there.folder, tuple(o for o in offered if o), problem)


def _offered(source: str, name: str, there: SourceDisk) -> Offered | None:
    known = numbers(there, name)
    if not known:
        return None
    called = f"{source}:{name}"
    try:
        version = read_head(there, name, known[-1])
    except ModelArtsNbError as error:
        return Offered(called, known[-1], unfit=error.message)
    try:
        require_fit(version)
        unfit = ""
    except PlatformMismatch as error:
        unfit = error.message
    return Offered(
        name=called,
        number=version.number,
        created=version.created,
        why=version.why,
        python=version.python,
        arch=version.arch,
        glibc=version.glibc,
        accelerator=version.accelerator,
        highlights=highlights_of(version.packages),
        size=version.size,
        stored=sum(layer.size for layer in version.layers),
        unfit=unfit,
    )


def _named(folders: Iterable[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for folder in folders:
        own = folder.parent if folder.name == "envs" else folder
        named[suggest_name(own.name or "source", named)] = folder
    return named


def _checked(path: Path) -> Path:
    """The folder that has ``sealed`` and ``images``: ``path`` itself, or its ``envs``."""
    try:
        names = os.listdir(path)
        if "sealed" not in names and "envs" in names:
            path, names = path / "envs", os.listdir(path / "envs")
        sealed = os.listdir(path / "sealed") if "sealed" in names else []
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            f"There is no folder {path}.", hint="Is the storage attached, and the path right?"
        ) from error
    except OSError as error:
        raise from_os_error(error, f"looking at {path}", path) from error
    if not any(not name.startswith(".") for name in sealed):
        raise NotFound(
            f"{path} has no sealed environments.",
            hint="Name the folder that has `sealed` and `images`: the `envs` of a disk on which "
            "somebody ran `ma env seal`.",
        )
    return path


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def _write(disk: Disk, folders: list[Path]) -> None:
    text = json.dumps([str(folder) for folder in folders], indent=1)
    try:
        disk.own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "keeping the list of sources", disk.own) from error
    replace_file(disk.own / _FILE, f"{text}\n".encode())
