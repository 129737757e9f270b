"""What kind of storage a path is on, as the kernel says (``/proc/self/mountinfo``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MOUNTINFO = Path("/proc/self/mountinfo")

Kind = Literal["network", "block", "object", "memory", "container"]

# Format of a line: proc_pid_mountinfo(5).
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "glusterfs", "9p", "virtiofs"}
_OBJECT_FUSE = ("obs", "s3", "goofys", "rclone", "gcs", "oss", "cos")
_CONTAINER = {"overlay", "aufs", "rootfs"}
_MEMORY = {"tmpfs", "ramfs"}


@dataclass(frozen=True)
class Mount:
    """One mounted file system."""

    point: Path
    fstype: str
    source: str
    read_only: bool

    @property
    def kind(self) -> Kind:
        """What the file system is made of."""
        if self.fstype in _NETWORK:
            return "network"
        if self.fstype in _CONTAINER:
            return "container"
        if self.fstype in _MEMORY:
            return "memory"
        if self.fstype.startswith("fuse"):
            # Some programs name themselves in the type, others only as the source. Object storage
            # is asked for first: "obsfs" ends like a network file system.
            program = (self.fstype.partition(".")[2] or self.source).lower()
            return "object" if any(word in program for word in _OBJECT_FUSE) else "network"
        return "block"


def read_mounts(table: Path = MOUNTINFO) -> list[Mount]:
    """All mounts of this process, in the order they were made."""
    mounts = []
    for line in table.read_text("utf-8", "surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        fields, rest = left.split(" "), right.split(" ")
        if len(fields) < 6 or len(rest) < 3:
            continue
        options = {*fields[5].split(","), *rest[2].split(",")}
        mounts.append(
            Mount(Path(_unescape(fields[4])), rest[0], _unescape(rest[1]), "ro" in options)
        )
    return mounts


def mount_of(path: Path, mounts: list[Mount] | None = None) -> Mount:
    """The mount that holds ``path`` (which need not exist): the deepest, the latest on top."""
    target = Path(str(path.absolute()))
    best = Mount(Path("/"), "rootfs", "rootfs", False)
    for mount in read_mounts() if mounts is None else mounts:
        deeper = len(mount.point.parts) >= len(best.point.parts)
        if deeper and (target == mount.point or mount.point in target.parents):
            best = mount
    return best


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
