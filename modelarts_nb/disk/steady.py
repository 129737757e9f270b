"""Did a tree stay as it was scanned? What was added or replaced while it was read shows here.

Single files are compared by whoever reads them. But a package that is installed meanwhile has
files that were never scanned, and some that were read before it replaced them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from modelarts_nb.disk.crew import Crew
from modelarts_nb.disk.remove import is_silly
from modelarts_nb.disk.scan import Entry, Tree
from modelarts_nb.errors import Busy, from_os_error
from modelarts_nb.progress import SILENT, Progress

# A running Python compiles what it imports (through a temporary name): no change of what is there.
_COMPILED = re.compile(r"__pycache__|.*\.py[co](\.\d+)?")
_SHOWN = 3


def require_steady(
    tree: Tree,
    *,
    skip: Collection[str] = (),
    threads: int = 32,
    progress: Progress = SILENT,
) -> None:
    """Look once more at the folders of a scanned tree; files are only looked at in changed ones.

    Args:
        tree: from ``scan``.
        skip: what that scan left out.
        threads: requests in flight.
        progress: asked whether to stop.

    Raises:
        Busy: names were added or removed, or files replaced, since the scan; says where.
        AccessDenied, DiskFailure: a folder cannot be read any more.
        Cancelled: the user's wish.
    """
    look = _Look(tree, frozenset(skip), Crew(threads=threads, progress=progress))
    if changed := sorted(look.run()):
        more = f" and {len(changed) - _SHOWN:,} more" if len(changed) > _SHOWN else ""
        raise Busy(
            f"{tree.root} changed while it was read: {', '.join(changed[:_SHOWN])}{more}.",
            hint="Wait until nothing installs into or writes to it, then run the same again.",
        )


@dataclass
class _Look:
    tree: Tree
    skip: frozenset[str]
    crew: Crew
    changed: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        # Of the root itself the scan kept no time.
        self.crew.put(lambda: self._list(""))
        folders = [entry for entry in self.tree.entries if entry.kind == "dir"]
        for entry in folders:
            if not entry.path.endswith("__pycache__"):
                self.crew.put(lambda entry=entry: self._folder(entry))  # type: ignore[misc]
        self.crew.run()
        return self.changed

    def _folder(self, entry: Entry) -> None:
        try:
            info = os.stat(self._full(entry.path), follow_symlinks=False)
        except OSError as error:
            self._gone(entry.path, error)
            return
        if (info.st_mtime_ns, info.st_ino) != (entry.mtime_ns, entry.inode[1]):
            self._list(entry.path)

    def _list(self, folder: str) -> None:
        known = self._inside.get(folder, {}) if folder else self._top
        try:
            names = {name for name in os.listdir(self._full(folder)) if self._counts(folder, name)}
            for name in names ^ {name for name in known if self._counts(folder, name)}:
                self.changed.append(f"{folder}/{name}".lstrip("/"))
            for name in names & known.keys():
                entry = known[name]
                info = os.lstat(self._full(entry.path))
                if entry.kind != "dir" and info.st_ino != entry.inode[1]:
                    self.changed.append(entry.path)
        except OSError as error:
            self._gone(folder, error)

    @cached_property
    def _top(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.tree.entries if "/" not in entry.path}

    @cached_property
    def _inside(self) -> dict[str, dict[str, Entry]]:
        """What the scan found in each folder: only asked for where one has changed."""
        inside: dict[str, dict[str, Entry]] = {}
        for entry in self.tree.entries:
            folder, _, name = entry.path.rpartition("/")
            inside.setdefault(folder, {})[name] = entry
        return inside

    def _counts(self, folder: str, name: str) -> bool:
        path = f"{folder}/{name}" if folder else name
        return not (path in self.skip or is_silly(name) or _COMPILED.fullmatch(name))

    def _gone(self, path: str, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise from_os_error(error, f"reading {path or self.tree.root.name}") from error
        self.changed.append(path or str(self.tree.root))

    def _full(self, path: str) -> str:
        return os.path.join(self.tree.root, path) if path else str(self.tree.root)
