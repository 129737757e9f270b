"""What the verbs of sealed environments return."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Listed:
    """One version, without what only programs need.

    ``packages`` is how many, ``stored`` the bytes that its images add to those of its parent;
    the other fields are those of ``Version``. ``filled``: it is on the local disk. ``chosen``:
    kernels here start from it. ``problem`` says why its file cannot be used; then the rest is
    not known.
    """

    name: str
    number: int
    created: str = ""
    why: str = ""
    owner: str = ""
    parent: int | None = None
    python: str | None = None
    platform: str = ""
    arch: str = ""
    glibc: str = ""
    accelerator: str = "cpu"
    packages: int = 0
    highlights: tuple[str, ...] = ()
    files: int = 0
    size: int = 0
    stored: int = 0
    filled: bool = False
    chosen: bool = False
    problem: str = ""


@dataclass(frozen=True)
class PackageChange:
    """A package that is not the same in both. ``before`` None: it was added; ``after``: it went."""

    name: str
    manager: Literal["conda", "pip"]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class FileChanges:
    """Files (and links) of one kind of change: how many, their bytes, and the first of them."""

    count: int = 0
    bytes: int = 0
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What lies between two versions. ``before`` and ``after`` are numbers, or ``"unsaved"``."""

    name: str
    before: str
    after: str
    packages: tuple[PackageChange, ...] = ()
    added: FileChanges = FileChanges()
    removed: FileChanges = FileChanges()
    changed: FileChanges = FileChanges()


@dataclass(frozen=True)
class Offered:
    """A sealed environment of a source. ``name`` is what ``clone`` takes, as ``"team:mine"``.

    ``unfit`` says why it cannot run here; empty: it can.
    """

    name: str
    number: int
    created: str = ""
    why: str = ""
    python: str | None = None
    arch: str = ""
    glibc: str = ""
    accelerator: str = "cpu"
    highlights: tuple[str, ...] = ()
    size: int = 0
    stored: int = 0
    unfit: str = ""


@dataclass(frozen=True)
class Source:
    """A folder of a team mate or a team with sealed environments. ``problem``: not readable now."""

    name: str
    path: Path
    environments: tuple[Offered, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class StoredImage:
    """One image on the persistent disk. ``kept`` says why it stays; empty: nobody needs it."""

    sha256: str
    size: int
    kept: str = ""


@dataclass(frozen=True)
class Garbage:
    """What ``gc`` saw: all images, and the bytes of those that nobody needs. ``deleted``: gone."""

    images: tuple[StoredImage, ...]
    bytes: int
    deleted: bool = False
