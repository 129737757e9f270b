"""Which environments there are, told from few and small files: nothing is started or counted."""

from __future__ import annotations

import os
import re
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from modelarts_nb.disk.heartbeat import TIMING, Sign
from modelarts_nb.disk.mounts import read_mounts
from modelarts_nb.disk.persistent import Disk, open_disk, survival
from modelarts_nb.disk.sightings import Sightings
from modelarts_nb.envs.highlights import highlights_at
from modelarts_nb.envs.kernelspecs import Kernels
from modelarts_nb.envs.model import Environment
from modelarts_nb.envs.prefixes import (
    disk_prefixes,
    find_prefix,
    image_name,
    image_prefixes,
    is_environment,
    is_meta,
    listed_prefixes,
)
from modelarts_nb.envs.records import python_version
from modelarts_nb.envs.sealed.described import describe_sealed
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.versions import numbers, sealed_names
from modelarts_nb.envs.state import read_state
from modelarts_nb.envs.swaps import finish_swaps_soon
from modelarts_nb.envs.trouble import trouble_at
from modelarts_nb.errors import NotFound

__all__ = ["find_prefix", "holders", "is_environment", "list_environments", "show"]

_THREADS = 64
Where = Literal["disk", "image", "elsewhere"]


def list_environments(*, disk: Disk | None = None) -> list[Environment]:
    """All environments: the disk's first, then the image's, then others that conda remembers.

    Raises:
        DiskMissing, DiskFailure: the persistent disk cannot be read.
    """
    disk = disk or open_disk()
    finish_swaps_soon(disk)
    describer = _Describer(disk)
    places: dict[Path, Where] = dict.fromkeys(disk_prefixes(disk), "disk")
    trees = {prefix.name for prefix in places}
    versioned = set(sealed_names(disk))
    for prefix in image_prefixes(disk):
        places.setdefault(prefix, "image")
    for prefix in listed_prefixes(disk):
        places.setdefault(prefix, "elsewhere")
    with ThreadPoolExecutor(_THREADS) as pool:
        sealed = pool.map(describer.sealed, sorted(versioned - trees, key=str.lower))
        opened = pool.map(lambda p: describer.open(p, places[p], versioned), places)
        found = [environment for environment in (*opened, *sealed) if environment]
    on_disk = sorted((e for e in found if e.where == "disk"), key=lambda e: e.name.lower())
    return [*on_disk, *(e for e in found if e.where != "disk")]


def show(name: str, *, disk: Disk | None = None) -> Environment:
    """One environment, by its name or its prefix; a sealed one also where it has no local copy.

    Raises:
        NotFound, NotAnEnvironment: there is none.
    """
    disk = disk or open_disk()
    if sealed := find_sealed(name, disk):
        return show_sealed(sealed, disk=disk)
    prefix = find_prefix(name, disk=disk)
    where: Where = "elsewhere"
    if prefix.parent == disk.envs:
        where = "disk"
    elif prefix in image_prefixes(disk):
        where = "image"
    environment = _Describer(disk).open(prefix, where, {prefix.name})
    if environment is None:
        raise NotFound(f"{prefix.name!r} was removed just now.", hint="`ma bin list` shows it.")
    return environment


def show_sealed(name: str, *, disk: Disk) -> Environment:
    """The sealed environment that is spelled just so.

    Raises:
        NotFound: there is none.
        DiskFailure, AccessDenied: its versions cannot be read.
    """
    environment = _Describer(disk).sealed(name)
    if environment is None:
        raise NotFound(f"{name!r} was removed just now.", hint="`ma bin list` shows it.")
    return environment


def holders(disk: Disk) -> dict[str, str]:
    """Who is working on which environment, by its name in lower case."""
    try:
        names = [name for name in os.listdir(disk.locks) if name.endswith(".json")]
    except OSError:
        return {}
    sightings = Sightings(disk.local_state / "sightings.json")
    found, doubtful = {}, False
    for name in names:
        if name.startswith("."):
            continue
        path = disk.locks / name
        try:
            sign = Sign.parse(path.read_bytes())
        except OSError:
            continue
        silent = sightings.unchanged_for(f"lock {path}", sign.content)
        fate = sign.process.fate()
        doubtful |= fate not in ("alive", "dead")
        if fate == "alive" or (fate != "dead" and silent < TIMING.stale):
            since = f" (since {sign.since})" if sign.since else ""
            found[re.sub(r"(@\d+)?\.json$", "", name)] = f"{sign.who}{since}"
    if doubtful:
        sightings.save()
    return found


class _Describer:
    """What all environments share is read once: kernels, locks, mounts."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._kernels = Kernels(disk)
        self._working = holders(disk)
        self._mounts = read_mounts()
        self._survives = survival(disk.root, self._mounts).survives

    def sealed(self, name: str) -> Environment | None:
        """The sealed environment ``name``; None: it went just now."""
        return describe_sealed(
            name, self._disk, self._kernels, self._working, survives=self._survives
        )

    def open(self, prefix: Path, where: Where, versioned: Container[str]) -> Environment | None:
        """The environment at ``prefix``; None: there is none.

        Two folders are listed and one small file is read; one more is listed for its versions.

        Args:
            prefix: its folder.
            where: that is.
            versioned: names of the disk that have versions.
        """
        try:
            names = os.listdir(prefix / "conda-meta")
        except OSError:
            return None
        if not is_meta(names):
            return None
        inside = where == "disk"
        name = prefix.name if inside else image_name(prefix)
        state = read_state(prefix)
        python = python_version(names)
        kernel, kernel_name = self._kernels.of(prefix)
        known = numbers(self._disk, name) if inside and name in versioned else []
        return Environment(
            name=name,
            prefix=prefix,
            where=where,
            survives=self._survives if inside else survival(prefix, self._mounts).survives,
            python=python,
            size=state.size if state else None,
            files=state.files if state else None,
            kernel=kernel,
            kernel_name=kernel_name,
            created=state.created or None if state else None,
            origin=state.origin or None if state else None,
            highlights=highlights_at(prefix, names, python),
            trouble=trouble_at(prefix, name, python, state),
            working=self._working.get(name.lower()) if inside else None,
            newest=known[-1] if known else None,
            versions=len(known),
        )
