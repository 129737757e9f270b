"""The members of an image: those of an environment, with the placeholder for its prefix.

What names the prefix is written anew into an overlay, and so are the records and the compiled
files that depend on it. Everything else is packed from where it lies.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modelarts_nb.disk.scan import Entry
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.reading import changed
from modelarts_nb.envs.archive.survey import Survey
from modelarts_nb.envs.bytecode import source_of
from modelarts_nb.envs.prefixes import beside
from modelarts_nb.envs.records import Changed, update_conda_records, update_pip_records
from modelarts_nb.envs.relocate import Move, each
from modelarts_nb.envs.rewriting import mentions_in_file, rewrite
from modelarts_nb.envs.sealed.comparing import is_record
from modelarts_nb.envs.sealed.overlay import Overlay, find_all
from modelarts_nb.envs.sealed.slots import PLACEHOLDER
from modelarts_nb.errors import Busy, EngineFailed, from_os_error
from modelarts_nb.progress import Progress

# Formats with checksums of what is in them: zip, gzip, zstd, bzip2, xz, PNG.
_CHECKSUMMED = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\xfd7zXZ",
    b"\x89PNG",
)
_LARGEST = 1 << 28  # bytes of a file that is changed in memory
_HEAD = 4096  # bytes; a first line is shorter


@dataclass(frozen=True)
class Members:
    """What an image is made of.

    ``prefix`` says at which bytes of which of the ``items`` the placeholder stands; ``unfit`` are
    files that still name another prefix.
    """

    items: tuple[Item, ...]
    prefix: Mapping[str, tuple[int, ...]]
    unfit: tuple[str, ...]


def of_tree(seen: Survey, over: Overlay, *, progress: Progress) -> Members:
    """The members of an image of an open environment.

    Args:
        seen: what is in it.
        over: empty.

    Raises:
        Busy: a file changed since it was seen.
        EngineFailed: a package left no room for the placeholder.
        DiskFull, DiskFailure, AccessDenied, Cancelled: as they say.
    """
    items = _without_our_times(seen.contents.items)
    move = Move(
        seen.prefix,
        seen.prefixes,
        Path(PLACEHOLDER),
        keep=beside(seen.prefix),
        progress=progress,
    )
    asks, known = move.asks(), {entry.path: entry for entry in seen.tree.entries}
    files = [(item, _entry(item, known)) for item in items if item.kind == "file"]
    asked = [pair for pair in files if asks(pair[1])]
    progress.phase("rewriting", files=len(asked), bytes=sum(item.size for item, _ in asked))

    def one(pair: tuple[Item, Entry]) -> str | None:
        progress.check()
        item, entry = pair
        with _opened(item) as fd:
            new = move.content(entry, fd)
        progress.advance(files=1, bytes=item.size)
        if new is None:
            return None
        over.put(item, new)
        return item.path

    try:
        rewritten = {path for path in each(one, asked, seen.threads) if path}
        for item in items if rewritten else ():
            if item.kind == "hardlink" and item.target in rewritten:
                over.name_again(item)
                rewritten.add(item.path)
        compiled = {
            item.path
            for item in items
            if item.path.endswith(".pyc") and source_of(item.path) in rewritten
        }
        if rewritten:
            records = [item.path for item in items if is_record(item.path)]
            over.link(seen.prefix, [*records, *compiled])
        unfit = move.finish(seen.tree, over.root).unfit
        # What cannot be compiled anew is left to the first import.
        stale = {path for path in compiled if not os.path.lexists(over.root / path)}
        new = over.changed()
        return Members(
            tuple(
                over.member(item) if item.path in new else item
                for item in items
                if item.path not in stale and not (item.kind == "hardlink" and item.target in stale)
            ),
            {path: places for path in sorted(new) if (places := over.places(path))},
            unfit,
        )
    except OSError as error:
        raise from_os_error(error, "writing the placeholder", over.root) from error


def of_copy(
    wanted: Sequence[Item],
    everything: Sequence[Item],
    copy: Path,
    over: Overlay,
    *,
    also: Sequence[str] = (),
    threads: int,
    progress: Progress,
) -> Members:
    """The members of an image of a local copy, or of what changed in it.

    The copy's path is as long as the placeholder: compiled files are turned like all others, and
    filling undoes exactly this. Records with checksums of what is turned come along.

    Args:
        wanted: what is to be in the image.
        everything: what would be in an image of all of the copy.
        copy: where it is.
        over: empty.
        also: other paths that lead to it, as conda's name for it does: who activates it and runs
            pip has them in scripts.
        threads: that read.

    Raises:
        Busy: a file changed since it was seen.
        DiskFull, DiskFailure, AccessDenied, Cancelled: as they say.
    """
    files = [item for item in wanted if item.kind == "file"]
    progress.phase("rewriting", files=len(files), bytes=sum(item.size for item in files))
    prefix, unfit, remade = dict[str, tuple[int, ...]](), list[str](), set[str]()
    others = [path for path in (os.path.realpath(copy), *also) if path != str(copy)]

    def one(item: Item) -> None:
        progress.check()
        try:
            places, fits = _turn(item, copy, others, over)
        except Busy:
            # A kernel that imports makes compiled files anew, and can do so another time.
            if not item.path.endswith(".pyc"):
                raise
            remade.add(item.path)
            return
        if places:
            prefix[item.path] = places
        if not fits:
            unfit.append(item.path)
        progress.advance(files=1, bytes=item.size)

    try:
        each(one, files, threads)
        sources = [path for path in over.changed() if not path.endswith(".pyc")]
        if sources:
            sums = {path: Changed.of((over.root / path).read_bytes()) for path in sources}
            over.link(copy, [item.path for item in everything if is_record(item.path)])
            sums |= update_pip_records(over.root, sums)
            update_conda_records(over.root, sums)
        new = over.changed() - remade
        prefix |= {p: places for p in new if is_record(p) and (places := over.places(p))}
        again = {i.path for i in wanted if i.kind == "hardlink" and i.target in remade}
        paths = {item.path for item in wanted} - remade - again | new
        members = [over.member(i) if i.path in new else i for i in everything if i.path in paths]
    except OSError as error:
        raise from_os_error(error, "writing the placeholder", over.root) from error
    for path in sorted(unfit):
        progress.log(f"{path} names {copy} in a way that cannot be changed")
    return Members(tuple(members), prefix, tuple(sorted(unfit)))


def _without_our_times(items: Sequence[Item]) -> list[Item]:
    """Our notes, which no image has, change the time of the folder they are in. The same
    environment is to make the same image."""
    inside = [i.mtime_ns for i in items if i.path.startswith("conda-meta/") and i.kind == "file"]
    latest = max(inside, default=0)
    return [replace(i, mtime_ns=latest) if i.path == "conda-meta" else i for i in items]


def _turn(
    item: Item, copy: Path, others: Sequence[str], over: Overlay
) -> tuple[tuple[int, ...], bool]:
    """Put the placeholder for the path of the copy into one file.

    Returns:
        Where it stands now, and whether nothing else of that path is left.
    """
    here = str(copy)
    # What Python compiles says where its source was, and is told anew when it is imported.
    compiled = item.path.endswith((".pyc", ".pyo"))
    with _opened(item) as fd:
        if others and not compiled and mentions_in_file(fd, others):
            # As programs write it that follow links, or were given one. It is seldom, and seldom in
            # a large file.
            data = None
            if item.size <= _LARGEST:
                with contextlib.suppress(EngineFailed):
                    data = rewrite(os.pread(fd, item.size, 0), others, here, path=item.path)
            if data is None:
                return (), False
            over.put(item, data.replace(os.fsencode(here), PLACEHOLDER.encode()))
            return over.places(item.path), True
        places = find_all(fd, os.fsencode(here))
        if not places:
            return (), True
        head = os.pread(fd, _HEAD, 0)
        fits = places
        if head.startswith(_CHECKSUMMED):
            fits = ()
        elif head.startswith(b"#!") and b"PK\x03\x04" in head:
            # A script with a zip behind its first line.
            fits = tuple(at for at in places if at < head.find(b"\n"))
        if fits:
            over.turn(item, fd, fits)
        return fits, fits == places


@contextlib.contextmanager
def _opened(item: Item) -> Iterator[int]:
    """The file of a member, open for reading; it must be what was seen, also afterwards."""
    try:
        fd = os.open(item.source, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise changed(item) from error
    try:
        yield fd
        info = os.fstat(fd)
    finally:
        os.close(fd)
    if (info.st_size, info.st_mtime_ns) != (item.size, item.mtime_ns):
        raise changed(item)


def _entry(item: Item, known: Mapping[str, Entry]) -> Entry:
    """A file as it was scanned; one that a link leads to has no entry of its own."""
    entry = known.get(item.path)
    if entry is not None and entry.kind == "file":
        return entry
    alone = (-1, hash(item.path))
    return Entry(item.path, "file", item.size, item.mode, item.mtime_ns, alone, 1, None)
