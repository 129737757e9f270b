"""The versions of an environment, as lists show them: told from the heads of their files."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.highlights import highlights
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.answers import Listed
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import known_as
from modelarts_nb.envs.sealed.versions import numbers, read_head
from modelarts_nb.errors import ArchiveInvalid, NotFound

_THREADS = 32


def versions(name: str, *, disk: Disk | None = None) -> list[Listed]:
    """All versions of ``name``, the newest first; of an open environment, those it had.

    What cannot be read is listed too, and says why.

    Raises:
        NotFound: it has none; the hint says how to make one.
        DiskFailure, AccessDenied: they cannot be read.
    """
    disk = disk or open_disk()
    name = known_as(name, disk)
    known = numbers(disk, name)
    if not known:
        read_head(disk, name)
    here = _here(disk, name)

    def one(number: int) -> Listed | None:
        try:
            return _listed(read_head(disk, name, number), *here)
        except ArchiveInvalid as error:
            return Listed(name, number, problem=error.message)
        except NotFound:  # removed just now
            return None

    with ThreadPoolExecutor(_THREADS) as pool:
        return [found for found in pool.map(one, reversed(known)) if found]


def listed(version: Version, disk: Disk) -> Listed:
    """One version as lists show it."""
    return _listed(version, *_here(disk, version.name))


def _here(disk: Disk, name: str) -> tuple[set[int], int | None]:
    """The versions that are on the local disk, and the one that kernels start from."""
    chosen = slots.current(disk, name)
    filled = {slot.number for slot in slots.filled(disk) if slot.name == name}
    return filled, chosen.number if chosen else None


def _listed(version: Version, filled: set[int], chosen: int | None) -> Listed:
    return Listed(
        name=version.name,
        number=version.number,
        created=version.created,
        why=version.why,
        owner=version.owner,
        parent=version.parent,
        python=version.python,
        platform=version.platform,
        arch=version.arch,
        glibc=version.glibc,
        accelerator=version.accelerator,
        packages=len(version.packages),
        highlights=highlights_of(version.packages),
        files=version.files,
        size=version.size,
        stored=version.stored,
        filled=version.number in filled,
        chosen=version.number == chosen,
    )


def highlights_of(packages: Iterable[Package]) -> tuple[str, ...]:
    """The packages of a version that a person would name first."""
    # conda's word counts where both have one of a name.
    ordered = sorted(packages, key=lambda package: package.manager, reverse=True)
    return highlights({p.name.lower().replace("_", "-"): p.version for p in ordered})
