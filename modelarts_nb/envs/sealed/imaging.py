"""Writing an image: files of an environment become one file that is named by its content."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.space import require_space
from modelarts_nb.envs.archive import formats
from modelarts_nb.envs.archive.body import require_targets
from modelarts_nb.envs.archive.compress import compressor
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.frames import Frame, Packing
from modelarts_nb.envs.archive.index import IndexWriter
from modelarts_nb.envs.archive.outfile import OutFile, appear, partial
from modelarts_nb.envs.archive.shares import divide
from modelarts_nb.envs.archive.tarstream import TarWriter
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.sealed.images import image_path, keep
from modelarts_nb.errors import NameTaken, from_os_error
from modelarts_nb.progress import Progress


@dataclass(frozen=True)
class Image:
    """One image on the disk: the sha256 and the bytes of its file, the bytes of the tar in it."""

    sha256: str
    size: int
    plain: int


def write_image(
    items: Sequence[Item],
    called: str,
    *,
    disk: Disk,
    team: Team,
    threads: int,
    level: int | None = None,
    progress: Progress,
) -> Image:
    """Write ``items`` as an image of ``disk``: a ``.tar.zst`` of frames with an index.

    The same items make the same image; when it is there already it is used, and its time renewed,
    so that it is not taken for garbage before a version names it.

    Args:
        items: members in order; the file of each is read from its ``source``.
        called: what it is for, part of the file's name while it is unfinished.
        team: that reads and compresses.
        threads: requests in flight.
        level: of compression; None: that of archives.

    Raises:
        Busy: a file changed after it was looked at.
        DiskFull, DiskFailure, AccessDenied, EngineFailed, Cancelled: nothing is left behind.
    """
    size = sum(item.size for item in items)
    progress.phase("packing", files=sum(item.kind != "dir" for item in items), bytes=size)
    try:
        disk.images.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, "making the folder of images", disk.images) from error
    require_space(disk.images, bytes=int(size * formats.SURELY_NEEDED), files=2)
    with partial(disk.images / called) as path:
        try:
            image = _write(path, items, team, threads, level, progress)
        except OSError as error:
            raise from_os_error(error, f"writing the image of {called}", path) from error
        progress.check()
        _appear(path, image, disk)
    return image


def _write(
    path: Path,
    items: Sequence[Item],
    team: Team,
    threads: int,
    level: int | None,
    progress: Progress,
) -> Image:
    kind = formats.TAR_ZST
    level = formats.check_level(kind, level)
    out = OutFile(path)
    try:
        index, plain = IndexWriter(), 0
        vanished: set[str] = set()
        plan = Packing((), kind, level, threads, exact=True)
        frame: Frame
        for frame, data in team.answers(divide(items), plan, progress):
            require_targets(frame, vanished, progress)
            out.write(data)
            index.frame(len(data), frame.plain, frame.rows)
            plain += frame.plain
            progress.advance(files=frame.files, bytes=frame.size)
        end: list[bytes] = []
        TarWriter(end.append).close(before=plain)
        last = b"".join(end)
        packed = compressor(kind, level)(last)
        out.write(packed)
        index.frame(len(packed), len(last), b"[]")
        out.write(index.to_bytes())
        progress.phase("syncing")
        sha256 = out.finish()
    except BaseException:
        out.abandon()
        raise
    return Image(sha256, out.size, plain + len(last))


def _appear(path: Path, image: Image, disk: Disk) -> None:
    target = image_path(disk, image.sha256)
    try:
        appear(path, target)
    except NameTaken:
        try:
            if os.stat(target).st_size != image.size:
                # It bears the name of another content: damaged, as on a disk that was full.
                os.replace(path, target)
        except OSError as error:
            raise from_os_error(error, "naming the image", target) from error
        keep(disk, image.sha256)
