"""``unpack``: an archive becomes an environment, on the disk or in any folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.names import check_name
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import require_space, space_at
from modelarts_nb.disk.staging import land
from modelarts_nb.envs.announcing import announce, wants_kernel
from modelarts_nb.envs.archive import formats
from modelarts_nb.envs.archive.decompress import Decoded, format_of
from modelarts_nb.envs.archive.destination import announce_elsewhere, built, require_free
from modelarts_nb.envs.archive.digest import sha256_of
from modelarts_nb.envs.archive.framed import open_framed
from modelarts_nb.envs.archive.index import read_index
from modelarts_nb.envs.archive.manifest import Manifest, read_beside, read_inside
from modelarts_nb.envs.archive.opened import Opened, open_image, open_tar
from modelarts_nb.envs.archive.safety import Allowance
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.state import State, now, write_state
from modelarts_nb.envs.unfinished import Note, unfinished
from modelarts_nb.errors import (
    ArchiveInvalid,
    NotFound,
    UsageError,
    from_os_error,
)
from modelarts_nb.progress import SILENT, Progress

# Of an archive without a manifest; measured environments are 2.1 to 3 times their archive.
_GROWS_TO = 2


def unpack(
    file: str,
    name: str | None = None,
    *,
    prefix: str | None = None,
    kernel: bool | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Make an environment from an archive of ours or of conda-pack.

    Args:
        file: a path, or the name of an archive on the disk.
        name: the environment's on the persistent disk; None: the archive's own.
        prefix: a folder instead, which must not exist or be empty.
        kernel: register a kernel; None: as the settings say.

    Returns:
        The environment, true at its prefix.

    Raises:
        NotFound: no such archive.
        InvalidName, NameTaken: the name or the folder cannot be used.
        ArchiveInvalid: corrupt, cut off, not an environment.
        ArchiveHostile: it would write outside its folder, or exhaust the disk.
        PlatformMismatch: of another platform; says which.
        EngineFailed: the new prefix is longer than a package left room for.
        DiskFull, DiskFailure, AccessDenied, Busy, Cancelled: nothing is left behind.
    """
    disk = disk or open_disk()
    if name and prefix:
        raise UsageError("A name and a folder are given.", hint="Say NAME or --prefix, not both.")
    archive = find_archive(file, disk)
    image = format_of(archive) == formats.SQUASHFS
    told = read_beside(archive)
    final = _final(name, prefix, archive, disk, told)
    inside = final.parent == disk.envs
    require_free(final, disk)
    (disk.envs if inside else final.parent).mkdir(parents=True, exist_ok=True)
    size = archive.stat().st_size
    require_space(
        final.parent,
        bytes=told.size if told else size * _GROWS_TO,
        files=told.files if told else 0,
    )
    left: AbstractContextManager[Note | None] = contextlib.nullcontext()
    if inside:
        left = unfinished(disk, final.name, kernel=wants_kernel(kernel))
    with left as note:
        with _held(final, disk, progress), built(final, disk, "unpack") as (stage, content):
            require_free(final, disk)
            opened = _open(archive, image, content, final, told, progress)
            _verify(archive, image, opened, told)
            _complete(archive, content, final, opened)
            if note:
                note.mark(content)
            progress.check()
            progress.phase("landing")
            with contextlib.suppress(OSError):
                final.rmdir()  # only an empty folder of the user's own goes
            land(stage, content, final)
        progress.log(f"unpacked {archive} into {final}")
        if inside:
            return announce(final, kernel=kernel, note=note, disk=disk, progress=progress)
    return announce_elsewhere(final, kernel, disk, progress)


def find_archive(file: str, disk: Disk) -> Path:
    """The archive that ``file`` means: a path, or a name in the archives folder.

    Raises:
        NotFound: there is none.
    """
    path = Path(os.path.abspath(Path(file).expanduser()))
    if path.is_file():
        return path
    if file and "/" not in file:
        for candidate in sorted(_listed(disk)):
            if candidate.name == file or formats.stem(candidate) == file:
                return candidate
    raise NotFound(
        f"There is no archive {file}.", hint="`ma archive list` shows those on the disk."
    )


def _listed(disk: Disk) -> list[Path]:
    try:
        names = os.listdir(disk.archives)
    except OSError:
        return []
    return [disk.archives / n for n in names if not n.startswith(".") and formats.suffixed(n)]


def _final(
    name: str | None, prefix: str | None, archive: Path, disk: Disk, told: Manifest | None
) -> Path:
    if prefix:
        return Path(os.path.abspath(Path(prefix).expanduser()))
    if name is None:
        told = told or read_inside(archive)
        name = told.name if told else formats.stem(archive)
    return disk.envs / check_name(name)


@contextmanager
def _held(final: Path, disk: Disk, progress: Progress) -> Iterator[None]:
    if final.parent != disk.envs:
        yield
        return
    with lock(disk, final.name, progress=progress):
        yield


def _open(
    archive: Path,
    image: bool,
    content: Path,
    final: Path,
    told: Manifest | None,
    progress: Progress,
) -> Opened:
    most = config.Transfer(config=config.load()).threads
    threads = threads_for(content.parent, most)
    free = space_at(content.parent).free
    if image:
        return open_image(
            archive, content, final, Allowance(free), threads=threads, progress=progress
        )
    try:
        content.mkdir()
    except OSError as error:
        raise from_os_error(error, "making the folder", content) from error
    if index := read_index(archive):
        with Team() as team:
            team.expect(index.plain, count=os.cpu_count() or 1)
            opened = open_framed(
                archive,
                index,
                content,
                final,
                Allowance(free),
                threads=threads,
                team=team,
                hashed=bool(told and told.sha256),
                progress=progress,
            )
        if opened:
            return opened
    with Decoded(archive) as source:
        return open_tar(source, content, final, Allowance(free), threads=threads, progress=progress)


def _verify(archive: Path, image: bool, opened: Opened, told: Manifest | None) -> None:
    if told is None or not told.sha256:
        return
    found = _sha256(archive) if image else opened.sha256
    if found != told.sha256:
        raise ArchiveInvalid(
            f"{archive.name} is not the file that was packed: its checksum differs.",
            hint="Copy or pack it again.",
            cause=f"sha256 {found}, expected {told.sha256}",
        )


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise from_os_error(error, f"reading {path.name}", path) from error


def _complete(archive: Path, content: Path, final: Path, opened: Opened) -> None:
    """What an environment has that its archive need not have carried."""
    try:
        (content / "conda-meta" / "history").touch()  # conda knows an environment by it
        write_state(
            content,
            State(
                prefix=str(final),
                created=now(),
                origin=str(archive),
                size=opened.size,
                files=opened.files,
                engine="unpack",
                requested=opened.manifest.requested if opened.manifest else (),
            ),
        )
    except OSError as error:
        raise from_os_error(error, "finishing the environment", content) from error
