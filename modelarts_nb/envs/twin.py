"""A second environment of the same files, made of hard links: quick to make, safe to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.scan import Entry, Tree, scan
from modelarts_nb.disk.transfer import copy_tree
from modelarts_nb.envs.prefixes import beside
from modelarts_nb.progress import SILENT, Progress

# What package tools write into where it is; everything else they replace by new files.
_WRITTEN = (".pth", ".egg-link")


def make_twin(source: Path, target: Path, *, progress: Progress = SILENT) -> Tree:
    """Make ``target`` an environment of the files of ``source``, for engines to change.

    Bytes are not copied, except those of files that package tools write into. (rattler, conda and
    pip replace files, they do not write into them: tried.)

    Returns:
        What ``source`` held, so that the caller can tell later what is new.

    Raises:
        DiskFull, DiskFailure, AccessDenied: the disk refused.
        Cancelled: the user's wish.
    """
    threads = config.Transfer(config=config.load()).threads
    scanned = scan(source, skip=set(beside(source)), threads=threads, progress=progress)
    # A folder that its package made read-only could not be filled.
    entries = [replace(e, mode=e.mode | 0o700) if e.kind == "dir" else e for e in scanned.entries]
    tree = Tree(source, entries)
    copy_tree(
        tree,
        target,
        link=lambda entry: not is_written(entry.path),
        threads=threads,
        progress=progress,
    )
    return tree


def is_written(path: str) -> bool:
    """May a package tool write into this file, instead of replacing it?"""
    folder = path.partition("/")[0]
    notes = ".dist-info/" in path or ".egg-info/" in path
    return folder == "conda-meta" or notes or path.endswith(_WRITTEN)


def changed(before: Tree, after: Tree) -> list[Entry]:
    """The files of ``after`` that are not the same ones as in ``before``."""
    known = {entry.inode for entry in before.entries}
    return [e for e in after.entries if e.kind == "file" and e.inode not in known]
