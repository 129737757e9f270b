"""Making all files of an environment true at another prefix, whatever copied them there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from modelarts_nb.disk.scan import Entry, Tree, scan
from modelarts_nb.envs import bytecode
from modelarts_nb.envs.records import (
    Changed,
    recorded_files,
    update_conda_records,
    update_pip_records,
)
from modelarts_nb.envs.rewriting import mentions, mentions_in_file, moved, occurrences, rewrite
from modelarts_nb.envs.state import STATE
from modelarts_nb.envs.swap import swap_content, swap_link
from modelarts_nb.envs.wheels import unpacked_files
from modelarts_nb.errors import EngineFailed, from_os_error
from modelarts_nb.progress import SILENT, Progress

__all__ = ["Move", "Moved", "leftovers", "moved", "relocate", "rewrite"]

_SMALL = 1 << 20
# A file that no package lists, names the prefix and is larger than this is data, not program.
_LARGEST_LOOSE = 1 << 28
_OURS = STATE.rpartition("/")[0] + "/"
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Moved:
    """What a move changed: paths relative to the prefix.

    ``unfit`` are files that still name the old prefix because they have no room for the new one;
    they work as long as the old one is there.
    """

    rewritten: tuple[str, ...]
    unfit: tuple[str, ...]


class Move:
    """One environment on its way from its old prefixes to ``final``.

    Whoever copies asks ``content`` for every file that ``asks`` chooses and ``retarget`` for every
    link, from any thread, then calls ``finish`` once.

    Args:
        records: where the environment's conda records can be read before the move.
        old: the prefixes its files speak of.
        final: the prefix it will have.
        keep: see ``rewriting.occurrences``.
    """

    def __init__(
        self,
        records: Path,
        old: Sequence[str],
        final: Path,
        *,
        keep: Sequence[str] = (),
        progress: Progress = SILENT,
    ) -> None:
        self._records = records
        self._final = str(final)
        self._old = [prefix for prefix in old if prefix != self._final]
        self._keep = tuple(keep)
        self._progress = progress
        self._recorded = recorded_files(records) if self._old else {}
        self._lock = threading.Lock()
        self._changed: dict[str, Changed] = {}
        self._inodes: dict[tuple[int, int], Changed] = {}
        self._unfit: set[str] = set()

    def asks(self) -> Callable[[Entry], bool]:
        """Which files ``content`` must look into: not those of which their package says what is in
        them, nor those whose wheel was built elsewhere (a path in them is not this one)."""
        unpacked = unpacked_files(self._records) if self._old else {}

        def ask(entry: Entry) -> bool:
            known = unpacked.get(entry.path)
            return not (known and known.is_still(entry)) and self._can_change(entry)

        return ask

    def content(self, entry: Entry, fd: int) -> bytes | None:
        """The new content of a file, or None to keep it as it is.

        Raises:
            OSError: it cannot be read.
            EngineFailed: the new prefix is longer than a package left room for.
        """
        if not self._can_change(entry):
            return None
        known = self._recorded.get(entry.path)
        room = known.room if known and known.size in (None, entry.size) else None
        data = os.pread(fd, min(_SMALL, entry.size), 0)
        if len(data) < entry.size:
            if not mentions_in_file(fd, self._old):
                return None
            if room is None and entry.size > _LARGEST_LOOSE:
                self._cannot(entry.path)
                return None
            data = _read_all(fd)
        elif not mentions(data, self._old):
            return None
        try:
            new = rewrite(
                data,
                self._old,
                self._final,
                path=entry.path,
                binary=known.binary if known and room else None,
                room=room,
                keep=self._keep,
            )
        except EngineFailed:
            if room is not None:
                raise
            self._cannot(entry.path)
            return None
        if new is not None:
            with self._lock:
                change = self._changed[entry.path] = Changed.of(new)
                self._inodes[entry.inode] = change
        return new

    def rewrite(self, path: Path, entry: Entry) -> None:
        """Give the file at ``path`` its new content; one that changes is replaced.

        Raises:
            OSError: it cannot be read or replaced.
            EngineFailed: the new prefix is longer than a package left room for.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            new = self.content(entry, fd)
        finally:
            os.close(fd)
        if new is not None:
            swap_content(path, new)

    def finish(self, tree: Tree, root: Path) -> Moved:
        """Mend what depends on the changed files: compiled files and records.

        Args:
            tree: the environment as it was scanned.
            root: where its files lie now.

        Raises:
            DiskFull, DiskFailure, AccessDenied: the disk refused.
        """
        try:
            # Other names of a hard-linked file changed with it.
            for entry in tree.entries if self._inodes else ():
                if entry.kind == "file" and entry.inode in self._inodes:
                    self._changed.setdefault(entry.path, self._inodes[entry.inode])
            if self._changed:
                rewritten = sorted(self._changed)
                for path in bytecode.refresh(
                    root,
                    Path(self._final),
                    rewritten,
                    like=self._records,
                    progress=self._progress,
                ):
                    self._changed[path] = Changed.of((root / path).read_bytes())
                self._changed |= update_pip_records(root, self._changed)
                known = [self._recorded.get(path) for path in self._changed]
                among = {name for recorded in known if recorded for name in recorded.records}
                update_conda_records(root, self._changed, among=among)
        except OSError as error:
            raise from_os_error(error, "making the records true", root) from error
        for path in sorted(self._unfit):
            self._progress.log(f"{path} still names {self._old[0]}: no room for the new prefix")
        return Moved(tuple(sorted(self._changed)), tuple(sorted(self._unfit)))

    def retarget(self, entry: Entry) -> str | None:
        """What a link must say now, or None to keep it as it is."""
        if not self._old or entry.target is None:
            return None
        if entry.target.startswith("/"):
            return moved(entry.target, self._old, self._final, keep=self._keep)
        return _outside(Path(self._old[0]), entry.path, entry.target)

    def _can_change(self, entry: Entry) -> bool:
        if not self._old or entry.size == 0 or entry.path.endswith((".pyc", ".pyo")):
            return False
        # Does its package say that it holds no prefix?
        known = self._recorded.get(entry.path)
        return not (known and known.room is None and known.size == entry.size)

    def _cannot(self, path: str) -> None:
        with self._lock:
            self._unfit.add(path)


