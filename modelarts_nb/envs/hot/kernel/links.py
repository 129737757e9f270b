"""Folders of libraries in a mirror: what is no copy is a link, so that libraries find each other.

A library looks for others beside itself (``$ORIGIN``), so a copied one needs everything that lies
beside the original.
"""

from __future__ import annotations

import os
import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Container


def link_folder(
    tree: str,
    local: str,
    path: str,
    *,
    folders: Container[str],
    copies: Container[str],
) -> None:
    """Make the folder ``path`` of the mirror like the tree's, of links.

    Args:
        tree: the prefix.
        local: the mirror's folder that stands for the prefix; ``path`` in it is there.
        path: relative to both; "" for the prefix itself.
        folders: paths that are folders in the mirror, too.
        copies: paths that are copies where they are regular files.

    Raises:
        OSError: the tree cannot be read, or the mirror not be written.
    """
    there, here = posixpath.join(tree, path), posixpath.join(local, path)
    wanted = set()
    with os.scandir(there) as entries:
        for entry in entries:
            wanted.add(entry.name)
            below = posixpath.join(path, entry.name)
            place = posixpath.join(here, entry.name)
            if below in folders:
                _make_folder(place)
            elif below in copies and _is_copy(place):
                continue
            else:
                link(_target(entry, path), place)
    for name in set(os.listdir(here)) - wanted:
        remove(posixpath.join(here, name))


def link(target: str, place: str) -> None:
    """Put a link where something else may be, in one step."""
    try:
        if os.readlink(place) == target:
            return
    except OSError:
        pass
    if os.path.isdir(place) and not os.path.islink(place):
        remove(place)
    put(place, lambda fresh: os.symlink(target, fresh))


def put(place: str, make: Callable[[str], None]) -> None:
    """Have ``make`` make something beside ``place``, and put it there in one step."""
    fresh = "%s.%d-%s.new" % (place, os.getpid(), os.urandom(4).hex())
    try:
        make(fresh)
        os.replace(fresh, place)
    except BaseException:
        try:
            os.unlink(fresh)
        except OSError:
            pass
        raise


def remove(place: str) -> None:
    """Remove a file, a link or a whole folder; others may do the same at this moment."""
    try:
        if os.path.isdir(place) and not os.path.islink(place):
            for name in os.listdir(place):
                remove(posixpath.join(place, name))
            os.rmdir(place)
        else:
            os.unlink(place)
    except FileNotFoundError:
        pass


def _make_folder(place: str) -> None:
    if os.path.islink(place) or os.path.isfile(place):
        remove(place)
    try:
        os.mkdir(place)
    except FileExistsError:
        pass


def _is_copy(place: str) -> bool:
    return os.path.isfile(place) and not os.path.islink(place)


def _target(entry: os.DirEntry[str], folder: str) -> str:
    """What a link in the mirror says: a link of the tree that stays inside says the same there."""
    if entry.is_symlink():
        target = os.readlink(entry.path)
        if not target.startswith("/"):
            ends = posixpath.normpath(posixpath.join(folder, target))
            if ends != ".." and not ends.startswith("../"):
                return target
    return entry.path
