"""Garbage: images that no version names and no running kernel holds.

Images are shared: by versions, by clones, by environments in the bin. So what goes is decided from
everything there is at once, and where anything of it cannot be read nothing goes. Whoever is just
making a version has its images on the disk before the version's file (``images.keep``): what is
younger than an hour by the disk's own clock stays. What is to go is put aside, everything is looked
at once more, and only then it is deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import human_bytes
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs.sealed import leases
from modelarts_nb.envs.sealed.answers import Garbage, StoredImage
from modelarts_nb.envs.sealed.images import SUFFIX, image_path
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.versions import head_of
from modelarts_nb.errors import ArchiveInvalid, Busy, DiskFailure, from_os_error
from modelarts_nb.progress import SILENT, Progress

#: Seconds that an image is safe although nothing names it: its version may be about to be written.
YOUNG = 3600.0
_IMAGE = re.compile(r"(\.doomed-[0-9a-f]{8}-)?([0-9a-f]{64})" + re.escape(SUFFIX))
_VERSION = re.compile(r"[1-9][0-9]{0,8}\.json")
_ROUNDS, _THREADS = 10, 32


def gc(*, yes: bool = False, disk: Disk | None = None, progress: Progress = SILENT) -> Garbage:
    """Find the images that nobody needs, and with ``yes`` delete them.

    Returns:
        All images with why each stays, and the bytes of those that do not.

    Raises:
        ArchiveInvalid: a version cannot be read, so nobody knows what it needs; nothing went.
        Busy: a lease of a running kernel cannot be read, or all the time somebody removes or
            brings back environments; nothing went.
        DiskFailure, AccessDenied: the disk refused; what is left is found the next time.
        Cancelled: likewise.
    """
    disk = disk or open_disk()
    progress.phase("looking")
    files = _found(disk)
    kept = _kept(disk, files.values(), progress)
    doomed = [file for file in files.values() if file.sha256 not in kept]
    if yes and doomed:
        progress.phase("removing", files=len(doomed))
        kept |= _delete(disk, doomed, progress)
        leases.drop_dead(disk)
    images = tuple(
        StoredImage(file.sha256, file.size, kept.get(file.sha256, "")) for file in files.values()
    )
    total = sum(image.size for image in images if not image.kept)
    if yes:
        progress.log(f"deleted {sum(not i.kept for i in images)} images, {human_bytes(total)}")
    return Garbage(images, total, deleted=yes)


def put_back(disk: Disk) -> None:
    """Bring back what a killed collection had put aside; the next one judges it anew.

    Raises:
        DiskFailure, AccessDenied: the disk refused.
    """
    for name in _names(disk.images):
        match = _IMAGE.fullmatch(name)
        if match and match[1]:
            try:
                with contextlib.suppress(FileNotFoundError):  # somebody else does, too
                    _back(disk.images / name, image_path(disk, match[2]))
            except OSError as error:
                raise from_os_error(error, "bringing an image back", disk.images) from error


@dataclass(frozen=True)
class _File:
    """An image as it lies there. ``age``: seconds since somebody made it or wanted to keep it."""

    sha256: str
    size: int
    age: float


def _found(disk: Disk) -> dict[str, _File]:
    """All images. What a killed collection had put aside is among them again."""
    put_back(disk)
    found = {}
    try:
        names = sorted(os.listdir(disk.images))
        now = _disk_time(disk)
        for name in names:
            match = _IMAGE.fullmatch(name)
            if match and not match[1]:
                with contextlib.suppress(FileNotFoundError):  # somebody else collects, too
                    info = os.lstat(disk.images / name)
                    found[match[2]] = _File(match[2], info.st_size, now - info.st_mtime)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise from_os_error(error, "reading the images", disk.images) from error
    return found


def _disk_time(disk: Disk) -> float:
    """Now as the disk says it, which may be another time than this container's."""
    with staged(disk, "clock") as stage:
        return os.stat(stage.path).st_mtime


