"""``pack``: one environment becomes one file, read from its prefix and nowhere else."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.scan import Entry
from modelarts_nb.disk.space import require_space
from modelarts_nb.disk.steady import require_steady
from modelarts_nb.envs.archive import formats
from modelarts_nb.envs.archive.body import write_body
from modelarts_nb.envs.archive.manifest import Manifest, as_archive
from modelarts_nb.envs.archive.outfile import OutFile, appear, partial
from modelarts_nb.envs.archive.recorded import platform_here
from modelarts_nb.envs.archive.squashfs import SquashfsWriter
from modelarts_nb.envs.archive.survey import Survey, survey
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.model import Archive
from modelarts_nb.envs.prefixes import find_prefix, name_of
from modelarts_nb.envs.records import installed
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.workplace import turn
from modelarts_nb.envs.state import now, read_state
from modelarts_nb.errors import (
    NameTaken,
    NotFound,
    PackRefused,
    UsageError,
    from_os_error,
)
from modelarts_nb.progress import SILENT, Progress


def pack(
    name: str,
    *,
    output: str | None = None,
    format: str | None = None,
    level: int | None = None,
    threads: int | None = None,
    ignore_editable_packages: bool = False,
    ignore_missing_files: bool = False,
    exclude: Sequence[str] = (),
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Archive:
    """Pack an environment into an archive that we, conda-pack's users and ``tar`` understand.

    Args:
        name: an environment's name or prefix. A sealed one is packed as it is on the local disk.
        output: the file to write, its suffix the format; a folder, to write into it; None: the
            disk's archives folder.
        format: ``tar.zst`` (default), ``tar.gz``, ``tar`` or ``squashfs``.
        level: of compression; None is the format's default (zstd 2, gzip 4).
        threads: that compress; None: one for each core.
        ignore_editable_packages: pack although code is outside the environment.
        ignore_missing_files: pack although files of conda packages are missing, and leave out
            links that lead to nothing or to folders outside.
        exclude: patterns of paths in the environment to leave out (``*`` matches '/' too).

    Returns:
        The archive, whole, named and saved.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment.
        PackRefused: editable packages, missing files; the message lists them.
        NameTaken: the file exists.
        Busy: somebody works on the environment, or a file changed while it was read.
        UsageError: a format, level or file that cannot be.
        DiskFull, DiskFailure, AccessDenied, Cancelled: nothing is left behind.
    """
    disk = disk or open_disk()
    kind = formats.choose(_file_name(output), format)
    level = formats.check_level(kind, level)
    if threads is not None and threads < 1:
        raise UsageError(f"{threads} threads cannot compress.", hint="Leave --threads out.")
    if kind == formats.SQUASHFS:
        formats.require_program("mksquashfs")
    # Filling is made of this room's parts, which come with this module.
    from modelarts_nb.envs.sealed.localcopy import local_copy

    sealed = find_sealed(name, disk)
    prefix = local_copy(sealed, disk, progress).path if sealed else find_prefix(name, disk=disk)
    called = name_of(prefix, disk)
    target = _target(output, called, kind, prefix, disk)
    with _undisturbed(prefix, sealed, disk, progress), Team() as team:

        def found(entries: Sequence[Entry]) -> None:
            work = sum(entry.size for entry in entries)
            team.expect(work, count=threads or os.cpu_count() or 1)

        seen = survey(
            prefix,
            disk=disk,
            exclude=exclude,
            ignore_editable_packages=ignore_editable_packages,
            ignore_missing_files=ignore_missing_files,
            threads=config.Transfer(config=config.load()).threads,
            found=found,
            progress=progress,
        )
        _refuse(called, seen)
        size = seen.contents.size
        share = 1.0 if kind == formats.TAR else formats.SURELY_NEEDED
        require_space(target.parent, bytes=int(size * share), files=2)
        manifest = _manifest(called, kind, seen)
        with partial(target) as path:
            try:
                manifest = _write(path, kind, level, threads, seen, manifest, team, progress)
            except OSError as error:
                raise from_os_error(error, f"writing {target.name}", target) from error
            require_steady(seen.tree, skip=seen.skipped, threads=seen.threads, progress=progress)
            progress.check()
            progress.phase("landing")
            appear(path, target, manifest.to_bytes() if target.parent == disk.archives else None)
    progress.log(f"packed {called} into {target}")
    return as_archive(target, manifest, manifest.archive_size)


def _file_name(output: str | None) -> str | None:
    """What of ``output`` may say a format: not a folder's name."""
    return None if output is None or Path(output).expanduser().is_dir() else output


