"""The list of what a mirror holds, as text that a person can read.

First a line with the format, the interpreter's tag and the prefix, then a line for each thing::

    c SIZE MTIME COMPILED PATH     a Python file, and how many bytes its copied compiled file has
    b SIZE MTIME PATH              a shared library or extension module that was copied
    t SIZE MTIME PATH              a file that was copied to be read as a text
    d MTIME PATH//NAME/NAME        a folder of modules, and all names in it
    l MTIME PATH                   a folder of libraries: what is not a copy in it is a link
    m PATH                         something that was wanted and could not be copied
    end                            everything wanted is there

Sizes are bytes, times ns, both of the file or folder in the tree; paths are relative to the prefix.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

FORMAT = "modelarts_nb hot 1"
NAME = "index"
PART = "index.part"
# Below a mirror: copies of compiled Python files, the libraries with what is beside them, texts.
CODE, LIBS, TEXTS = "code", "libs", "texts"
# Before a path: what is wanted is its text.
READ = "read "
# What a filler calls the folders of libraries, and, behind a group's name, its large files.
EVERY_LINK, LARGE = "*", "+"
SITE = "/site-packages/"
INFO, _INFOS = "*-info", (".dist-info", ".egg-info")


def head(tag: str, prefix: str) -> str:
    """The first line."""
    return "%s %s %s" % (FORMAT, tag, prefix)


class Index:
    """An index in memory: absolute paths in the tree, with what they were when they were copied."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        #: Python file → (size, mtime ns, size of the compiled one)
        self.code: dict[str, tuple[int, int, int]] = {}
        #: library → (size, mtime ns)
        self.libs: dict[str, tuple[int, int]] = {}
        #: file of a package's metadata → (size, mtime ns)
        self.texts: dict[str, tuple[int, int]] = {}
        #: Python file whose text was copied → (size, mtime ns)
        self.sources: dict[str, tuple[int, int]] = {}
        #: folder of modules → (mtime ns, names)
        self.folders: dict[str, tuple[int, frozenset[str]]] = {}
        #: folder of libraries → mtime ns
        self.lib_folders: dict[str, int] = {}
        #: what was wanted and is not there
        self.missed: set[str] = set()
        #: what is looked at together (``group_of``) → files and folders of modules
        self.groups: dict[str, list[str]] = {}
        self.whole = False

    def add(self, lines: Iterable[str]) -> None:
        """Take lines in; one that is damaged is passed over."""
        for line in lines:
            try:
                self._add(line)
            except ValueError:
                continue

    def _add(self, line: str) -> None:
        kind, _, rest = line.partition(" ")
        if kind == "c":
            size, mtime, compiled, path = rest.split(" ", 3)
            self.code[self._member(path)] = int(size), int(mtime), int(compiled)
        elif kind == "b":
            size, mtime, path = rest.split(" ", 2)
            self.libs[self._member(path)] = int(size), int(mtime)
        elif kind == "t":
            size, mtime, path = rest.split(" ", 2)
            about = int(size), int(mtime)
            if group_of(self.prefix, self.full(path)) == INFO:
                self.texts[self._member(path)] = about
            else:
                # Asked about when it is read, and no earlier.
                self.sources[self.full(path)] = about
        elif kind == "d":
            mtime, path = rest.split(" ", 1)
            path, _, names = path.partition("//")
            self.folders[self._member(path)] = int(mtime), frozenset(names.split("/"))
        elif kind == "l":
            mtime, path = rest.split(" ", 1)
            self.lib_folders[self.full(path)] = int(mtime)
        elif kind == "m":
            self.missed.add(self.full(rest))
        elif line == "end":
            self.whole = True

    def has(self, path: str) -> bool:
        """Is there anything to say of this absolute path?"""
        return path in self.code or path in self.libs or path in self.folders or path in self.texts

    def knows(self, path: str) -> bool:
        """Was this file, relative to the prefix, wanted when the mirror was filled?"""
        full = self.full(path)
        if full in self.missed:
            return True
        if path.startswith(READ):
            full = self.full(path[len(READ) :])
            return full in self.texts or full in self.sources
        return full in self.code or full in self.libs

    def _member(self, path: str) -> str:
        full = self.full(path)
        self.groups.setdefault(group_of(self.prefix, full), []).append(full)
        return full

    def full(self, path: str) -> str:
        """A path of a line as an absolute one."""
        return self.prefix + "/" + path if path else self.prefix

    def relative(self, path: str) -> str:
        """An absolute path as one of a line."""
        return path[len(self.prefix) + 1 :]


def read_index(path: str, prefix: str, tag: str) -> Index | None:
    """The index at ``path``; None where there is none, or one of another interpreter or prefix."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            first, *lines = file.read().split("\n")
    except OSError:
        return None
    if first != head(tag, prefix):
        return None
    index = Index(prefix)
    index.add(lines)
    return index


def group_of(prefix: str, path: str) -> str:
    """What is looked at together: the top name in site-packages, or all metadata there; "" for the
    standard library."""
    at = path.find(SITE, len(prefix))
    if at < 0:
        return ""
    top = path[at + len(SITE) :].partition("/")[0]
    return INFO if top.endswith(_INFOS) else top.partition(".")[0]
