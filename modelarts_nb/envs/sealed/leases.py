"""Use-leases: which images the running kernels of all containers were started from.

    <disk>/envs/sealed/.leases/<owner>-<container>-<slot>.<pid>.json

The kernel's launcher renews its lease for as long as the kernel lives (``launch.sh``, in sh: a
Python beside every kernel would cost memory). A lease has two lines: what is held, as JSON, and
something that changes with every beat. Clocks differ, so a lease is dead once its content has not
changed for ``STALE`` seconds of the observer's own clock: who is killed need not say goodbye.

What the launcher writes is prepared when a slot is filled, beside its note on the local disk:
``<run root>/.slots/<slot>.lease`` has the lease's path without ``.<pid>.json``, and its first line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.process import boot_id, pid_namespace
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.disk.sightings import Sightings
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.errors import from_os_error

#: Seconds between two beats, and without one until a lease counts as dead.
BEAT, STALE = 60.0, 180.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Lease:
    """One lease as others see it. ``images`` is None where it cannot be read: it may hold any."""

    path: Path
    images: frozenset[str] | None
    alive: bool


def folder(disk: Disk) -> Path:
    """Where the leases of all containers lie."""
    return disk.sealed / ".leases"


def prepare(disk: Disk, version: Version, slot: Slot) -> None:
    """Write down what the launcher of a kernel in ``slot`` will lease; touches only the local disk.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the local disk refused.
    """
    value = {
        "owner": disk.owner,
        "name": version.name,
        "number": version.number,
        "slot": str(slot.path),
        "images": [layer.image for layer in version.layers],
    }
    stem = folder(disk) / f"{disk.owner}-{_container()}-{slot.path.name}"
    replace_file(prepared(slot), f"{stem}\n{json.dumps(value)}\n".encode())


def prepared(slot: Slot) -> Path:
    """The local file that tells the launcher what to lease."""
    return slot.path.parent / ".slots" / f"{slot.path.name}.lease"


def look(disk: Disk) -> list[Lease]:
    """All leases there are. One that was never seen before counts as alive.

    Raises:
        DiskFailure, AccessDenied: they cannot be read.
    """
    sightings = Sightings(disk.local_state / "sightings.json")
    found = []
    try:
        for name in sorted(os.listdir(folder(disk))):
            path = folder(disk) / name
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue  # its kernel has just ended
            alive = sightings.unchanged_for(f"lease {path}", content) < STALE
            # Besides leases there are those that a launcher is just writing anew.
            images = _images(content) if name.endswith(".json") else frozenset[str]()
            found.append(Lease(path, images, alive))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, "reading what running kernels use", folder(disk)) from error
    sightings.save()
    return found


def live(disk: Disk) -> frozenset[str] | None:
    """The images that running kernels hold; None where a living lease cannot be read.

    Raises:
        DiskFailure, AccessDenied: as ``look``.
    """
    held = [lease.images for lease in look(disk) if lease.alive]
    known = [images for images in held if images is not None]
    return frozenset().union(*known) if len(known) == len(held) else None


def drop_dead(disk: Disk) -> None:
    """Delete the leases of kernels that are dead. What cannot be deleted now is so next time.

    Raises:
        DiskFailure, AccessDenied: as ``look``.
    """
    for lease in look(disk):
        if not lease.alive:
            with contextlib.suppress(OSError):
                os.unlink(lease.path)


def _container() -> str:
    """Twelve digits that no two containers share at one time; slots have the same paths in all."""
    place = f"{socket.gethostname()} {boot_id()} {pid_namespace()}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def _images(content: bytes) -> frozenset[str] | None:
    try:
        images = json.loads(content.partition(b"\n")[0])["images"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    known = isinstance(images, list) and all(
        isinstance(image, str) and _SHA256.fullmatch(image) for image in images
    )
    return frozenset(images) if known else None