def _target(output: str | None, name: str, kind: str, prefix: Path, disk: Disk) -> Path:
    if output is None:
        disk.archives.mkdir(parents=True, exist_ok=True)
        return disk.archives / _stamped(name, kind, disk.archives)
    path = Path(os.path.abspath(Path(output).expanduser()))
    if path.is_dir():
        path = path / _stamped(name, kind, path)
    if not path.parent.is_dir():
        raise NotFound(
            f"There is no folder {path.parent} to write the archive to.",
            hint="Make it first, or choose another with -o FILE.",
        )
    if path.is_relative_to(prefix):
        raise UsageError(
            f"{path} is inside the environment that is to be packed.",
            hint="Choose a file outside it with -o FILE.",
        )
    if os.path.lexists(path):
        raise NameTaken(f"{path} exists.", hint="Choose another file, or remove that one first.")
    return path


def _stamped(name: str, kind: str, folder: Path) -> str:
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    candidate, number = f"{stem}.{kind}", 2
    while os.path.lexists(folder / candidate):
        candidate, number = f"{stem}-{number}.{kind}", number + 1
    return candidate


def _undisturbed(
    prefix: Path, sealed: str | None, disk: Disk, progress: Progress
) -> AbstractContextManager[object]:
    if sealed:
        return turn(disk, sealed, progress)
    if prefix.parent == disk.envs:
        return lock(disk, prefix.name, progress=progress)
    return contextlib.nullcontext()


def _refuse(name: str, seen: Survey) -> None:
    errors = [finding for finding in seen.findings if finding.level == "error"]
    if errors:
        what = "\n".join(f"- {finding.message}" for finding in errors)
        hints = dict.fromkeys(finding.fix for finding in errors)
        raise PackRefused(
            f"{name} cannot be packed as it is:\n{what}",
            hint="\n".join(hints),
            cause="\n".join(path for finding in errors for path in finding.files[:20]),
        )


def _manifest(name: str, kind: str, seen: Survey) -> Manifest:
    packages = tuple(installed(seen.prefix))
    state = read_state(seen.prefix)
    python = next((p.version for p in packages if p.name == "python"), None)
    return Manifest(
        name=name,
        created=now(),
        origin=seen.prefixes[0],
        prefixes=seen.prefixes,
        platform=seen.platform or platform_here(),
        arch=platform.machine(),
        python=python,
        size=seen.contents.size,
        files=seen.contents.files,
        packages=packages,
        requested=state.requested if state else (),
        format=kind,
    )


def _write(
    path: Path,
    kind: str,
    level: int,
    threads: int | None,
    seen: Survey,
    manifest: Manifest,
    team: Team,
    progress: Progress,
) -> Manifest:
    """Write the archive to ``path``; the manifest with its size and sha256."""
    image = kind == formats.SQUASHFS
    out = SquashfsWriter(path, level, threads) if image else OutFile(path)
    try:
        manifest = write_body(
            out.write,
            seen,
            manifest,
            kind=kind,
            level=level,
            team=team,
            progress=progress,
        )
        progress.phase("syncing")
        sha256 = out.finish()
    except BaseException:
        out.abandon()
        raise
    return replace(manifest, sha256=sha256, archive_size=path.stat().st_size)
