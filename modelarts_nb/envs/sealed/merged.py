"""The layers of a version seen as one environment: which image has each path, and where in it.

Only indexes are read. Images are hostile until proven, as archives are: what comes out has no path
outside the environment, nothing below a link or a file, no link that leads out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.index import Index, read_index
from modelarts_nb.envs.archive.safety import Namespace, check_links, member_path
from modelarts_nb.envs.archive.tarstream import Member, Placed
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.images import find_image
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.state import STATE
from modelarts_nb.errors import ArchiveInvalid, from_os_error

#: Notes of ours belong to a place, not to a version: they are in no image, and taken from none.
OURS = os.path.dirname(STATE)
_READERS = 8


@dataclass(frozen=True, slots=True)
class Held:
    """One path of the environment, and the layer (its place in ``Version.layers``) that has it.

    ``placed.member`` is what it is in this environment: a hard link leads to another path of it.
    ``origin`` is the path that has the bytes in that layer, ``prefix`` where in them the
    placeholder stands.
    """

    layer: int
    placed: Placed
    origin: str
    prefix: tuple[int, ...] = ()


@dataclass(frozen=True)
class Merged:
    """A version's layers as one environment. ``images`` and ``indexes`` are those of its layers;
    ``paths`` is what they have before paths of the same bytes are told to be hard links."""

    version: Version
    images: tuple[Path, ...]
    indexes: tuple[Index, ...]
    held: Mapping[str, Held]
    paths: Mapping[str, Held]

    @cached_property
    def files(self) -> int:
        """How many of the paths are no folders."""
        return sum(held.placed.member.kind != "dir" for held in self.held.values())

    @cached_property
    def size(self) -> int:
        """Bytes of all files, each hard link counted once."""
        return sum(held.placed.member.size for held in self.held.values())

    def of_kind(self, kind: str) -> list[tuple[str, Held]]:
        """The paths that are of one ``tarstream.Kind``."""
        return [item for item in self.held.items() if item[1].placed.member.kind == kind]


def merge(version: Version, disk: Disk, *, onto: Merged | None = None) -> Merged:
    """Lay the layers of ``version`` over each other.

    A path that a layer deletes is gone with all below it, before the layer's own members come. A
    hard link whose first name a later layer has replaced or deleted keeps its content.

    Args:
        version: whose layers.
        disk: where they are.
        onto: another version; where its layers are the first ones they are not read again.

    Raises:
        NotFound: an image is gone.
        ArchiveInvalid: an image has no index, or is not as long as the version says.
        ArchiveHostile: it would write outside of its folder.
        DiskFailure, AccessDenied: an image cannot be read.
    """
    known = len(onto.indexes) if onto else 0
    if onto is None or onto.version.layers != version.layers[:known]:
        onto, known = None, 0
    layers = version.layers[known:]
    images = [find_image(disk, layer.image) for layer in layers]
    with ThreadPoolExecutor(_READERS) as pool:
        indexes = list(pool.map(partial(_read, version), layers, images))
    paths = dict(onto.paths) if onto else {}
    for number, (layer, index) in enumerate(zip(layers, indexes, strict=True), known):
        inside = _inside(number, layer, index)
        _delete(paths, layer.deleted, inside)
        paths.update(inside)
    held = _linked(paths)
    _require_harmless(held)
    before = (onto.images, onto.indexes) if onto else ((), ())
    return Merged(version, (*before[0], *images), (*before[1], *indexes), held, paths)


def _read(version: Version, layer: Layer, image: Path) -> Index:
    try:
        size = image.stat().st_size
    except OSError as error:
        raise from_os_error(error, f"reading {image.name}", image) from error
    index = read_index(image)
    if index is None or size != layer.size:
        raise ArchiveInvalid(
            f"The image {layer.image[:12]} of {version.name} version {version.number} is damaged.",
            hint=f"`ma env versions {version.name}` shows versions that may not need it.",
            cause=f"{image}: {size} bytes, {layer.size} expected"
            if size != layer.size
            else f"{image} has no index",
        )
    return index


def _inside(number: int, layer: Layer, index: Index) -> dict[str, Held]:
    """The paths of one layer; of a hard link, the bytes that its first name has."""
    found: dict[str, Held] = {}
    for placed in index.members:
        member = placed.member
        path = member_path(member.path)
        if not path or path == OURS or path.startswith(OURS + "/"):
            continue
        before = found.get(path)
        if before is not None and (before.placed.member.kind, member.kind) != ("dir", "dir"):
            raise ArchiveInvalid(
                f"The image {layer.image[:12]} has {path} twice.",
                hint="`ma env versions` shows versions that may not need it.",
            )
        if member.kind == "hardlink":
            first = found.get(member_path(member.target))
            if first is None or first.placed.member.kind == "dir":
                raise ArchiveInvalid(
                    f"The image {layer.image[:12]} has {path} as a hard link to {member.target}, "
                    "which is no file before it.",
                    hint="It was made by a broken program: go back to an earlier version.",
                )
            found[path] = replace(first, placed=_renamed(first.placed, path))
        else:
            prefix = layer.prefix.get(path, ()) if member.kind == "file" else ()
            _require_inside(path, prefix, member)
            if member.path != path:
                placed = _renamed(placed, path)
            found[path] = Held(number, placed, path, prefix)
    return found


def _renamed(placed: Placed, path: str) -> Placed:
    return Placed(replace(placed.member, path=path), placed.at)


def _require_inside(path: str, prefix: Iterable[int], member: Member) -> None:
    end = 0
    for at in prefix:
        if at < end or at + slots.LENGTH > member.size:
            raise ArchiveInvalid(
                f"The version says that {path} names its prefix at byte {at}, which cannot be.",
                hint="Its file is damaged: go back to another version.",
            )
        end = at + slots.LENGTH


def _delete(paths: dict[str, Held], deleted: Iterable[str], coming: Mapping[str, Held]) -> None:
    """Take away what a layer deletes, and what lies below paths that it makes a file or a link."""
    gone = {*map(member_path, deleted)}
    gone |= {path for path, held in coming.items() if held.placed.member.kind != "dir"}
    known: dict[str, bool] = {"": False}

    def is_gone(path: str) -> bool:
        if path not in known:
            known[path] = path in gone or is_gone(path.rpartition("/")[0])
        return known[path]

    for path in [p for p in paths if p in gone or is_gone(p.rpartition("/")[0])]:
        del paths[path]


def _linked(paths: Mapping[str, Held]) -> dict[str, Held]:
    """Paths that share their bytes: the first has them, the others are hard links to it."""
    first: dict[tuple[int, str], str] = {}
    found: dict[str, Held] = {}
    for path, held in paths.items():
        if held.placed.member.kind == "file":
            name = first.setdefault((held.layer, held.origin), path)
            if name != path:
                member = replace(held.placed.member, kind="hardlink", size=0, target=name)
                held = replace(held, placed=Placed(member, held.placed.at))
        found[path] = held
    return found


def _require_harmless(held: Mapping[str, Held]) -> None:
    """What all layers together make must be writable without leaving the folder.

    Raises:
        ArchiveHostile: it is not.
    """
    names = Namespace()
    for path, one in held.items():
        names.admit(path, one.placed.member)
    check_links(names.links)