def _kept(disk: Disk, files: Iterable[_File], progress: Progress) -> dict[str, str]:
    """The images that stay, and why."""
    why = {file.sha256: "it is younger than an hour" for file in files if file.age < YOUNG}
    held = leases.live(disk)
    if held is None:
        raise Busy(
            "A running kernel uses a sealed environment, and what it wrote down cannot be read. "
            "So nothing was deleted.",
            hint="Try again in some minutes, or once the kernels of other notebooks have ended.",
            cause=str(leases.folder(disk)),
        )
    why |= dict.fromkeys(held, "a running kernel uses it")
    for path, version in _versions(disk, progress).items():
        who = path.parent.name
        if path.parent.parent == disk.bin:
            who = f"{who.partition('-')[2].partition('~')[0]} in the bin"
        for layer in version.layers:
            why[layer.image] = f"version {version.number} of {who} needs it"
    return why


def _versions(disk: Disk, progress: Progress) -> dict[Path, Version]:
    """Every version there is, in the bin too.

    Raises:
        ArchiveInvalid: nobody knows which images one of them needs.
        Busy: while it was looked, environments came and went all the time.
        DiskFailure, AccessDenied: one cannot be read.
    """
    for _ in range(_ROUNDS):
        progress.check()
        # What is removed or brought back between two looks is seen by one of three.
        places = (disk.sealed, disk.bin, disk.sealed)
        paths = dict.fromkeys(path for place in places for path in _paths(place))
        try:
            with ThreadPoolExecutor(_THREADS) as pool:
                return dict(zip(paths, pool.map(head_of, paths), strict=True))
        except ArchiveInvalid as error:
            raise ArchiveInvalid(
                f"{error.message} Nobody knows which images it needs, so none was deleted.",
                hint="If a newer modelarts_nb wrote it, update this one. If it is lost, delete the "
                "file: then its images are garbage.",
                cause=error.cause,
            ) from error
        except DiskFailure as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
    raise Busy("Environments come and go all the time.", hint="Try again when it is quiet.")


def _paths(place: Path) -> list[Path]:
    folders = [place / name for name in _names(place) if not name.startswith(".")]
    with ThreadPoolExecutor(_THREADS) as pool:
        inside = list(pool.map(_names, folders))
    return [
        folder / name
        for folder, names in zip(folders, inside, strict=True)
        for name in names
        if _VERSION.fullmatch(name)
    ]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise from_os_error(error, f"reading {folder.name}", folder) from error


def _delete(disk: Disk, doomed: list[_File], progress: Progress) -> dict[str, str]:
    """Delete these images; those that stay after all, and why."""
    # Under a name of this collection alone: another one, which judged earlier or later, may bring
    # them back, but never deletes what this one has put aside.
    label = f".doomed-{uuid.uuid4().hex[:8]}-"
    aside = {image.sha256: disk.images / f"{label}{image.sha256}{SUFFIX}" for image in doomed}
    kept = dict.fromkeys(aside, "somebody else collects, too")
    try:
        ages = {}
        for sha256, path in aside.items():
            progress.check()
            with contextlib.suppress(FileNotFoundError):
                os.rename(image_path(disk, sha256), path)
                ages[sha256] = os.lstat(path).st_mtime
        now = _disk_time(disk)
        again = [_File(sha256, 0, now - age) for sha256, age in ages.items()]
        wanted = _kept(disk, again, progress)
        for sha256 in ages:
            with contextlib.suppress(FileNotFoundError):
                if sha256 in wanted:
                    kept[sha256] = wanted[sha256]
                    _back(aside[sha256], image_path(disk, sha256))
                else:
                    os.unlink(aside[sha256])
                    del kept[sha256]
            progress.advance(files=1)
    except OSError as error:
        _return(disk, aside)
        raise from_os_error(error, "deleting images", disk.images) from error
    except BaseException:
        _return(disk, aside)
        raise
    return kept


def _return(disk: Disk, aside: dict[str, Path]) -> None:
    """What cannot be put back now is so by the next collection."""
    for sha256, path in aside.items():
        with contextlib.suppress(OSError):
            _back(path, image_path(disk, sha256))


def _back(aside: Path, path: Path) -> None:
    # They are named by their content: what was made anew meanwhile is the same, but younger.
    if os.path.lexists(path):
        os.unlink(aside)
    else:
        os.rename(aside, path)
