"""What a version of a sealed environment says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelarts_nb.envs.model import Package


@dataclass(frozen=True)
class Layer:
    """One image of a version; later layers win over earlier ones.

    ``image`` is the sha256 of its file; ``size`` the bytes of that file, ``plain`` those of the
    tar in it. ``deleted`` are paths of earlier layers that are gone (a folder: all below it).
    ``prefix`` says at which bytes of which files ``slots.PLACEHOLDER`` stands.
    """

    image: str
    size: int
    plain: int
    deleted: tuple[str, ...] = ()
    prefix: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """One version of a sealed environment.

    ``number`` counts from 1; ``parent`` is the version it was made from. ``created`` is ISO 8601.
    ``glibc`` is the oldest C library that runs it (``"2.17"``, empty: any), ``accelerator`` what
    its packages were built for: ``cpu``, ``cuda`` or ``ascend``. ``files`` and ``size`` (bytes)
    are those of the environment, ``stored`` the bytes of the images that its parent does not have.
    ``origin`` is the prefix or file that the environment was made from, ``unfit`` are files that
    still name the prefix which it was sealed at.
    """

    name: str
    number: int
    created: str
    layers: tuple[Layer, ...]
    why: str = ""
    owner: str = ""
    parent: int | None = None
    platform: str = ""
    arch: str = ""
    glibc: str = ""
    accelerator: str = "cpu"
    python: str | None = None
    packages: tuple[Package, ...] = ()
    files: int = 0
    size: int = 0
    stored: int = 0
    requested: tuple[str, ...] = ()
    origin: str = ""
    unfit: tuple[str, ...] = ()
