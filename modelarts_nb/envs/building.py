"""Where an environment is put together before it is on the persistent disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.scan import scan
from modelarts_nb.disk.space import require_space
from modelarts_nb.disk.staging import Stage
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.envs.engine.cache import cache_folder
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress


@contextlib.contextmanager
def building_place(disk: Disk, stage: Stage, *, bytes: int = 0) -> Iterator[Path]:
    """A path, not there yet, at which an engine may build; removed on leaving if still there.

    Engines work file by file and one after the other, which on a network disk costs a round trip
    for every step. So they work on the container's own disk, where packages are hard links, and
    the result is transferred with many requests in flight (``bring``). Where both are one file
    system the place is in the stage itself.

    Args:
        bytes: how much will be built, about.

    Raises:
        DiskFull: the container's own disk has no room for it.
        DiskFailure, AccessDenied: the place cannot be made.
    """
    work = cache_folder(disk) / "work"
    try:
        work.mkdir(parents=True, exist_ok=True)
        near = os.stat(work).st_dev == os.stat(stage.path).st_dev
    except OSError as error:
        raise from_os_error(error, "making a place to build", work) from error
    if near:
        yield stage.path / "content"
        return
    _sweep(work)
    require_space(work, bytes=bytes)
    folder = work / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
        yield folder / "content"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bring(place: Path, stage: Stage, *, progress: Progress = SILENT) -> Path:
    """Transfer what was built at ``place`` into the stage, unless it is there already.

    Returns:
        Where it is in the stage.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the persistent disk refused.
        Cancelled: the user's wish.
    """
    content = stage.path / "content"
    if place != content:
        threads = config.Transfer(config=config.load()).threads
        tree = scan(place, threads=threads, progress=progress)
        require_space(stage.path, bytes=tree.bytes, files=tree.files + tree.dirs)
        copy_tree(tree, content, threads=threads, progress=progress)
    return content


def _sweep(work: Path) -> None:
    """Remove what processes of this container left behind when they were killed."""
    with contextlib.suppress(OSError):
        for folder in work.iterdir():
            pid = folder.name.partition("-")[0]
            if pid.isdigit() and not Path("/proc", pid).exists():
                shutil.rmtree(folder, ignore_errors=True)
