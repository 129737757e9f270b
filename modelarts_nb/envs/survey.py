"""What there is to copy of an environment, found out before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.latency import threads_for
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.scan import Entry, Tree, scan
from modelarts_nb.disk.steady import require_steady
from modelarts_nb.envs.prefixes import beside, left_behind, spellings
from modelarts_nb.envs.records import editables
from modelarts_nb.envs.relocate import Move
from modelarts_nb.progress import SILENT, Progress


@dataclass(frozen=True)
class Survey:
    """An environment on its way to another prefix.

    ``tree`` is what the copy will hold; ``move`` says what must change in it, ``asks`` in which
    files to look for that.
    """

    tree: Tree
    move: Move
    asks: Callable[[Entry], bool]
    _scanned: Tree
    _skip: frozenset[str]
    _threads: int

    def require_steady(self, progress: Progress = SILENT) -> None:
        """Is the environment still as it was found?

        Raises:
            Busy, AccessDenied, DiskFailure, Cancelled: as ``disk.steady``.
        """
        require_steady(self._scanned, skip=self._skip, threads=self._threads, progress=progress)


def survey(
    source: Path,
    final: Path,
    *,
    disk: Disk,
    old: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Survey:
    """Look at the environment at ``source``, which is to be copied and to be true at ``final``.

    Our own notes about the source (``conda-meta/modelarts_nb``) do not belong to it, nor do other
    environments and package caches inside a base environment.

    Args:
        source: a prefix.
        final: where the copy will be landed.
        disk: the disk that it will be on.
        old: more prefixes that its files may speak of.

    Raises:
        NotFound, DiskFailure, AccessDenied, Cancelled: as ``disk.scan``.
    """
    threads = threads_for(source, config.Transfer(config=config.load()).threads)
    keep = beside(source)
    skip = left_behind(source, disk)
    scanned = scan(source, skip=skip, threads=threads, progress=progress)
    # What belongs to an image may be read-only; its copy is the user's.
    entries = [
        replace(entry, mode=entry.mode | 0o700) if entry.kind == "dir" else entry
        for entry in scanned.entries
    ]
    known = list(dict.fromkeys([*spellings(source), *old]))
    move = Move(source, known, final, keep=keep, progress=progress)
    for package, place in editables(source):
        if not place.is_relative_to(source):
            progress.log(f"{package} is editable, its code stays in {place}")
    return Survey(Tree(source, entries), move, move.asks(), scanned, skip, threads)
