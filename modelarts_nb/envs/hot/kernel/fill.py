"""Filling a mirror: copies of what was used, links beside the libraries, and the index.

Copying is reading: small files in the order of their use, large ones in pieces, many requests in
flight. Every copy is made beside its place and put there in one step, and the index comes last, so
that whoever is killed leaves a mirror in which everything can be believed that the index says.
"""

from __future__ import annotations

import _thread
import fcntl
import os
import posixpath
import stat
from time import monotonic, sleep

from . import index as indexes
from .crowd import THREADS, each
from .index import CODE, EVERY_LINK, INFO, LARGE, LIBS, READ, TEXTS, Index, group_of
from .links import link, link_folder, put, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator

LOCK = "lock"
FOLDER, MODULE, TEXT = "folder", "module", "text"
# Bytes: from where on a file is copied in pieces, and of a piece.
_LARGE, _PIECE = 4 << 20, 1 << 20
# What one environment may have on the local disk.
MOST_BYTES = 4 << 30


class NoRoom(Exception):
    """The local disk has no room for what is left to copy: what is there is good."""


class Wanted:
    """What to copy, and whose compiled files.

    Args:
        tag: of the interpreter, as in ``cpython-311``.
        paths: Python files and libraries relative to the prefix, in the order of use; with ``READ``
            before it, a file that is read as a text.
    """

    def __init__(self, tag: str, paths: list[str]) -> None:
        self.tag = tag
        self.all = paths
        self.paths = [path for path in paths if not path.startswith(READ)]
        self.texts = [path[len(READ) :] for path in paths if path.startswith(READ)]


