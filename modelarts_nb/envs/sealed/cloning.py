"""A clone of a sealed environment: one small file that names the same images."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.names import check_free, taken_by
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.replace import write_new
from modelarts_nb.disk.sync import sync_folder
from modelarts_nb.envs.prefixes import taken_names
from modelarts_nb.envs.sealed.fitness import require_fit
from modelarts_nb.envs.sealed.images import keep
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import known_as, spelling
from modelarts_nb.envs.sealed.sources import source_disks
from modelarts_nb.envs.sealed.versions import head_in, numbers, version_file, with_head
from modelarts_nb.envs.state import now
from modelarts_nb.errors import ModelArtsNbError, NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

_PLAIN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NUMBERED = re.compile(rf"({_PLAIN})@([1-9][0-9]{{0,8}})")
_SOURCED = re.compile(rf"({_PLAIN}):({_PLAIN})(?:@([1-9][0-9]{{0,8}}))?")
_FIRST = "1.json"
_THREADS = 12
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


@dataclass(frozen=True)
class Template:
    """A version that can be cloned: its head, and the content of its file."""

    version: Version
    data: bytes


def sealed_source(source: str, disk: Disk) -> Template | None:
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
        return _template(there, known_as(match[2], there), int(match[3]) if match[3] else None)
    match = _NUMBERED.fullmatch(source)
    name = known_as(match[1], disk) if match else spelling(source, disk)
    if name is None or not (known := numbers(disk, name)):
        return None
    return _template(disk, name, int(match[2]) if match else None, known)


def _template(
    disk: Disk, name: str, number: int | None = None, known: Sequence[int] | None = None
) -> Template:
    path = version_file(disk, name, number, known=known)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise from_os_error(error, f"reading {path.name} of {name}", path) from error
    return Template(head_in(data, path), data)


def clone_sealed(
    template: Template, name: str, *, disk: Disk | None = None, progress: Progress = SILENT
) -> Version:
    """Make the environment ``name`` of which the template is the first version. Its images are
    shared, those of a source stay there; no file of the environment is read or copied.

    Returns:
        The head of the first version of ``name``. The caller tells conda and registers the kernel.

    Raises:
        InvalidName, NameTaken: the name cannot be used.
        NotFound: one of the images is gone.
        PlatformMismatch: it cannot run on this machine.
        Busy, DiskFull, DiskFailure, AccessDenied: nothing is left behind.
    """
    disk, version = disk or open_disk(), template.version
    require_fit(version, progress)
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
    images = [layer.image for layer in version.layers]
    with ThreadPoolExecutor(_THREADS) as pool, _held_by_others(disk, name, progress):
        kept = pool.map(keep, repeat(disk), images)
        # A seal that was killed before it wrote a version may have left an empty folder.
        with contextlib.suppress(OSError):
            os.rmdir(disk.sealed / name)
        check_free(name, taken_names(disk))
        list(kept)
        progress.phase("landing")
        try:
            _land(disk, name, with_head(first, template.data))
        except OSError as error:
            raise from_os_error(error, f"writing the clone {name}", disk.sealed) from error
    progress.log(f"cloned {version.name} version {version.number}: its images are shared")
    return first


def _held_by_others(disk: Disk, name: str, progress: Progress) -> AbstractContextManager[object]:
    """The lock of ``name`` where somebody has it: it is refused, or taken from a dead one.

    Else none is needed: a clone lands at once, and what is decided by locks is who waits.
    """
    holding = re.compile(re.escape(name.lower()) + r"(@\d+)?\.json")
    try:
        held = any(holding.fullmatch(entry) for entry in os.listdir(disk.locks))
    except OSError:
        held = False
    return lock(disk, name, progress=progress) if held else contextlib.nullcontext()


def _land(disk: Disk, name: str, data: bytes) -> None:
    """Let the folder of ``name`` appear with its first version in it, in one step.

    It is built in staging without a heartbeat, which would take longer than all the rest: should
    this process be killed, it is swept like that of any other dead one.

    Raises:
        NameTaken: somebody was faster.
        OSError: the disk failed; there is no such folder.
    """
    target = disk.sealed / name
    built = disk.staging / f"clone-{name}-{uuid.uuid4().hex[:12]}"
    try:
        _make(built)
        write_new(built / _FIRST, data, 0o644)
        inode = os.lstat(built / _FIRST).st_ino
        try:
            os.rename(built, target)
        except FileNotFoundError:
            # There is no folder of sealed environments yet, or the answer of NFS got lost.
            if not _is_at(target, inode):
                disk.sealed.mkdir(parents=True, exist_ok=True)
                os.rename(built, target)
        except OSError as error:
            if error.errno in _TAKEN and not _is_at(target, inode):
                raise taken_by(name) from error
            if error.errno not in _TAKEN:
                raise
    except BaseException:
        with contextlib.suppress(OSError, ModelArtsNbError):
            remove_tree(built)
        raise
    # Where two names that differ in case appear at once, whoever sees the other withdraws.
    twins = [other for other in os.listdir(disk.sealed) if other.lower() == name.lower()]
    if twins != [name]:
        remove_tree(target)
        raise taken_by(name)
    sync_folder(disk.sealed)


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except FileNotFoundError:
        folder.mkdir(parents=True)


def _is_at(target: Path, inode: int) -> bool:
    try:
        return os.lstat(target / _FIRST).st_ino == inode
    except OSError:
        return False
