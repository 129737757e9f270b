"""What lies between two versions of an environment: packages, and files told from the indexes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.records import installed
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.answers import Difference, FileChanges, PackageChange
from modelarts_nb.envs.sealed.merged import merge
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.names import known_as
from modelarts_nb.envs.sealed.unsaved import changes
from modelarts_nb.envs.sealed.versions import read_version
from modelarts_nb.errors import NotFound, UsageError

#: What is in the local copy, saved or not.
UNSAVED = "unsaved"
#: Paths that are named of each kind of change; all are counted.
SHOWN = 1000


def diff(
    name: str,
    a: int | str | None = None,
    b: int | str | None = None,
    *,
    disk: Disk | None = None,
) -> Difference:
    """What was added, removed and changed from version ``a`` to version ``b``.

    No file is read: a file is the same when it has the same place in the same image, or the same
    size, mode and time. Folders do not count.

    Args:
        name: an environment with versions.
        a: a number, or ``"unsaved"`` for the copy on the local disk; None: the version that ``b``
            was made from.
        b: likewise; None: the newest version.

    Raises:
        NotFound: no such environment, version or local copy; an image is gone.
        UsageError: ``a`` or ``b`` is neither a number nor ``"unsaved"``.
        ArchiveInvalid, ArchiveHostile: a version or an image is damaged.
        DiskFailure, AccessDenied: something cannot be read.
    """
    disk = disk or open_disk()
    name = known_as(name, disk)
    after = _side(name, b, disk)
    before = _side(name, _before(name, b, after) if a is None else a, disk)
    old, new = before.files, after.files
    return Difference(
        name=name,
        before=before.called,
        after=after.called,
        packages=_packages(before.packages, after.packages),
        added=_files((path for path in new if path not in old), new),
        removed=_files((path for path in old if path not in new), old),
        changed=_files(
            (path for path in new if path in old and not _same(old[path], new[path])), new
        ),
    )


@dataclass(frozen=True)
class _File:
    """One file or link. ``place``: its image and where in it; None: in the local copy only."""

    size: int
    meta: tuple[object, ...]
    place: tuple[str, int] | None


@dataclass(frozen=True)
class _Side:
    """One of the two that are compared."""

    called: str
    version: Version
    packages: tuple[Package, ...]
    files: Mapping[str, _File]


def _side(name: str, which: int | str | None, disk: Disk) -> _Side:
    if which == UNSAVED:
        return _local(name, disk)
    number = None if which is None else _number(which)
    version = read_version(disk, name, number)
    return _Side(f"{version.number}", version, version.packages, _saved(version, disk))


def _number(which: int | str) -> int:
    text = f"{which}"
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError(
            f"{text!r} is no version.", hint=f"Name versions by their numbers, or {UNSAVED!r}."
        )
    return int(text)


def _before(name: str, b: int | str | None, after: _Side) -> int:
    if b == UNSAVED:
        return after.version.number
    if after.version.parent is None:
        raise NotFound(
            f"Version {after.called} of {name!r} is its first: there is nothing before it.",
            hint=f"`ma env diff {name} A B` compares any two; `ma env versions {name}` lists them.",
        )
    return after.version.parent


def _saved(version: Version, disk: Disk) -> dict[str, _File]:
    merged = merge(version, disk)
    files = {}
    for path, held in merged.held.items():
        member = held.placed.member
        if member.kind == "hardlink":
            # Which of several names comes first says nothing about the file.
            member = merged.held[member.target].placed.member
        if member.kind != "dir":
            image = version.layers[held.layer].image
            meta = (member.kind, member.size, member.mode, int(member.mtime), member.target)
            files[path] = _File(member.size, meta, (image, held.placed.at))
    return files


def _local(name: str, disk: Disk) -> _Side:
    slot = slots.current(disk, name)
    if slot is None:
        raise NotFound(
            f"{name!r} has no copy on the local disk here, so nothing is unsaved.",
            hint=f"`ma env versions {name}` shows what can be compared.",
        )
    base = read_version(disk, name, slot.number)
    found = changes(slot, base, disk)
    files = _saved(base, disk)
    for path in found.deleted:
        for gone in [each for each in files if each == path or each.startswith(f"{path}/")]:
            del files[gone]
    for path in found.changed:
        try:
            info = os.lstat(slot.path / path)
        except FileNotFoundError:
            files.pop(path, None)
            continue
        if not stat.S_ISDIR(info.st_mode):
            meta = (UNSAVED, info.st_size, info.st_mode, info.st_mtime_ns)
            files[path] = _File(info.st_size, meta, None)
    return _Side(UNSAVED, base, tuple(installed(slot.path)), files)


def _same(one: _File, other: _File) -> bool:
    # Of what is in the local copy it is known whether it differs from its version.
    return one.meta == other.meta or (one.place is not None and one.place == other.place)


def _files(paths: Iterable[str], of: Mapping[str, _File]) -> FileChanges:
    found = sorted(paths)
    return FileChanges(len(found), sum(of[path].size for path in found), tuple(found[:SHOWN]))


def _packages(before: Iterable[Package], after: Iterable[Package]) -> tuple[PackageChange, ...]:
    old = {(package.name, package.manager): package for package in before}
    new = {(package.name, package.manager): package for package in after}
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was and now and (was.version, was.build) == (now.version, now.build):
            continue
        builds = bool(was and now and was.version == now.version)
        found.append(PackageChange(key[0], key[1], _text(was, builds), _text(now, builds)))
    return tuple(found)


def _text(package: Package | None, build: bool) -> str | None:
    if package is None:
        return None
    return f"{package.version} {package.build}".strip() if build else package.version
