"""Copying a tree with many requests in flight, so that the latency of the disk is hidden."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.bytescopy import BytesCopy
from modelarts_nb.disk.crew import Crew
from modelarts_nb.disk.filecopy import NO_LINK, Content, FileCopy, Retarget, typed
from modelarts_nb.disk.mounts import mount_of
from modelarts_nb.disk.order import Order
from modelarts_nb.disk.scan import Entry, Tree, entry_of
from modelarts_nb.disk.sync import sync_tree
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress

__all__ = ["copy_tree", "sync_tree"]

Select = Callable[[Entry], bool]


def copy_tree(
    tree: Tree,
    target: Path,
    *,
    select: Select | None = None,
    content: Content | None = None,
    asks: Select | None = None,
    retarget: Retarget | None = None,
    times: Select | None = None,
    link: Select | None = None,
    threads: int = 32,
    progress: Progress = SILENT,
) -> None:
    """Copy what a scan found into the folder ``target``, which is made if it is not there.

    Kept: names, permission bits, modification times in ns (of files, folders and links), hard
    links inside the tree, holes. Not kept: owners, ACLs, extended attributes. Existing files are
    never overwritten. Nothing is synced: ``sync_tree`` or ``land`` does that.

    Args:
        tree: from ``scan``; may hold fewer entries than the folder.
        target: the folder to copy into.
        select: which entries to copy (default: all). A folder is also made when something below
            it is selected.
        content: called in a worker thread for every regular file with its entry and a descriptor
            of the source; returns the bytes to write instead, or None. Of files that are hard
            links to each other one is asked for all.
        asks: which files ``content`` is called for (default: all).
        retarget: called for every symbolic link; returns what it should say instead, or None.
        times: which files and folders get their modification times (default: all). Where nobody
            ever asks for a file's own time, a request can be saved.
        link: which files become hard links to the source's where that is possible (default:
            none); the log says how many were copied after all. Only for files that nobody ever
            rewrites in place: a change would show in the source, too. Of files that are hard
            links to each other all must be chosen.
        threads: files in flight.
        progress: told of files and bytes; asked several times a second whether to stop.

    Raises:
        Busy: a file changed while it was copied, twice.
        DiskFull, DiskFailure, AccessDenied: the first error; every thread has ended then.
        Cancelled: the user's wish.
    """
    chosen = [entry for entry in tree.entries if select is None or select(entry)]
    every = [entry for entry in chosen if entry.kind == "file"]
    alone = {entry.inode for entry in every if not link(entry)} if link else set()
    first, again = _split_hard_links(every)
    links = [entry for entry in chosen if entry.kind == "link"]
    progress.phase(
        "copying",
        files=len(first) + len(again) + len(links),
        bytes=sum(entry.size for entry in first),
    )
    shared = (lambda entry: entry.inode not in alone) if link else None
    root = os.fspath(tree.root)
    copy = FileCopy(root, os.fspath(target), content, asks, retarget, times, shared, progress)
    folders = _folders(tree, chosen)
    work = _Work(copy, threads, progress)
    work.fill(folders, [*first, *links])
    work.link_again(again)
    work.finish_folders(folders)
    if copy.refused:
        progress.log(f"{len(copy.refused):,} files could not be hard links: they are copied")


@dataclass(frozen=True)
class _Work:
    """The steps of one copy, each with its own crew."""

    copy: FileCopy
    threads: int
    progress: Progress

    def fill(self, folders: list[Entry], entries: list[Entry]) -> None:
        """Folders, parents first and writable for now, and in each what belongs into it.

        A folder's files need not wait until all other folders are made.
        """
        with typed("making the target folder", self.copy.target):
            os.makedirs(self.copy.target, exist_ok=True)
        below: dict[str, list[Entry]] = {}
        for entry in folders:
            below.setdefault(entry.path.rpartition("/")[0], []).append(entry)
        crew = self._crew()
        order = Order(entries)
        bytes_copy = self._bytes_copy(crew, lambda count: self.progress.advance(bytes=count))

        def make(entry: Entry) -> None:
            path = self.copy.to(entry)
            with typed(f"making the folder {entry.path}", path):
                # The target may be there already, and folders in it.
                with contextlib.suppress(FileExistsError):
                    os.mkdir(path, entry.mode & 0o777 | stat.S_IRWXU)
            made(entry.path)

        def made(folder: str) -> None:
            for child in below.get(folder, ()):
                crew.put(lambda child=child: make(child), first=True)  # type: ignore[misc]
            for _ in range(order.open(folder)):
                crew.put(some)

        def some() -> None:
            taken = order.take()
            if taken is None:
                return
            folder, batch = taken
            linked = 0
            for entry in batch:
                crew.check()
                if entry.kind == "link":
                    self.copy.symlink(entry)
                elif self.copy.share(entry):
                    linked += entry.size
                else:
                    self.copy.file(entry, bytes_copy)
            # Once a batch: drawing a bar costs more than making a link.
            self.progress.advance(files=len(batch), bytes=linked)
            order.done(folder)

        made("")
        crew.run()

    def link_again(self, pairs: list[tuple[Entry, Entry]]) -> None:
        """Further names of files that are copied already."""
        crew = self._crew()
        bytes_copy = self._bytes_copy(crew, lambda _: None)

        def make(entry: Entry, first: Entry) -> None:
            try:
                os.link(self.copy.to(first), self.copy.to(entry))
            except OSError as error:
                if error.errno not in NO_LINK:
                    raise from_os_error(
                        error, f"linking {entry.path}", self.copy.to(entry)
                    ) from error
                if not self.copy.share(entry):
                    self.copy.file(entry, bytes_copy)
            self.progress.advance(files=1)

        for entry, first in pairs:
            crew.put(lambda entry=entry, first=first: make(entry, first))  # type: ignore[misc]
        crew.run()

    def finish_folders(self, folders: list[Entry]) -> None:
        """Modes and times of folders: filling them has changed the times."""
        crew = self._crew()
        umask = _umask()

        times = self.copy.times

        def finish(path: str, mode: int, mtime_ns: int | None, *, made: int) -> None:
            with typed(f"finishing the folder {path}", path):
                if mtime_ns is not None:
                    os.utime(path, ns=(mtime_ns, mtime_ns))
                if made != mode:
                    os.chmod(path, mode)

        for entry in folders:
            made = (entry.mode & 0o777 | stat.S_IRWXU) & ~umask
            time = entry.mtime_ns if times is None or times(entry) else None
            if time is None and made == entry.mode:
                continue
            path = self.copy.to(entry)
            crew.put(
                lambda p=path, e=entry, t=time, m=made: finish(p, e.mode, t, made=m)  # type: ignore[misc]
            )
        crew.run()
        with typed("reading the source", self.copy.root):
            info = os.stat(self.copy.root)
        finish(self.copy.target, stat.S_IMODE(info.st_mode), info.st_mtime_ns, made=-1)

    def _crew(self) -> Crew:
        return Crew(threads=self.threads, progress=self.progress)

    def _bytes_copy(self, crew: Crew, copied: Callable[[int], None]) -> BytesCopy:
        fuse = any(
            mount_of(Path(path)).fstype.startswith("fuse")
            for path in (self.copy.root, self.copy.target)
        )
        return BytesCopy(ranges=not fuse, check=crew.check, copied=copied)


def _split_hard_links(files: list[Entry]) -> tuple[list[Entry], list[tuple[Entry, Entry]]]:
    """Files to copy, and (further name, copied file) pairs."""
    known: dict[tuple[int, int], Entry] = {}
    first, again = [], []
    for entry in files:
        if entry.nlink > 1 and entry.inode in known:
            again.append((entry, known[entry.inode]))
            continue
        known[entry.inode] = entry
        first.append(entry)
    return first, again


def _folders(tree: Tree, chosen: list[Entry]) -> list[Entry]:
    """The chosen folders and every folder above something chosen."""
    needed: set[str] = set()
    for entry in chosen:
        path = entry.path if entry.kind == "dir" else entry.path.rpartition("/")[0]
        while path and path not in needed:
            needed.add(path)
            path = path.rpartition("/")[0]
    folders = [entry for entry in tree.entries if entry.kind == "dir" and entry.path in needed]
    for path in needed.difference(entry.path for entry in folders):
        full = os.path.join(tree.root, path)
        with typed(f"reading {path}", full):
            found = entry_of(path, full, os.stat(full))
        if found is not None:
            folders.append(found)
    return folders


def _umask() -> int:
    """The process's umask; read from ``/proc`` because asking the kernel means changing it."""
    try:
        match = re.search(r"^Umask:\s*([0-7]+)", Path("/proc/self/status").read_text(), re.M)
    except OSError:
        match = None
    return int(match[1], 8) if match else 0
