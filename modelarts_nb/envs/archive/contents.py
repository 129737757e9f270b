"""Which files of a prefix go into an archive, and as what."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from modelarts_nb.disk.scan import Entry, Tree
from modelarts_nb.envs.archive.tarstream import Kind
from modelarts_nb.envs.rewriting import moved

# Of every packing its own; an environment that plain tar unpacked still has them.
OURS = ("bin/conda-unpack", "bin/conda_unpack_progress.py")


@dataclass(frozen=True, slots=True)
class Item:
    """One member to be. ``source`` is the file to read; ``target`` a link's or hard link's."""

    path: str
    kind: Kind
    source: str
    size: int
    mode: int
    mtime_ns: int
    target: str = ""


@dataclass(frozen=True)
class Contents:
    """What will be packed, and the links that lead out of the prefix.

    ``followed`` are links to files outside, packed as these files' content; ``lost`` are links
    to folders outside or to nothing, which no archive can carry.
    """

    items: tuple[Item, ...]
    followed: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all files, each hard link counted once."""
        return sum(item.size for item in self.items)

    @property
    def files(self) -> int:
        """Everything that is not a folder."""
        return sum(item.kind != "dir" for item in self.items)

    @property
    def paths(self) -> set[str]:
        """The paths of all members."""
        return {item.path for item in self.items}


def choose(tree: Tree, prefixes: Sequence[str], *, exclude: Sequence[str]) -> Contents:
    """Decide for every entry of a scanned prefix.

    Args:
        tree: the scanned prefix.
        prefixes: its spellings, for absolute links into it.
        exclude: patterns of paths (``*`` matches '/' too), also of folders.
    """
    items: list[Item] = []
    followed: list[str] = []
    lost: list[str] = []
    first_of: dict[tuple[int, int], str] = {}
    root = str(tree.root)
    for entry in sorted(tree.entries, key=_order):
        if _left_out(entry.path, exclude):
            continue
        source = f"{root}/{entry.path}"
        if entry.kind == "link":
            item = _link(entry, source, prefixes)
            if item is None:
                lost.append(entry.path)
                continue
            if item.kind == "file":
                followed.append(entry.path)
            items.append(item)
        elif entry.kind == "file" and entry.nlink > 1 and entry.inode in first_of:
            items.append(_plain(entry, source, "hardlink", first_of[entry.inode]))
        else:
            if entry.kind == "file":
                first_of[entry.inode] = entry.path
            items.append(_plain(entry, source, entry.kind))
    return Contents(tuple(items), tuple(followed), tuple(lost))


def _order(entry: Entry) -> tuple[bool, str]:
    """Records first: unpacking learns early what it has before it."""
    return not (entry.path == "conda-meta" or entry.path.startswith("conda-meta/")), entry.path


def _left_out(path: str, exclude: Sequence[str]) -> bool:
    return path in OURS or any(
        fnmatchcase(path, pattern) or fnmatchcase(path, pattern.rstrip("/") + "/*")
        for pattern in exclude
    )


def _plain(entry: Entry, source: str, kind: Kind, target: str = "") -> Item:
    size = entry.size if kind == "file" else 0
    return Item(entry.path, kind, source, size, entry.mode, entry.mtime_ns, target)


def _link(entry: Entry, source: str, prefixes: Sequence[str]) -> Item | None:
    text = entry.target or ""
    folder = os.path.dirname(entry.path)
    if text.startswith("/"):
        inner = moved(text, prefixes, "")
        if inner is not None:
            inside = os.path.normpath(inner.lstrip("/") or ".")
            if not inside.startswith(".."):
                text = os.path.relpath(inside, folder or ".")
                return _linked(entry, source, text)
    elif not _leads_out(folder, text):
        return _linked(entry, source, text)
    try:
        real = Path(source).resolve(strict=True)
        stat = real.stat()
    except (OSError, RuntimeError):
        return None
    if not real.is_file():
        return None
    return Item(entry.path, "file", str(real), stat.st_size, stat.st_mode & 0o777, stat.st_mtime_ns)


def _linked(entry: Entry, source: str, text: str) -> Item:
    return Item(entry.path, "link", source, 0, 0o777, entry.mtime_ns, text)


def _leads_out(folder: str, text: str) -> bool:
    return os.path.normpath(os.path.join(folder, text)).split("/")[0] == ".."