class Fill:
    """One filling of one mirror.

    Args:
        prefix: the tree.
        place: the mirror's folder.
        wanted: what to copy.
        room: bytes that may be written.
        copied: told of bytes as they are read; may raise to stop.
        filled: told, when the lines are in the unfinished index, of ``EVERY_LINK``, and of every
            group: its name when all its files but the large ones are there, then with ``LARGE``.
    """

    def __init__(
        self,
        prefix: str,
        place: str,
        wanted: Wanted,
        *,
        room: int = MOST_BYTES,
        copied: Callable[[int], None] = lambda _: None,
        filled: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.prefix, self.place, self.wanted = prefix, place, wanted
        self.index = Index(prefix)
        self._old = indexes.read_index(self._at(indexes.NAME), prefix, wanted.tag)
        self._room = room
        self._copied, self._filled = copied, filled
        self._no_room = False

    def groups(self) -> dict[str, list[tuple[str, str]]]:
        """What is filled together, in the order of use: paths, and what each is."""
        found: dict[str, list[tuple[str, str]]] = {}
        seen = set()

        def add(path: str, kind: str, group: str | None = None) -> None:
            if (path, kind) not in seen:
                seen.add((path, kind))
                if group is None:
                    group = group_of(self.prefix, self.index.full(path))
                found.setdefault(group, []).append((path, kind))

        for path in self.wanted.paths:
            add(posixpath.dirname(path), FOLDER)
            if not path.endswith(".py"):
                # A folder of this name comes before an extension module, if it is a package.
                add(path[: path.find(".", path.rfind("/") + 1)], FOLDER)
            add(path, MODULE)
        for path in self.wanted.texts:
            if group_of(self.prefix, self.index.full(path)) == INFO:
                add(posixpath.dirname(path), FOLDER)
            add(path, TEXT, INFO)
        return found

    def run(self) -> None:
        """Fill it; what is there already and still right is kept.

        Raises:
            NoRoom: the local disk is too small for all of it.
            OSError: the mirror cannot be written.
        """
        os.makedirs(self.place, exist_ok=True)
        part = self._at(indexes.PART)
        # A new file: who reads an older one keeps it.
        put(part, lambda fresh: self._write(fresh, [indexes.head(self.wanted.tag, self.prefix)]))
        self._add(self._link())
        self._filled(EVERY_LINK)
        self._copy_large(self.wanted.paths, self._copy_small(self.groups()))
        if not self._no_room:
            missed = [path for path in self.wanted.all if not self.index.knows(path)]
            self._add([*("m " + path for path in missed), "end"])
        os.replace(part, self._at(indexes.NAME))
        self._sweep()
        if self._no_room:
            raise NoRoom

    def _at(self, name: str) -> str:
        return posixpath.join(self.place, name)

    def _write(self, path: str, lines: list[str]) -> None:
        text = "".join(line + "\n" for line in lines if "\n" not in line)
        with open(path, "ab", 0) as file:
            file.write(os.fsencode(text))

    def _add(self, lines: list[str]) -> None:
        self._write(self._at(indexes.PART), lines)
        self.index.add(lines)

    def _link(self) -> list[str]:
        """The folders that lead to libraries, and in each a link for what else is in it."""
        libraries = [path for path in self.wanted.paths if not path.endswith(".py")]
        folders = sorted({above for path in libraries for above in _above(path)})
        local = self._at(LIBS)
        lines: list[str] = []
        for folder in folders:
            here = posixpath.join(local, folder)
            if posixpath.islink(here):
                remove(here)
            os.makedirs(here, exist_ok=True)
        known, copies = set(folders), set(libraries)
        failed: list[OSError] = []

        def one(folder: str) -> None:
            try:
                mtime = os.stat(posixpath.join(self.prefix, folder)).st_mtime_ns
            except OSError:
                return
            try:
                link_folder(self.prefix, local, folder, folders=known, copies=copies)
            except OSError as error:
                failed.append(error)
            lines.append("l %d %s" % (mtime, folder))

        each(one, folders)
        if failed:
            raise failed[0]
        return lines

    def _copy_small(self, groups: dict[str, list[tuple[str, str]]]) -> dict[str, os.stat_result]:
        """Copy all but the large files, which are returned; each group is told of at its end."""
        todo = [(group, *member) for group, members in groups.items() for member in members]
        for _, path, kind in todo:
            above = posixpath.dirname(path)
            if kind == TEXT:
                os.makedirs(posixpath.join(self._at(TEXTS), above), exist_ok=True)
            elif kind == MODULE and path.endswith(".py"):
                os.makedirs(posixpath.join(self._at(CODE), above, "__pycache__"), exist_ok=True)
        left = {group: len(members) for group, members in groups.items()}
        lines: dict[str, list[str]] = {group: [] for group in groups}
        large: dict[str, os.stat_result] = {}
        failed: list[BaseException] = []
        guard = _thread.allocate_lock()

        def one(item: tuple[str, str, str]) -> None:
            group, path, kind = item
            if failed:
                return
            line = None
            try:
                if kind == FOLDER:
                    line = self._folder(path)
                elif kind == TEXT:
                    line = self._text(path)
                elif path.endswith(".py"):
                    line = self._python(path)
                else:
                    line = self._library(path, large)
            except (FileNotFoundError, NotADirectoryError):
                pass  # removed since it was used
            except BaseException as error:
                failed.append(error)
                return
            with guard:
                if line:
                    lines[group].append(line)
                left[group] -= 1
                if not left[group]:
                    self._add(lines[group])
                    self._filled(group)

        each(one, todo)
        if failed:
            raise failed[0]
        return large

    def _copy_large(self, paths: list[str], large: dict[str, os.stat_result]) -> None:
        """Copy large files, one after the other; a group is told of when it has its last."""
        left: dict[str, int] = {}
        of = {path: group_of(self.prefix, self.index.full(path)) for path in paths}
        for group in of.values():
            left[group] = 0
        for path in large:
            left[of[path]] += 1
        for group in [group for group, count in left.items() if not count]:
            self._filled(group + LARGE)
        for path in [path for path in paths if path in large]:
            info = large[path]
            if not self._takes(info.st_size):
                return
            try:
                self._in_pieces(path, info)
                self._add(["b %d %d %s" % (info.st_size, info.st_mtime_ns, path)])
            except (FileNotFoundError, NotADirectoryError):
                pass
            left[of[path]] -= 1
            if not left[of[path]]:
                self._filled(of[path] + LARGE)

    def _folder(self, path: str) -> str | None:
        full = self.index.full(path)
        mtime = os.stat(full).st_mtime_ns
        names = sorted(os.listdir(full))
        return "d %d %s//%s" % (mtime, path, "/".join(names))

    def _python(self, path: str) -> str | None:
        full = self.index.full(path)
        info = os.stat(full)
        folder, _, name = path.rpartition("/")
        compiled = "%s/__pycache__/%s.%s.pyc" % (folder, name[:-3], self.wanted.tag)
        place = posixpath.join(self._at(CODE), compiled)
        old = self._old.code.get(full) if self._old else None
        if old and old[:2] == (info.st_size, info.st_mtime_ns):
            try:
                if os.stat(place).st_size == old[2]:
                    return "c %d %d %d %s" % (*old, path)
            except OSError:
                pass
        with open(self.index.full(compiled), "rb", 0) as file:
            data = file.read()
        self._copied(len(data))
        # An older state of the source: the kernel would compile it.
        if data[8:16] != (info.st_mtime_ns // 10**9 & 0xFFFFFFFF).to_bytes(4, "little") + (
            info.st_size & 0xFFFFFFFF
        ).to_bytes(4, "little") or data[4:8] != bytes(4):
            return None
        if not self._takes(len(data)):
            return None
        put(place, lambda fresh: _write_bytes(fresh, data))
        return "c %d %d %d %s" % (info.st_size, info.st_mtime_ns, len(data), path)

    def _library(self, path: str, large: dict[str, os.stat_result]) -> str | None:
        full, place = self.index.full(path), posixpath.join(self._at(LIBS), path)
        info = os.stat(full)
        try:
            here: os.stat_result | None = os.lstat(place)
        except OSError:
            here = None
        if here and stat.S_ISREG(here.st_mode):
            if (here.st_size, here.st_mtime_ns) == (info.st_size, info.st_mtime_ns):
                return "b %d %d %s" % (info.st_size, info.st_mtime_ns, path)
            # Not the tree's any more: a link says the truth until the new one is copied.
            link(full, place)
        if info.st_size > _LARGE:
            large[path] = info
            return None
        if not self._copy(full, place, info):
            return None
        return "b %d %d %s" % (info.st_size, info.st_mtime_ns, path)

    def _text(self, path: str) -> str | None:
        full, place = self.index.full(path), posixpath.join(self._at(TEXTS), path)
        info = os.stat(full)
        try:
            here: os.stat_result | None = os.stat(place)
        except OSError:
            here = None
        if here is None or (here.st_size, here.st_mtime_ns) != (info.st_size, info.st_mtime_ns):
            # A program may have asked for a folder, or for what it must not read.
            if not stat.S_ISREG(info.st_mode) or not os.access(full, os.R_OK):
                return None
            if info.st_size > _LARGE or not self._copy(full, place, info):
                return None
        return "t %d %d %s" % (info.st_size, info.st_mtime_ns, path)

    def _copy(self, full: str, place: str, info: os.stat_result) -> bool:
        """Copy a whole file; False: there is no room, or it has another size now."""
        if not self._takes(info.st_size):
            return False
        with open(full, "rb", 0) as file:
            data = file.read()
        self._copied(len(data))
        if len(data) != info.st_size:
            return False
        put(place, lambda fresh: _write_bytes(fresh, data, info))
        return True

    def _in_pieces(self, path: str, info: os.stat_result) -> None:
        source = os.open(self.index.full(path), os.O_RDONLY | os.O_CLOEXEC)
        place = posixpath.join(self._at(LIBS), path)
        failed: list[BaseException] = []

        def make(fresh: str) -> None:
            target = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755)
            try:

                def piece(at: int) -> None:
                    try:
                        data = os.pread(source, _PIECE, at)
                        if len(data) != min(_PIECE, info.st_size - at):
                            raise FileNotFoundError(path)  # it is being replaced
                        os.pwrite(target, data, at)
                        self._copied(len(data))
                    except BaseException as error:
                        failed.append(error)

                each(piece, list(range(0, info.st_size, _PIECE)), threads=THREADS // 2)
                if failed:
                    raise failed[0]
                os.utime(target, ns=(info.st_mtime_ns, info.st_mtime_ns))
            finally:
                os.close(target)

        try:
            put(place, make)
        finally:
            os.close(source)

    def _takes(self, size: int) -> bool:
        """Is there room? From the first file on that does not fit, nothing more is copied."""
        self._room -= size
        if self._room < 0:
            self._no_room = True
        return not self._no_room

    def _sweep(self) -> None:
        """Remove copies of compiled files and texts that the index does not have."""
        kept = {
            posixpath.join(self._at(CODE), self.index.relative(path)) for path in self.index.code
        }
        texts = {
            posixpath.join(self._at(TEXTS), self.index.relative(path))
            for path in (*self.index.texts, *self.index.sources)
        }
        for folder, _, names in os.walk(self._at(TEXTS)):
            for name in names:
                if posixpath.join(folder, name) not in texts:
                    remove(posixpath.join(folder, name))
        for folder, _, names in os.walk(self._at(CODE)):
            above = posixpath.dirname(folder)
            for name in names:
                source = posixpath.join(above, name.partition(".")[0] + ".py")
                if source not in kept or not name.endswith(self.wanted.tag + ".pyc"):
                    remove(posixpath.join(folder, name))
        for folder, _, names in os.walk(self._at(LIBS)):
            for name in names:
                if name.endswith(".new"):
                    remove(posixpath.join(folder, name))


def _above(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


def _write_bytes(path: str, data: bytes, info: os.stat_result | None = None) -> None:
    mode = 0o644 if info is None else 0o755
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
        if info is not None:
            os.utime(target, ns=(info.st_mtime_ns, info.st_mtime_ns))
    finally:
        os.close(target)


class Turn:
    """Only one fills a mirror; a mirror that is in use is not removed.

    Args:
        place: the mirror's folder.
    """

    def __init__(self, place: str, name: str = LOCK) -> None:
        os.makedirs(place, exist_ok=True)
        self._file = os.open(
            posixpath.join(place, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )

    def take(self, *, seconds: float = 0.0, shared: bool = False) -> bool:
        """Take it, or wait for it so long; it is given back when the process ends."""
        until = monotonic() + seconds
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        while True:
            try:
                fcntl.flock(self._file, kind | fcntl.LOCK_NB)
                return True
            except OSError:
                if monotonic() >= until:
                    return False
            sleep(0.05)

    def close(self) -> None:
        """Give it back."""
        os.close(self._file)
