"""What is mounted: the cloud's word and the machine's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.shape import text

MOUNTED, MOUNTING, MOUNT_FAILED = "MOUNTED", "MOUNTING", "MOUNT_FAILED"
UNMOUNTED, UNMOUNTING, UNMOUNT_FAILED = "UNMOUNTED", "UNMOUNTING", "UNMOUNT_FAILED"


@dataclass(frozen=True)
class Machine:
    """What this very machine sees at a path.

    ``mounted``: it is a mount of its own in ``/proc/self/mountinfo``. ``answers`` is False when
    the disk did not answer in time; ``failure`` is what it answered instead of facts. ``total``,
    ``free`` and ``used`` in bytes, ``stat_ms`` and ``write_ms`` in milliseconds; None: not known
    (not mounted, read-only, no answer).
    """

    mounted: bool
    fstype: str = ""
    source: str = ""
    read_only: bool = False
    answers: bool = True
    failure: str = ""
    total: int | None = None
    used: int | None = None
    free: int | None = None
    stat_ms: float | None = None
    write_ms: float | None = None


@dataclass(frozen=True)
class Storage:
    """One storage under ``/data``. ``status`` is the cloud's word; ``machine`` is None when asked
    about another notebook than this one. ``kind`` DYNAMIC can be unmounted while it runs."""

    id: str
    category: str
    path: str
    uri: str
    status: str
    failure: str
    share: str
    kind: str
    machine: Machine | None = None


@dataclass(frozen=True)
class Share:
    """A file system of SFS Turbo. Sizes in GB, None where the cloud does not say."""

    id: str
    name: str
    status: str
    size: float | None
    free: float | None
    export: str
    kind: str


@dataclass(frozen=True)
class Folder:
    """A folder of a share.

    ``allowed``: the policies let this user mount it (None: cannot be found out). ``exists``: None
    where the share cannot be asked. ``mode`` as in ``755``. ``capacity`` and ``used`` in bytes,
    ``inodes`` and ``used_inodes`` counts; None: no quota, or not known. ``why`` says which policy
    decided.
    """

    share: str
    path: str
    allowed: bool | None
    exists: bool | None
    mode: str = ""
    uid: int | None = None
    gid: int | None = None
    capacity: int | None = None
    used: int | None = None
    inodes: int | None = None
    used_inodes: int | None = None
    why: str = ""


def read_storage(value: Any, machine: Machine | None = None) -> Storage:
    """A storage from the cloud's JSON."""
    return Storage(
        id=text(value, "id"),
        category=text(value, "category"),
        path=text(value, "mount_path").rstrip("/"),
        uri=text(value, "uri"),
        status=text(value, "status"),
        failure=text(value, "failure_reason"),
        share=text(value, "efs_id"),
        kind=text(value, "mount_type"),
        machine=machine,
    )
