"""The machine's word about a path: mounted, used, read-only, how fast it answers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.mounts import Mount, mount_of, read_mounts
from modelarts_nb.disk.probe import Answer, Asked, ask_all
from modelarts_nb.storage.model import Machine

_DATA = Path("/data")


def look_at(path: str, *, measure: bool = False) -> Machine:
    """What this machine sees at a path. A file system that hangs is told to within seconds.

    Args:
        path: the mount point.
        measure: write a small file too, and remove it.
    """
    return look_at_all([path], measure=measure)[0]


def look_at_all(
    paths: Sequence[str], mounts: Sequence[Mount] | None = None, *, measure: bool = False
) -> list[Machine]:
    """The same of several paths, all at a time: one that hangs costs the others nothing.

    Args:
        paths: the mount points.
        mounts: of ``read_mounts``; None: read now.
        measure: write a small file too, and remove it.
    """
    table = list(read_mounts() if mounts is None else mounts)
    tops = [_top(Path(path), table) for path in paths]
    mounted = [m for m in tops if m]
    answers = iter(
        ask_all([Asked(str(m.point), write=measure and not m.read_only) for m in mounted])
    )
    return [_seen(m, next(answers)) if m else Machine(False) for m in tops]


def _top(path: Path, table: list[Mount]) -> Mount | None:
    """What is mounted at a path: the latest mount is the one on top."""
    found = next((mount for mount in reversed(table) if mount.point == path), None)
    data = Path(config.Storage(config=config.load()).data)
    if found is not None or data == _DATA or _DATA not in path.parents:
        return found
    # The local cloud has no right to mount: in its notebooks /data is a folder of links.
    link = data / path.relative_to(_DATA)
    try:
        target = Path(os.readlink(link))
    except OSError:
        return None
    return replace(mount_of(target, table), point=target, source=str(target))


def _seen(mount: Mount, answer: Answer) -> Machine:
    found = answer.found
    total, free = found.get("total"), found.get("free")
    return Machine(
        mounted=True,
        fstype=mount.fstype,
        source=mount.source,
        read_only=mount.read_only,
        answers=answer.whole,
        failure=found.get("failure", ""),
        total=total,
        used=max(total - free, 0) if total is not None and free is not None else None,
        free=free,
        stat_ms=found.get("stat_ms"),
        write_ms=found.get("write_ms"),
    )
