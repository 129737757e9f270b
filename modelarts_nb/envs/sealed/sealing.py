"""``seal``: an open environment becomes an image and a version that names it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.landing import land
from modelarts_nb.disk.locks import Lock, lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.scan import Entry
from modelarts_nb.disk.space import human_bytes
from modelarts_nb.disk.steady import require_steady
from modelarts_nb.envs.archive import formats
from modelarts_nb.envs.archive.survey import Survey, survey
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.bin import entry_name, note_removal
from modelarts_nb.envs.condafiles import tell_conda
from modelarts_nb.envs.inventory import show
from modelarts_nb.envs.kernels import write_kernel, write_sealed_kernel
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import on_disk
from modelarts_nb.envs.sealed.draft import added, draft
from modelarts_nb.envs.sealed.imaging import Image, write_image
from modelarts_nb.envs.sealed.merged import merge
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.overlay import overlay
from modelarts_nb.envs.sealed.placeholder import Members, of_tree
from modelarts_nb.envs.sealed.versions import numbers, read_version, write_version
from modelarts_nb.envs.swaps import finish_swaps
from modelarts_nb.errors import ArchiveInvalid, ModelArtsNbError, PackRefused
from modelarts_nb.progress import SILENT, Progress

_INSTEAD = {
    "missing": "Install again what misses files: `ma env check {name} --fix`.",
    "outside": "Remove these links, or put what they lead to into the environment.",
}


def seal(
    name: str,
    *,
    why: str = "",
    level: int | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Make an open environment of the disk a sealed one: one image, and a version that names it.

    The tree goes to the bin when the version is on the disk, so a kill leaves one of both, and the
    same command does the rest. A kernel stays registered. Packages in editable mode stay where
    their code is; they are named in the log.

    Args:
        name: an environment in the envs dir.
        why: what to remember of this version.
        level: of compression (zstd); None: that of archives.

    Returns:
        The sealed environment. It is filled into the local disk when somebody needs it.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment.
        PackRefused: files are missing, or links lead out; the message lists them.
        EngineFailed: a package left no room for the prefix of sealed environments.
        ConfigInvalid: sealed environments cannot run in this container's run root.
        UsageError: a level that cannot be.
        Busy: somebody works on the environment, or a file changed while it was read.
        DiskFull, DiskFailure, AccessDenied, Cancelled: it is open, as it was.
    """
    disk = disk or open_disk()
    level = formats.check_level(formats.TAR_ZST, level)
    finish_swaps(disk)
    if sealed := find_sealed(name, disk):
        progress.log(f"{sealed} is sealed already")
        return show(sealed, disk=disk)
    prefix = on_disk(name, disk)
    with lock(disk, prefix.name, progress=progress) as held:
        version = _write(prefix, why, level, held, disk, progress)
        progress.check()
        progress.phase("landing")
        _replace_tree(prefix, held, disk, progress)
    progress.log(
        f"sealed {prefix.name} as version {version.number}: {version.files:,} files, "
        f"{human_bytes(version.size)}, in {human_bytes(version.layers[0].size)}"
    )
    return show(prefix.name, disk=disk)


def _write(
    prefix: Path, why: str, level: int, held: Lock, disk: Disk, progress: Progress
) -> Version:
    """The version of the tree at ``prefix``, on the disk with its image."""
    with overlay(disk) as over, Team() as team:

        def found(entries: Sequence[Entry]) -> None:
            team.expect(sum(entry.size for entry in entries), count=os.cpu_count() or 1)

        seen = survey(
            prefix,
            disk=disk,
            exclude=(),
            ignore_editable_packages=True,
            ignore_missing_files=False,
            threads=config.Transfer(config=config.load()).threads,
            found=found,
            progress=progress,
        )
        _refuse(prefix.name, seen, progress)
        members = of_tree(seen, over, progress=progress)
        image = write_image(
            members.items,
            prefix.name,
            disk=disk,
            team=team,
            threads=seen.threads,
            level=level,
            progress=progress,
        )
        require_steady(seen.tree, skip=seen.skipped, threads=seen.threads, progress=progress)
    version = _version(prefix, why, seen, members, image, disk)
    merge(version, disk)  # what cannot be filled must not take the place of a tree
    if version.parent is not None:
        before = read_version(disk, version.name, version.parent)
        if before.layers == version.layers:
            return before
    return write_version(disk, version, held)


def _refuse(name: str, seen: Survey, progress: Progress) -> None:
    errors = [finding for finding in seen.findings if finding.level == "error"]
    if errors:
        what = "\n".join(f"- {finding.message}" for finding in errors)
        hints = dict.fromkeys(_INSTEAD.get(f.check, f.fix).format(name=name) for f in errors)
        raise PackRefused(
            f"{name} cannot be sealed as it is:\n{what}",
            hint="\n".join(hints),
            cause="\n".join(path for finding in errors for path in finding.files[:20]),
        )
    for finding in seen.findings:
        progress.log(finding.message)


def _version(
    prefix: Path, why: str, seen: Survey, members: Members, image: Image, disk: Disk
) -> Version:
    parent = _newest(disk, prefix.name)
    return replace(
        draft(prefix, prefix.name, seen.contents, disk, before=None),
        layers=(Layer(image.sha256, image.size, image.plain, (), members.prefix),),
        why=why,
        parent=parent.number if parent else None,
        stored=added(image, parent),
        unfit=members.unfit,
    )


def _newest(disk: Disk, name: str) -> Version | None:
    """The newest version that can be read; None: there is none."""
    for number in reversed(numbers(disk, name)):
        try:
            return read_version(disk, name, number)
        except ArchiveInvalid:
            continue
    return None


def _replace_tree(prefix: Path, held: Lock, disk: Disk, progress: Progress) -> None:
    """Let the version take the place of the tree: the rename is what decides.

    The kernel comes first, which starts from a tree as well.
    """
    kernel = Kernels(disk).of(prefix)[0] != "none"
    if running := _running(prefix):
        progress.log(
            f"{running} process(es) of this container run in the tree, which goes to the bin: "
            "restart these kernels"
        )
    try:
        if kernel:
            write_sealed_kernel(prefix.name, disk)
        note_removal(prefix, disk)
        entry = entry_name(prefix.name)
        land(held, prefix, disk.bin / entry)
    except ModelArtsNbError:
        if kernel and prefix.is_dir():
            write_kernel(prefix, disk)
        raise
    progress.log(f"the tree of {prefix.name} is in the bin as {entry}")
    try:
        tell_conda(disk)
    except ModelArtsNbError as error:
        progress.log(f"conda still lists the tree: {error.message} {error.cause}")


def _running(prefix: Path) -> int:
    """How many processes of this container were started from the environment at ``prefix``."""
    count, inside = 0, f"{os.path.realpath(prefix)}/"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            count += os.readlink(f"/proc/{pid}/exe").startswith(inside)
    return count
