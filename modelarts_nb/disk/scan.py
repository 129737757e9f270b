"""Reading a whole tree with many requests in flight."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from modelarts_nb.disk.crew import Crew
from modelarts_nb.disk.remove import is_silly
from modelarts_nb.errors import NotFound, from_os_error
from modelarts_nb.progress import SILENT, Progress

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder or symbolic link below the root of a tree.

    ``path`` is relative, '/'-separated, with undecodable bytes as surrogates (``os.fsdecode``);
    ``size`` in bytes; ``mode`` the permission bits; ``inode`` device and number; ``target`` what a
    link says.
    """

    path: str
    kind: Literal["file", "dir", "link"]
    size: int
    mode: int
    mtime_ns: int
    inode: tuple[int, int]
    nlink: int
    target: str | None


@dataclass(frozen=True)
class Tree:
    """What a scan found, in the order of the paths: a folder comes before what is in it."""

    root: Path
    entries: list[Entry]

    @cached_property
    def files(self) -> int:
        """Files and links."""
        return sum(entry.kind != "dir" for entry in self.entries)

    @cached_property
    def dirs(self) -> int:
        """Folders, without the root."""
        return len(self.entries) - self.files

    @cached_property
    def bytes(self) -> int:
        """Sizes of the files, every hard-linked one counted once."""
        return sum({e.inode: e.size for e in self.entries if e.kind == "file"}.values())


def scan(
    root: Path,
    *,
    skip: Collection[str] = (),
    threads: int = 32,
    found: Callable[[Sequence[Entry]], None] | None = None,
    progress: Progress = SILENT,
) -> Tree:
    """Read the tree below ``root`` (which may be a link to a folder; links below are not followed).

    Args:
        root: the folder.
        skip: paths, relative to ``root``, that are left out with everything below them.
        threads: requests in flight.
        found: given some entries as soon as they are known, from any thread.
        progress: told of the entries found.

    Sockets, pipes and devices are left out and logged; so is what vanishes meanwhile. ``.nfs*``
    files, which the NFS client keeps of deleted ones, are left out.

    Raises:
        NotFound: there is no such folder.
        AccessDenied, DiskFailure: something cannot be read.
        Cancelled: the user's wish.
    """
    if not os.path.isdir(root):
        raise NotFound(f"There is no folder {root}.", hint="Check the name.")
    progress.phase("scanning")
    return _Scan(root, frozenset(skip), threads, found, progress).run()


class _Scan:
    def __init__(
        self,
        root: Path,
        skip: frozenset[str],
        threads: int,
        found: Callable[[Sequence[Entry]], None] | None,
        progress: Progress,
    ) -> None:
        self._root = root
        self._skip = skip
        self._found = found
        self._top = os.fspath(root)
        self._progress = progress
        self._crew = Crew(threads=threads, progress=progress)
        self._entries: list[Entry] = []  # list.extend is atomic

    def run(self) -> Tree:
        self._crew.put(lambda: self._list(""))
        self._crew.run()
        self._entries.sort(key=lambda entry: entry.path)
        return Tree(self._root, self._entries)

    def _list(self, folder: str) -> None:
        full = f"{self._top}/{folder}" if folder else self._top
        below = f"{folder}/" if folder else ""
        names = []
        try:
            with os.scandir(full) as found:
                for item in found:
                    path = below + item.name
                    if path in self._skip:
                        continue
                    if item.is_dir(follow_symlinks=False):
                        self._crew.put(lambda path=path: self._list(path))  # type: ignore[misc]
                    if not is_silly(item.name):
                        names.append(path)
        except FileNotFoundError:
            self._progress.log(f"vanished while it was read: {full}")
        except OSError as error:
            raise from_os_error(error, f"reading {folder or self._root.name}", full) from error
        # A big folder is split, or one thread would ask for thousands of files one by one.
        for start in range(_BATCH, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            self._crew.put(lambda batch=batch: self._stat(batch))  # type: ignore[misc]
        self._stat(names[:_BATCH])

    def _stat(self, paths: list[str]) -> None:
        entries = []
        for path in paths:
            self._crew.check()
            full = f"{self._top}/{path}"
            try:
                entry = entry_of(path, full, os.lstat(full))
            except FileNotFoundError:
                self._progress.log(f"vanished while it was read: {path}")
                continue
            except OSError as error:
                raise from_os_error(error, f"reading {path}", full) from error
            if entry is None:
                self._progress.log(f"left out, neither file, folder nor link: {path}")
            else:
                entries.append(entry)
        self._entries.extend(entries)
        if self._found:
            self._found(entries)
        self._progress.advance(files=len(entries))


def entry_of(path: str, full: str, info: os.stat_result) -> Entry | None:
    """The entry of what lies at ``full``; None for sockets, pipes and devices.

    Raises:
        OSError: a link cannot be read.
    """
    kind: Literal["file", "dir", "link"]
    target = None
    if stat.S_ISREG(info.st_mode):
        kind = "file"
    elif stat.S_ISDIR(info.st_mode):
        kind = "dir"
    elif stat.S_ISLNK(info.st_mode):
        kind, target = "link", os.readlink(full)
    else:
        return None
    return Entry(
        path=path,
        kind=kind,
        size=info.st_size if kind == "file" else 0,
        mode=stat.S_IMODE(info.st_mode),
        mtime_ns=info.st_mtime_ns,
        inode=(info.st_dev, info.st_ino),
        nlink=info.st_nlink,
        target=target,
    )
