"""A local copy beside its version: which paths differ, found without reading any file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from modelarts_nb.disk.remove import is_silly
from modelarts_nb.disk.scan import Entry, Tree, entry_of
from modelarts_nb.envs.archive.contents import Contents, Item, choose
from modelarts_nb.envs.archive.tarstream import Member
from modelarts_nb.envs.sealed.merged import Held
from modelarts_nb.envs.sealed.slots import Slot
from modelarts_nb.envs.sealed.unsaved import OURS, Changes
from modelarts_nb.errors import from_os_error
from modelarts_nb.progress import SILENT, Progress

# What Python calls a compiled file while it writes it.
_UNFINISHED = re.compile(r".*\.pyc\.\d+")
_LATEST = 1 << 33  # seconds, as for archives


@dataclass(frozen=True)
class Look:
    """What a local copy holds: the members that an image of it would have, and of each path what
    it is and when its status changed last (nanoseconds)."""

    contents: Contents
    entries: Mapping[str, Entry]
    ctimes: Mapping[str, int]


def look(path: Path, progress: Progress = SILENT) -> Look:
    """Look at every file of the local copy at ``path``.

    Raises:
        DiskFailure, AccessDenied: something cannot be read.
        Cancelled: the user's wish.
    """
    progress.phase("scanning")
    entries, ctimes = dict[str, Entry](), dict[str, int]()
    folders = [""]
    while folders:
        progress.check()
        folder = folders.pop()
        try:
            with os.scandir(path / folder) as found:
                for item in found:
                    name = f"{folder}/{item.name}" if folder else item.name
                    if name == OURS or is_silly(item.name) or _UNFINISHED.fullmatch(item.name):
                        continue
                    try:
                        info = item.stat(follow_symlinks=False)
                        entry = entry_of(name, item.path, info)
                    except FileNotFoundError:
                        continue  # a temporary file of a program that is at work
                    if entry is None:
                        continue
                    if entry.kind == "dir":
                        folders.append(name)
                    entries[name] = _owned(entry)
                    ctimes[name] = info.st_ctime_ns
        except FileNotFoundError:
            continue
        except OSError as error:
            raise from_os_error(error, f"reading {folder or path.name}", path) from error
        progress.advance(files=1)
    prefixes = list(dict.fromkeys([str(path), os.path.realpath(path)]))
    tree = Tree(path, list(entries.values()))
    return Look(choose(tree, prefixes, exclude=()), entries, ctimes)


def compare(slot: Slot, seen: Look, held: Mapping[str, Held]) -> Changes:
    """What of ``seen`` is not what ``held``, a version's layers, says.

    A file is the same as long as its status did not change since the slot was clean. Size and time
    are compared as well: files of a folder that took the place of another keep their status.
    Compiled files alone are no change.

    Args:
        slot: the local copy.
        seen: what it holds.
        held: what its version holds.
    """
    dirty = set(slot.dirty)
    members = {path: _content(path, held) for path in held}
    changed = {
        item.path
        for item in seen.contents.items
        if item.path in dirty or _differs(item, seen, slot.clean, members.get(item.path))
    }
    changed |= _further_names(changed, seen.entries)
    kinds = {item.path: item.kind for item in seen.contents.items}
    gone = {
        path
        for path, member in members.items()
        if path not in kinds or (member.kind == "dir") != (kinds[path] == "dir")
    }
    deleted = [path for path in sorted(gone) if not _is_below(path, gone)]
    if not any(_tells(path) for path in (*changed, *deleted)):
        return Changes()
    size = sum(item.size for item in seen.contents.items if item.path in changed)
    return Changes(tuple(sorted(changed)), tuple(deleted), size)


def is_record(path: str) -> bool:
    """Does the file hold checksums of others? In an image they are those of the image's files."""
    folder, _, name = path.rpartition("/")
    if folder == "conda-meta":
        return name.endswith(".json")
    return name == "RECORD" and folder.endswith((".dist-info", ".egg-info"))


def _owned(entry: Entry) -> Entry:
    """With the mode that its user needs, and that filling gives it."""
    least = {"dir": 0o700, "file": 0o400, "link": 0}[entry.kind]
    return entry if entry.mode & least == least else replace(entry, mode=entry.mode | least)


def _content(path: str, held: Mapping[str, Held]) -> Member:
    """A member; of a hard link the file that it leads to."""
    member = held[path].placed.member
    return held[member.target].placed.member if member.kind == "hardlink" else member


def _differs(item: Item, seen: Look, clean: int, member: Member | None) -> bool:
    if member is None:
        return True
    if item.kind in ("dir", "link"):
        same = (item.kind, item.target) == (member.kind, member.target)
        return not same or (item.kind == "dir" and item.mode & 0o777 != member.mode & 0o777)
    if member.kind != "file" or seen.ctimes[item.path] > clean:
        return True
    entry = seen.entries[item.path]
    if entry.kind == "link":  # out of the environment: packed as what it leads to
        return (item.size, item.mtime_ns // 10**9) != (member.size, int(member.mtime))
    if is_record(item.path):
        return False  # of other sums, and so perhaps of another size, than in the image
    if entry.size != member.size:
        return True
    # A time that no file system has was not set when the copy was filled.
    told = 0 <= member.mtime < _LATEST and _tells(item.path)
    return told and entry.mtime_ns // 10**9 != int(member.mtime)


def _further_names(changed: set[str], entries: Mapping[str, Entry]) -> set[str]:
    """All names of the hard-linked files among ``changed``."""
    inodes = {entries[path].inode for path in changed if entries[path].nlink > 1}
    if not inodes:
        return set()
    return {path for path, entry in entries.items() if entry.inode in inodes}


def _tells(path: str) -> bool:
    """Python makes compiled files by itself: they say nothing of what a user did."""
    return "__pycache__" not in path.split("/")


def _is_below(path: str, folders: Iterable[str]) -> bool:
    above = os.path.dirname(path)
    while above:
        if above in folders:
            return True
        above = os.path.dirname(above)
    return False
