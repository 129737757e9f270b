"""What the verbs of ``envs`` return."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Package:
    """One installed package. ``manager`` says who brought it."""

    name: str
    version: str
    manager: Literal["conda", "pip"]
    build: str = ""
    channel: str = ""
    editable: bool = False


@dataclass(frozen=True)
class Finding:
    """Something ``check`` saw. ``fix`` says what ``--fix`` would do; empty: not by itself."""

    check: str
    level: Literal["ok", "warning", "error"]
    message: str
    fix: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    """One conda environment.

    ``size`` is in bytes, ``size`` and ``files`` None where nobody has counted; ``kernel`` is
    ``ready`` (registered, offered by Jupyter), ``missing`` (registered, not offered) or ``none``.
    ``highlights`` are the packages a person would name first, as ``("torch 2.1", "numpy 1.26")``.

    ``open`` is a folder tree, ``sealed`` images with versions. Of a sealed one ``version`` is the
    number that kernels here start from, else the newest; ``filled`` says whether it is on the local
    disk, in ``prefix`` (where it is not, ``prefix`` is the folder of its versions), ``unsaved``
    whether work there is in no version yet. ``newest`` and ``versions`` (how many) are those of the
    name: an open one may have a history too. ``stored`` is what its version takes on the persistent
    disk, ``local_size`` what it takes on the local one, in bytes.
    """

    name: str
    prefix: Path
    where: Literal["disk", "image", "elsewhere"]
    survives: bool
    python: str | None = None
    size: int | None = None
    files: int | None = None
    kernel: Literal["ready", "missing", "none"] = "none"
    kernel_name: str | None = None
    created: str | None = None
    origin: str | None = None
    highlights: tuple[str, ...] = ()
    trouble: tuple[Finding, ...] = field(default=())
    working: str | None = None
    state: Literal["open", "sealed"] = "open"
    version: int | None = None
    newest: int | None = None
    versions: int = 0
    filled: bool = True
    unsaved: bool = False
    stored: int | None = None
    local_size: int | None = None


@dataclass(frozen=True)
class Archive:
    """One packed environment and what its manifest says. Sizes in bytes."""

    path: Path
    name: str
    format: str
    size: int
    created: str
    sha256: str = ""
    python: str | None = None
    platform: str = ""
    unpacked_size: int | None = None
    files: int | None = None
    packages: int | None = None
    origin: str = ""


@dataclass(frozen=True)
class Removed:
    """One environment in the bin. ``entry`` is what ``bin_restore`` takes; times are ISO 8601.

    ``size`` is in bytes, of the environment; a ``sealed`` one's images take less.
    """

    entry: str
    name: str
    removed: str
    purged_after: str
    size: int | None = None
    state: Literal["open", "sealed"] = "open"
