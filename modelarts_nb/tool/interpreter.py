"""The tool's Python and the libraries it needs, put into a staged environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.scan import Tree, scan
from modelarts_nb.disk.space import require_space
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.envs.channels import source_of
from modelarts_nb.envs.engine import rattler
from modelarts_nb.envs.prefixes import beside, is_environment, spellings
from modelarts_nb.envs.relocate import Move
from modelarts_nb.errors import NetworkUnavailable, Unsolvable
from modelarts_nb.progress import Progress
from modelarts_nb.tool.parts import conda_files, library_files, normal, requirements, site_of


def conda_source() -> Path | None:
    """The conda environment whose Python runs us (directly or below a virtual one)."""
    for prefix in (Path(sys.prefix), Path(sys.base_prefix)):
        if is_environment(prefix):
            return prefix
    return None


def copy_python(
    source: Path, target: Path, final: Path, packages: list[str], *, disk: Disk, progress: Progress
) -> set[str]:
    """Copy ``packages`` and what they depend on out of a conda environment.

    Args:
        source: the environment; never modified.
        target: a folder of a stage.
        final: where it will be landed.
        packages: conda packages; those that the environment does not have are left out.

    Returns:
        The names of the conda packages that were copied.

    Raises:
        DiskFull, DiskFailure, AccessDenied, EngineFailed, Cancelled: as ``clone``.
    """
    names, wanted = conda_files(source, packages)
    scanned = scan(source, skip=set(beside(source)), progress=progress)
    tree = Tree(source, [entry for entry in scanned.entries if entry.path in wanted])
    require_space(disk.root, bytes=tree.bytes, files=tree.files)
    move = Move(source, spellings(source), final, progress=progress)
    copy_tree(tree, target, content=move.content, retarget=move.retarget, progress=progress)
    (target / "conda-meta").mkdir(exist_ok=True)
    (target / "conda-meta" / "history").touch()
    move.finish(tree, target)
    return names


def copy_libraries(requires: list[str], site: Path, *, known: set[str], progress: Progress) -> None:
    """Copy the installed distributions that satisfy ``requires`` into ``site``.

    Args:
        requires: as in a wheel's metadata.
        site: the site-packages of the staged environment, of the same minor version of Python.
        known: distributions that are there already (conda brought them).

    Raises:
        EngineFailed: one is not installed here.
        DiskFull, DiskFailure, AccessDenied, Cancelled: as ``clone``.
    """
    wanted: dict[Path, set[str]] = {}
    have = {normal(name) for name in known}
    for distribution in requirements(requires):
        if normal(distribution.metadata["Name"]) not in have:
            wanted.setdefault(site_of(distribution), set()).update(library_files(distribution))
    for source, files in wanted.items():
        scanned = scan(source, progress=progress)
        tree = Tree(source, [entry for entry in scanned.entries if entry.path in files])
        copy_tree(tree, site, progress=progress)


def create_python(
    target: Path, final: Path, channels: Sequence[str], *, disk: Disk, progress: Progress
) -> None:
    """Get a Python of our own minor version from the channels, with rattler.

    Args:
        target: a folder of a stage; is made.
        final: where it will be landed.
        channels: where from; none: those of ``.condarc`` and the settings.

    Raises:
        Unsolvable, NetworkUnavailable, EngineFailed: it could not be got.
        DiskFull, AccessDenied, Cancelled: it could not be written.
    """
    source = source_of(disk, channels)
    spec = f"python={sys.version_info.major}.{sys.version_info.minor}"
    try:
        records = rattler.solve(source, [spec], progress=progress)
        rattler.install(source, target, final, records=records, requested=[spec], progress=progress)
    except (NetworkUnavailable, Unsolvable) as error:
        error.message = f"The tool needs a Python of its own on the disk. {error.message}"
        error.hint = (
            "Name a channel that has one and can be reached: `ma hook install -c CHANNEL`. Or "
            "install modelarts_nb into a conda environment and run `ma hook install` there: then "
            "nothing is downloaded."
        )
        raise
