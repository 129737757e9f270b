"""How the persistent disk is: there, surviving, with how much room, how quick."""

from __future__ import annotations

from dataclasses import dataclass

from modelarts_nb import config
from modelarts_nb.disk.latency import measure_latency
from modelarts_nb.disk.persistent import Disk, open_disk, survival
from modelarts_nb.disk.space import space_at
from modelarts_nb.errors import ModelArtsNbError, from_os_error


@dataclass(frozen=True)
class DiskStatus:
    """The persistent disk: sizes in bytes, ``latency_ms`` of one request, in milliseconds.

    ``error`` has the keys of ``ModelArtsNbError.to_dict``; what could not be asked is None.
    """

    root: str
    exists: bool
    survives: bool
    kind: str
    fstype: str
    reason: str
    total: int | None = None
    free: int | None = None
    inodes_free: int | None = None
    latency_ms: float | None = None
    error: dict[str, str] | None = None


def disk_status(*, disk: Disk | None = None) -> DiskStatus:
    """How the persistent disk is. A disk that is missing or fails is an answer, not an error.

    Raises:
        ConfigInvalid: the settings cannot be read, so nobody knows which disk.
    """
    try:
        disk = disk or open_disk()
        found = survival(disk.root)
    except ModelArtsNbError as missing:
        return _absent(missing)
    error: ModelArtsNbError | None = None
    space, latency = None, None
    try:
        space = space_at(disk.root)
        latency = round(measure_latency(disk.root), 2)
    except ModelArtsNbError as raised:
        error = raised
    except OSError as raised:
        error = from_os_error(raised, "looking at the disk", disk.root)
    return DiskStatus(
        root=str(disk.root),
        exists=found.kind != "missing",
        survives=found.survives,
        kind=found.kind,
        fstype=found.fstype,
        reason=found.reason,
        total=space.total if space else None,
        free=space.free if space else None,
        inodes_free=space.inodes_free if space else None,
        latency_ms=latency,
        error=error.to_dict() if error else None,
    )


def _absent(error: ModelArtsNbError) -> DiskStatus:
    root = config.PersistentDisk(config=config.load()).root
    return DiskStatus(
        root=root,
        exists=False,
        survives=False,
        kind="missing",
        fstype="",
        reason=error.message,
        error=error.to_dict(),
    )
