"""Open: a version of a sealed environment becomes a folder tree again, on the disk or anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import require_space
from modelarts_nb.disk.staging import land
from modelarts_nb.envs.announcing import announce
from modelarts_nb.envs.archive.arrival import Arrival
from modelarts_nb.envs.archive.destination import announce_elsewhere, built, require_free
from modelarts_nb.envs.archive.extract import Extractor
from modelarts_nb.envs.archive.safety import Namespace
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.damage import named
from modelarts_nb.envs.sealed.extraction import extract
from modelarts_nb.envs.sealed.fitness import require_fit
from modelarts_nb.envs.sealed.merged import Merged, merge
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.required import required
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.versions import read_version
from modelarts_nb.envs.state import State, now, write_state
from modelarts_nb.envs.unfinished import Note, unfinished
from modelarts_nb.errors import ArchiveInvalid, NotFound, UsageError, from_os_error
from modelarts_nb.progress import SILENT, Progress


def open_tree(
    name: str,
    *,
    prefix: str | None = None,
    number: int | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Make a sealed environment a folder tree.

    Without ``prefix`` the tree lies on the persistent disk and is the environment from now on; its
    versions stay as its history, and what was changed here and not saved is saved first. Running
    kernels keep the local copy they started from.

    Args:
        name: a sealed environment.
        prefix: a folder instead, which must not exist or be empty; the environment stays sealed.
        number: the version; None: the newest.

    Returns:
        The tree as an environment.

    Raises:
        NotFound: there is no such environment or version, or one of its images is gone.
        UsageError: it is open already.
        NameTaken: the folder cannot be used.
        PlatformMismatch: it was made for another machine.
        ArchiveInvalid, ArchiveHostile: a version, or one of its images, is damaged.
        EngineFailed: the new prefix is longer than a package left room for.
        Busy, DiskFull, DiskFailure, AccessDenied, Cancelled: nothing is left behind.
    """
    disk = disk or open_disk()
    name = required(name, disk, otherwise=_open_already(name))
    if prefix:
        return _elsewhere(name, prefix, number, disk, progress)
    if slots.current(disk, name):
        save(name, why="before it was opened", disk=disk, progress=progress)
    final = disk.envs / name
    kernel = Kernels(disk).of_name(name)[0] != "none"
    with unfinished(disk, name, kernel=kernel) as note:
        with lock(disk, name, progress=progress):
            if os.path.lexists(disk.envs / name):
                raise _open_already(name)
            version = read_version(disk, name, number)
            _make(version, final, disk, note, progress)
        # The tree is there: from now on it is the truth.
        slots.choose_none(disk, name)
        progress.log(f"opened {name} version {version.number} in {final}")
        return announce(final, kernel=kernel, note=note, disk=disk, progress=progress)


def _open_already(name: str) -> UsageError:
    return UsageError(f"{name!r} is open already.", hint=f"`ma env seal {name}` seals it again.")


def _elsewhere(
    name: str, prefix: str, number: int | None, disk: Disk, progress: Progress
) -> Environment:
    final = Path(os.path.abspath(Path(prefix).expanduser()))
    if final.parent == disk.envs:
        raise UsageError(
            f"{final} is where environments of the disk lie, under their own names.",
            hint=f"`ma env clone {name} {final.name}`, then `ma env open {final.name}`.",
        )
    require_free(final, disk)
    _make(read_version(disk, name, number), final, disk, None, progress)
    progress.log(f"wrote {name} into {final}")
    return announce_elsewhere(final, False, disk, progress)


def _make(version: Version, final: Path, disk: Disk, note: Note | None, progress: Progress) -> None:
    """Land the tree of a version at ``final``."""
    require_fit(version, progress)
    try:
        merged = merge(version, disk)
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, "making the folder", final.parent) from error
        require_space(final.parent, bytes=merged.size, files=len(merged.held))
        with built(final, disk, "open") as (stage, content):
            _write(merged, content, final, disk, progress)
            if note:
                note.mark(content)
            progress.check()
            progress.phase("landing")
            if os.path.isdir(final) and not os.listdir(final):
                final.rmdir()  # only an empty folder of the user's own goes
            land(stage, content, final)
    except (ArchiveInvalid, NotFound) as error:
        raise named(error, version, disk) from error


def _write(merged: Merged, content: Path, final: Path, disk: Disk, progress: Progress) -> None:
    try:
        content.mkdir()
    except OSError as error:
        raise from_os_error(error, "making the folder", content) from error
    threads = threads_for(content, config.Transfer(config=config.load()).threads)
    arrivals = list[Arrival]()

    def rewrite(extractor: Extractor) -> None:
        """Files are rewritten as long as they have one name only."""
        arrival = Arrival(content, [slots.PLACEHOLDER], final, extractor.drain, progress)
        for path, held in merged.of_kind("file"):
            if held.prefix and not path.endswith((".pyc", ".pyo")):
                arrival.later(path)
        arrival.rewrite(threads)
        arrivals.append(arrival)

    extract(merged, content, disk, before_links=rewrite, progress=progress)
    links = {path: held.placed.member.target for path, held in merged.of_kind("hardlink")}
    for arrival in arrivals:
        arrival.finish(Namespace(hardlinks=links))
    version = merged.version
    write_state(
        content,
        State(
            prefix=str(final),
            created=now(),
            origin=version.origin,
            size=merged.size,
            files=merged.files,
            engine="open",
            requested=version.requested,
        ),
    )