def relocate(
    root: Path,
    old: Sequence[str],
    final: Path,
    *,
    threads: int = 32,
    progress: Progress = SILENT,
) -> Moved:
    """Make the (staged, still invisible) environment at ``root`` true at ``final``, in place.

    Args:
        root: where its files lie; files that change are replaced, so hard links into a package
            cache are safe.
        old: the prefixes its files speak of.
        final: the prefix it will have.

    Raises:
        EngineFailed: the new prefix is longer than a package left room for.
        DiskFull, DiskFailure, AccessDenied: the disk refused.
    """
    tree = scan(root, threads=threads, progress=progress)
    move = Move(root, old, final, progress=progress)
    progress.phase("rewriting", files=tree.files, bytes=tree.bytes)

    def one(entry: Entry) -> None:
        progress.check()
        path = root / entry.path
        if entry.kind == "link":
            if (target := move.retarget(entry)) is not None:
                swap_link(path, target)
            progress.advance(files=1)
            return
        move.rewrite(path, entry)
        progress.advance(files=1, bytes=entry.size)

    try:
        each(one, (entry for entry in tree.entries if entry.kind != "dir"), threads)
    except OSError as error:
        raise from_os_error(error, "rewriting the prefix", root) from error
    return move.finish(tree, root)


def leftovers(
    prefix: Path,
    old: Sequence[str],
    *,
    final: Path | None = None,
    keep: Sequence[str] = (),
    threads: int = 32,
    progress: Progress = SILENT,
) -> list[str]:
    """Files and links of the environment at ``prefix`` that still name an ``old`` prefix.

    The source file that a compiled one was made from does not count (Python does not look at
    it), nor does our own note of where the environment came from.

    Args:
        final: the prefix it will have, where it is staged; may lie below an old one.

    Raises:
        DiskFailure, AccessDenied: the disk refused.
    """
    new = str(final or prefix)
    gone = [spelling for spelling in old if spelling != new]
    if not gone:
        return []
    tree = scan(prefix, threads=threads, progress=progress)

    def one(entry: Entry) -> str | None:
        progress.check()
        if entry.path.startswith(_OURS):
            return None
        if entry.kind == "link":
            data = os.fsencode(entry.target or "")
        else:
            fd = os.open(prefix / entry.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if not mentions_in_file(fd, gone):
                    return None
                data = _read_all(fd)
            finally:
                os.close(fd)
        source = b"/" + os.fsencode(bytecode.source_of(entry.path))
        compiled = entry.path.endswith((".pyc", ".pyo"))
        for match in occurrences(data, gone, keep=keep):
            below = len(new) > len(match[0]) and data.startswith(os.fsencode(new), match.start())
            shown = compiled and data.startswith(source, match.end())
            if not below and not shown:
                return entry.path
        return None

    try:
        found = each(one, (e for e in tree.entries if e.kind != "dir"), threads)
    except OSError as error:
        raise from_os_error(error, "looking for the old prefix", prefix) from error
    return sorted(path for path in found if path)


def each(work: Callable[[_T], _R], items: Iterable[_T], threads: int) -> list[_R]:
    """``work`` on all items, many at once; the first error ends it."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _outside(source: Path, path: str, target: str) -> str | None:
    """The absolute form of a relative link that leads out of its environment, else None."""
    there = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return os.path.normpath(source / there) if there.split("/")[0] == ".." else None


def _read_all(fd: int) -> bytes:
    parts, offset = [], 0
    while part := os.pread(fd, 1 << 24, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
