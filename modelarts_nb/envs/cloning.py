"""Clone: every file of an environment, conda's and pip's, copied and made true at a new prefix."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.filecopy import NO_LINK
from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.names import check_free
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import human_bytes, require_space
from modelarts_nb.disk.staging import land, staged
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.envs import bytecode
from modelarts_nb.envs.announcing import announce, wants_kernel
from modelarts_nb.envs.inventory import holders
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import find_prefix, taken_names
from modelarts_nb.envs.records import record_names
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.cloned import clone_announced
from modelarts_nb.envs.sealed.cloning import sealed_source
from modelarts_nb.envs.sealed.unsaved import seems_unsaved
from modelarts_nb.envs.state import State, now, read_state, write_state
from modelarts_nb.envs.survey import Survey, survey
from modelarts_nb.envs.twin import is_written
from modelarts_nb.envs.unfinished import Note, unfinished
from modelarts_nb.errors import Busy, DiskFailure, LinksRefused, from_os_error
from modelarts_nb.progress import SILENT, Progress


@dataclass(frozen=True)
class Copied:
    """What a copy holds: files (links too), their size in bytes, and what could not be changed."""

    files: int
    bytes: int
    unfit: tuple[str, ...]


def clone(
    source: str,
    name: str,
    *,
    link: bool = False,
    kernel: bool | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Copy the environment ``source`` to the persistent disk as ``name``.

    Nothing is solved or downloaded, and the source is never modified. The clone of a sealed one is
    sealed and has the same images; no file is copied.

    Args:
        source: a name on the disk, a name in the image, or the path of any prefix; a version of a
            name as ``mine@2``, a sealed environment of a source as ``team:mine``.
        name: the new environment's.
        link: share the files with the source (hard links) instead of copying them, except those
            that differ and those that package tools write into. conda and pip replace files, so
            what they install into one is not in the other; a file that is edited in place is
            edited in both. Both must be on one file system.
        kernel: register a kernel for it; None: as the settings say.

    Returns:
        The new environment. Without ipykernel in it ``kernel`` is ``none`` and the log says why.

    Raises:
        InvalidName, NameTaken: the name cannot be used.
        NotFound, NotAnEnvironment: the source is not there or not a conda environment.
        PlatformMismatch: a sealed one that cannot run on this machine.
        ArchiveInvalid: the version of a sealed one is damaged, or of a newer tool.
        LinksRefused: ``link``, and the source is on another file system, or this one has none.
        Busy: somebody is working on the source or under the name.
        DiskFull, DiskFailure, AccessDenied: the disk refused; nothing is left behind.
        EngineFailed: the new prefix is longer than a package left room for.
        Cancelled: the user's wish; nothing is left behind.
    """
    disk = disk or open_disk()
    with ThreadPoolExecutor(1) as beside_us:
        template = beside_us.submit(sealed_source, source, disk)
        check_free(name, taken_names(disk))
    if sealed := template.result():
        wanted = wants_kernel(kernel)
        environment = clone_announced(sealed, name, kernel=wanted, disk=disk, progress=progress)
        if source.lower() == sealed.version.name.lower():
            _tell_unsaved(sealed.version.name, disk, progress)
        return environment
    prefix = find_prefix(source, disk=disk)
    if prefix.parent == disk.envs and (holder := holders(disk).get(prefix.name.lower())):
        raise Busy(
            f"{holder} is working on {prefix.name!r}.", hint="Wait until it ends, then try again."
        )
    final = disk.envs / name
    with unfinished(disk, name, kernel=wants_kernel(kernel)) as note:
        # Locking waits for the disk that is written, the survey for the one that is read.
        with ThreadPoolExecutor(1) as beside_us:
            found = beside_us.submit(survey, prefix, final, disk=disk, progress=progress)
            with lock(disk, name, progress=progress), staged(disk, f"clone {name}") as stage:
                check_free(name, taken_names(disk))
                content = stage.path / "content"
                if link:
                    require_links(prefix, stage.path)
                copied = copy_prefix(
                    found.result(), content, disk=disk, link=link, progress=progress
                )
                before = read_state(prefix)
                state = State(
                    prefix=str(final),
                    created=now(),
                    origin=str(prefix),
                    size=copied.bytes,
                    files=copied.files,
                    engine="clone",
                    requested=before.requested if before else (),
                )
                write_state(content, state)
                note.mark(content)
                progress.phase("landing")
                land(stage, content, final)
        shared = ", shared with it" if link else ""
        progress.log(f"cloned {prefix}: {copied.files} files, {human_bytes(copied.bytes)}{shared}")
        return announce(final, kernel=kernel, note=note, disk=disk, progress=progress)


