"""Writing the files of a version into a new folder, from several images at the same time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive import spreading
from modelarts_nb.envs.archive.extract import Extractor
from modelarts_nb.envs.archive.filling import Fill, Filling
from modelarts_nb.envs.archive.tarstream import Placed
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.relocate import each
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.merged import Merged
from modelarts_nb.envs.sealed.verified import is_known, require
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress

_READERS = 8  # requests that each process has in flight to a slow disk
#: Compressed bytes of a frame are what is waited for; told to ``extract``'s caller as they come.
Told = Callable[[int, int], None]


def extract(
    merged: Merged,
    root: Path,
    disk: Disk,
    *,
    prefix: Path | None = None,
    before_links: Callable[[Extractor], None] | None = None,
    told: Told | None = None,
    progress: Progress = SILENT,
) -> None:
    """Make ``root`` what the version says.

    Args:
        merged: the version.
        root: a new, empty folder.
        disk: whose run root knows which images of sources are what they should be; those that it
            does not know are verified.
        prefix: what stands in the files instead of the placeholder, of the same length; None: the
            placeholder stays.
        before_links: called when all files are there, and neither hard links nor links.
        told: hears the compressed bytes that are done, and of how many.
        progress: likewise.

    Raises:
        ArchiveInvalid: a frame is damaged, or an image is not what its name says; the message has
            the name of the image's file.
        DiskFull, DiskFailure, AccessDenied: a disk refused.
        Cancelled: the user's wish. In each case ``root`` may hold a part.
    """
    threads = threads_for(root, config.Transfer(config=config.load()).threads)
    plan = Filling(
        tuple(map(str, merged.images)),
        str(root),
        threads,
        slots.PLACEHOLDER.encode() if prefix else b"",
        os.fsencode(prefix) if prefix else b"",
        max(threads_for(image.parent, _READERS, few=1) for image in merged.images),
    )
    cut: list[tuple[str, Placed]] = []
    total = sum(layer.size for layer in merged.version.layers)
    strange = [image for image in dict.fromkeys(merged.images) if not is_known(disk, image)]
    digests = [(image, spreading.Digest(image)) for image in strange]
    progress.phase("filling", bytes=total)
    with Team() as team, Extractor(root, threads=threads) as extractor:
        team.expect(merged.size, count=os.cpu_count() or 1)
        for path, held in merged.of_kind("dir"):
            extractor.folder(path, held.placed.member.mode)
        done = 0
        for written, _ in team.answers(_jobs(merged, cut, patched=bool(prefix)), plan, progress):
            progress.advance(files=written.files, bytes=written.bytes)
            done += written.bytes
            if told:
                told(done, total)
        # What no frame was read for (a later layer has it) is done, too.
        progress.advance(bytes=total - done)
        try:
            each(lambda item: spreading.finish(root, *item), cut, threads)
        except OSError as error:
            raise from_os_error(error, "unpacking", root) from error
        extractor.drain()
        for image, digest in digests:
            progress.phase("verifying")
            require(disk, image, digest.result(progress))
        if before_links:
            before_links(extractor)
        extractor.finish(
            {path: held.placed.member.target for path, held in merged.of_kind("hardlink")},
            {path: held.placed.member.target for path, held in merged.of_kind("link")},
        )


def _jobs(merged: Merged, cut: list[tuple[str, Placed]], *, patched: bool) -> Iterator[Fill]:
    layers: list[list[tuple[str, Placed, tuple[int, ...]]]] = [[] for _ in merged.indexes]
    for path, held in merged.of_kind("file"):
        layers[held.layer].append((path, held.placed, held.prefix))
    for number, (index, inside) in enumerate(zip(merged.indexes, layers, strict=True)):
        inside.sort(key=lambda item: item[1].at)
        places = [placed.at + at for _, placed, prefix in inside for at in prefix]
        yield from spreading.fills(
            index,
            [(path, placed) for path, placed, _ in inside],
            cut,
            archive=number,
            text=slots.LENGTH,
            places=places if patched else (),
        )
