"""Making files true at their new prefix while they arrive, so that none is read a second time."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from modelarts_nb.disk.scan import Entry, Tree
from modelarts_nb.envs.archive.safety import Namespace
from modelarts_nb.envs.relocate import Move, each
from modelarts_nb.envs.rewriting import mentions
from modelarts_nb.envs.swap import swap_content
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import Progress


class Arrival:
    """The files of one archive of ours on their way to ``final``.

    Conda's records come first in such an archive; they say how the other files are rewritten, so
    they themselves, and files too large to hold in memory, are rewritten on the disk at the end.

    Args:
        root: where the files are written.
        old: the prefixes they may name.
        final: the prefix they will have.
        wait: returns when the records are on the disk.
    """

    def __init__(
        self,
        root: Path,
        old: Sequence[str],
        final: Path,
        wait: Callable[[], None],
        progress: Progress,
    ) -> None:
        self._root, self._final = root, final
        self._old = [prefix for prefix in old if prefix != str(final)]
        self._wait = wait
        self._progress = progress
        self._move: Move | None = None
        self._later: list[str] = []
        self._number = itertools.count(1)
        self._inodes: dict[str, int] = {}

    def expect(self, path: str) -> None:
        """The next member is about to be written: once the records are through, read them."""
        if self._move is None and not path.startswith("conda-meta"):
            self._wait()
            self._ready()

    def change(self, path: str, data: bytes) -> bytes | None:
        """The new content of a file that is held in memory; called by many threads."""
        if not self._old or not mentions(data, self._old):
            return None
        if self._move is None:
            self.later(path)
            return None
        # Move reads from a descriptor; only the few files that name the prefix take this way.
        fd = os.memfd_create("arrival")
        try:
            os.pwrite(fd, data, 0)
            return self._move.content(self._entry(path, len(data)), fd)
        finally:
            os.close(fd)

    def look(self, window: bytes) -> bool:
        """Does a part of a large file name an old prefix?"""
        return bool(self._old) and mentions(window, self._old)

    @property
    def overlap(self) -> int:
        """How many bytes of one part must be looked at again with the next."""
        return max((len(os.fsencode(old)) * 3 for old in self._old), default=0)

    def later(self, path: str) -> None:
        """Rewrite ``path`` at the end."""
        self._later.append(path)

    def rewrite(self, threads: int) -> None:
        """Rewrite what was left for the end; call it when all files are there, and no hard link:
        a file gets its new content by a rename.

        Raises:
            EngineFailed: the new prefix is longer than a package left room for.
            DiskFull, DiskFailure, AccessDenied: the disk refused.
        """
        move = self._ready()
        self._progress.phase("rewriting", files=len(self._later))

        def one(path: str) -> None:
            full = self._root / path
            with full.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                new = move.content(self._entry(path, size), file.fileno())
            if new is not None:
                swap_content(full, new)
            self._progress.advance(files=1)

        try:
            each(one, self._later, threads)
        except OSError as error:
            raise from_os_error(error, "rewriting the prefix", self._root) from error

    def finish(self, names: Namespace) -> None:
        """Correct what depends on rewritten files; call it when the links are there, too.

        Raises:
            DiskFull, DiskFailure, AccessDenied: the disk refused.
        """
        # A further name of a rewritten file was rewritten with it: records must say so.
        same = [(name, self._inodes.get(first, 0)) for name, first in names.hardlinks.items()]
        entries = [_file(name, 0, number) for name, number in same if number]
        self._ready().finish(Tree(self._root, entries), self._root)

    def _ready(self) -> Move:
        if self._move is None:
            self._move = Move(self._root, self._old, self._final, progress=self._progress)
        return self._move

    def _entry(self, path: str, size: int) -> Entry:
        number = self._inodes[path] = next(self._number)
        return _file(path, size, number)


def _file(path: str, size: int, number: int) -> Entry:
    return Entry(path, "file", size, 0o644, 0, (0, number), 1, None)