def _tell_unsaved(name: str, disk: Disk, progress: Progress) -> None:
    """A clone of a sealed environment has what is saved of it."""
    slot = slots.current(disk, name)
    if slot and seems_unsaved(slot):
        progress.log(
            f"what is unsaved of {slot.name} is not in the clone; "
            f"`ma env save {slot.name}` makes it a version"
        )


def copy_prefix(
    found: Survey,
    target: Path,
    *,
    disk: Disk,
    link: bool = False,
    progress: Progress = SILENT,
) -> Copied:
    """Copy the environment that was found into ``target``, so that it is true once it has landed.

    Args:
        found: what ``survey`` says of the source, which is never modified.
        target: a folder of a stage; is made.
        disk: the disk that is written, to know its free space.
        link: see ``clone``; what cannot be a hard link is copied.

    Raises:
        Busy, DiskFull, DiskFailure, AccessDenied, EngineFailed, Cancelled: as ``clone``.
    """
    tree, most = found.tree, config.Transfer(config=config.load()).threads
    if link:
        own = [e for e in tree.entries if e.kind == "file" and is_written(e.path)]
        require_space(disk.root, bytes=sum(e.size for e in own), files=len(own) + tree.dirs)
    else:
        require_space(disk.root, bytes=tree.bytes, files=tree.files + tree.dirs)
    try:
        copy_tree(
            tree,
            target,
            content=found.move.content,
            asks=found.asks,
            retarget=found.move.retarget,
            times=bytecode.has_time,
            link=(lambda entry: not is_written(entry.path)) if link else None,
            threads=threads_for(disk.root, most, few=1) if link else most,
            progress=progress,
        )
    except DiskFailure as error:
        # Removed meanwhile is no failure of the disk.
        if isinstance(error.__cause__, FileNotFoundError):
            found.require_steady(progress)
        raise
    found.require_steady(progress)
    os.chmod(target, target.stat().st_mode | 0o700)
    progress.phase("rewriting")
    moved = found.move.finish(tree, target)
    return Copied(tree.files, tree.bytes, moved.unfit)


def copy_as(
    source: Path,
    name: str,
    *,
    note: Note,
    disk: Disk,
    old: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Path:
    """Put a copy of ``source`` on the disk as ``name``, with the same history and origin.

    The caller holds the lock of ``name`` and keeps ``note`` of what is to follow. Other arguments
    and the errors are those of ``survey`` and ``copy_prefix``.

    Returns:
        Where it landed.

    Raises:
        NameTaken: somebody was faster.
    """
    final = disk.envs / name
    with staged(disk, f"copy {name}") as stage:
        content = stage.path / "content"
        found = survey(source, final, disk=disk, old=old, progress=progress)
        copied = copy_prefix(found, content, disk=disk, progress=progress)
        state = read_state(source) or State(prefix="", created=now())
        write_state(
            content, replace(state, prefix=str(final), size=copied.bytes, files=copied.files)
        )
        note.mark(content)
        progress.phase("landing")
        land(stage, content, final)
    return final


def require_links(source: Path, folder: Path) -> None:
    """Try whether a file of the environment at ``source`` can have another name in ``folder``.

    Raises:
        LinksRefused: it cannot; the hint says what can be done.
        DiskFull, DiskFailure: the disk failed.
    """
    name = next(iter(record_names(source)), "history")
    trial = folder / "link"
    try:
        os.link(source / "conda-meta" / name, trial, follow_symlinks=False)
        os.unlink(trial)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise from_os_error(error, "trying a hard link", trial) from error
        why = (
            "they are on different file systems"
            if error.errno == errno.EXDEV
            else "this file system, or whoever owns the files, allows no hard links"
        )
        raise LinksRefused(
            f"{source.name!r} and its clone cannot share their files: {why}.",
            hint="Run the same without --link: then every file is copied.",
            cause=str(error),
        ) from error
