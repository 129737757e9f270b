"""Versions on the disk: one small file each, numbered, never changed, never overwritten.

    <disk>/envs/sealed/<name>/<number>.json

Where the placeholder stands in the images (``Layer.prefix``) can be megabytes, which only filling
and saving need; it is written last, so that lists read the beginning of a file (``read_head``).

The newest is the one with the highest number: going back to an earlier one writes a new file with
its layers. So two containers that save at once both keep what they saved.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelarts_nb.disk.landing import Beating, land
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import write_new
from modelarts_nb.disk.staging import staged
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.errors import ArchiveInvalid, DiskFailure, NameTaken, NotFound, from_os_error
from modelarts_nb.wire import to_wire

#: Of the files written here. What has a higher one was written by a newer tool.
FORMAT = 1
_FILE = re.compile(r"([1-9][0-9]{0,8})\.json")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ROUNDS = 100
# The last key of a file, on a line of its own: all that is before it is small.
_PREFIX = b'\n "prefix": '
_PIECE = 256 * 1024


def sealed_names(disk: Disk) -> list[str]:
    """Names that have versions, whether a tree of the same name is there or not.

    Raises:
        DiskFailure: the folder cannot be read.
    """
    try:
        with os.scandir(disk.sealed) as found:
            names = [e.name for e in found if not e.name.startswith(".") and e.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os_error(error, "reading the sealed environments", disk.sealed) from error
    return sorted(names, key=str.lower)


def numbers(disk: Disk, name: str) -> list[int]:
    """The versions of ``name``, ascending; none where it has no versions.

    Raises:
        DiskFailure: the folder cannot be read.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        return []  # a path must not lead elsewhere
    try:
        found = [_FILE.fullmatch(entry) for entry in os.listdir(disk.sealed / name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise from_os_error(error, f"reading the versions of {name}", disk.sealed) from error
    return sorted(int(match[1]) for match in found if match)


def read_version(disk: Disk, name: str, number: int | None = None) -> Version:
    """One version; None: the newest.

    Raises:
        NotFound: there is none.
        ArchiveInvalid: its file is damaged, or of a newer tool; the hint says which.
        DiskFailure, AccessDenied: it cannot be read.
    """
    path = version_file(disk, name, number)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise from_os_error(error, f"reading {path.name} of {name}", path) from error
    return parse(data, path)


def read_head(disk: Disk, name: str, number: int | None = None) -> Version:
    """``read_version`` without what only programs need: the ``prefix`` of its layers is empty.

    Raises:
        NotFound, ArchiveInvalid, DiskFailure, AccessDenied: as ``read_version``.
    """
    return head_of(version_file(disk, name, number))


def head_of(path: Path) -> Version:
    """``read_head`` of the version's file at ``path``.

    Raises:
        ArchiveInvalid, DiskFailure, AccessDenied: as ``read_version``.
    """
    data = b""
    try:
        with path.open("rb", buffering=0) as file:
            while (end := data.find(_PREFIX)) < 0 and (piece := file.read(_PIECE)):
                data += piece
    except OSError as error:
        raise from_os_error(error, f"reading {path.name} of {path.parent.name}", path) from error
    return parse(data if end < 0 else data[:end].rstrip(b",") + b"}", path)


def version_file(
    disk: Disk, name: str, number: int | None = None, *, known: Sequence[int] | None = None
) -> Path:
    """The file of one version; None: of the newest. ``known`` are the ``numbers``, when one has
    them already.

    Raises:
        NotFound: there is none.
        DiskFailure: the folder cannot be read.
    """
    if known is None:
        known = numbers(disk, name)
    if not known or (number is not None and number not in known):
        which = f"version {number} of {name!r}" if known else f"sealed environment called {name!r}"
        raise NotFound(
            f"There is no {which}.",
            hint=f"`ma env versions {name}` shows all there are."
            if known
            else f"`ma env seal {name}` makes one of an open environment.",
        )
    return disk.sealed / name / f"{known[-1] if number is None else number}.json"


def write_version(disk: Disk, version: Version, held: Beating) -> Version:
    """Write ``version`` as the next one of its name.

    Args:
        version: its ``number`` is decided here.
        held: the lock of its name, or another sign of life.

    Returns:
        The version with the number it got. A ``parent`` that is not the number before says that
        somebody else saved meanwhile; both are kept.

    Raises:
        Busy, DiskFull, DiskFailure, AccessDenied: nothing was written.
    """
    folder = disk.sealed / version.name
    with staged(disk, f"version {version.name}") as stage:
        for _ in range(_ROUNDS):
            known = numbers(disk, version.name)
            numbered = replace(version, number=(known[-1] if known else 0) + 1)
            built = stage.path / f"{numbered.number}.json"
            try:
                built.unlink(missing_ok=True)
                write_new(built, to_bytes(numbered), 0o644)
            except OSError as error:
                raise from_os_error(error, "writing a version", built) from error
            try:
                land(held, built, folder / built.name)
            except NameTaken:
                continue
            except DiskFailure as error:
                # Its folder went to the bin meanwhile: what is saved now is its first version.
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
                continue
            return numbered
    raise NameTaken(f"Too many save {version.name!r} at the same time.", hint="Run the same again.")


def to_bytes(version: Version) -> bytes:
    """The content of a version's file."""
    value = {"format": FORMAT, **to_wire(version)}
    prefix = [layer.pop("prefix") for layer in value["layers"]]
    # Names that are not UTF-8 hold surrogates, which JSON writes as escapes.
    head = json.dumps(value, indent=1).removesuffix("\n}").encode("ascii")
    return b"".join((head, b",", _PREFIX, json.dumps(prefix).encode("ascii"), b"\n}\n"))


def with_head(version: Version, data: bytes) -> bytes:
    """The content of the file of ``version`` when its layers are those of the file ``data``: where
    the placeholder stands is taken over as it is, which for large ones is most of the work.

    Args:
        version: a head.
        data: the content of the other's file, whose head can be read.
    """
    head = to_bytes(version)
    return head[: head.index(_PREFIX)] + data[data.index(_PREFIX) :]


def head_in(data: bytes, path: Path) -> Version:
    """``read_head`` from the content of a file that is there as a whole.

    Raises:
        ArchiveInvalid: damaged, or of a newer tool.
    """
    end = data.find(_PREFIX)
    if end < 0 or not data.endswith(b"]\n}\n"):
        return parse(data, path)
    return parse(data[:end].rstrip(b",") + b"}", path)


def parse(data: bytes, path: Path) -> Version:
    """A version from the content of its file; every field is checked.

    Raises:
        ArchiveInvalid: damaged, or of a newer tool.
    """
    try:
        value = json.loads(data)
        if not isinstance(value, dict) or not isinstance(value.get("format"), int):
            raise ValueError("no format")
        if value["format"] > FORMAT:
            raise ArchiveInvalid(
                f"{path} was written by a newer modelarts_nb.",
                hint="Update this one, then try again: `pip install -U modelarts_nb`.",
                cause=f"format {value['format']}, {FORMAT} is known here",
            )
        return Version(
            name=path.parent.name,
            number=int(path.stem),
            created=str(value["created"]),
            layers=tuple(map(_layer, _list(value, "layers"), _prefixes(value))),
            why=str(value.get("why", "")),
            owner=str(value.get("owner", "")),
            parent=None if value.get("parent") is None else _count(value, "parent"),
            platform=str(value.get("platform", "")),
            arch=str(value.get("arch", "")),
            glibc=str(value.get("glibc", "")),
            accelerator=str(value.get("accelerator", "cpu")),
            python=str(value["python"]) if value.get("python") else None,
            packages=tuple(_package(each) for each in _list(value, "packages")),
            files=_count(value, "files"),
            size=_count(value, "size"),
            stored=_count(value, "stored"),
            requested=tuple(map(str, _list(value, "requested"))),
            origin=str(value.get("origin", "")),
            unfit=tuple(map(str, _list(value, "unfit"))),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArchiveInvalid(
            f"{path} is damaged: it is no version of a sealed environment.",
            hint=f"`ma env versions {path.parent.name}` shows the others; "
            f"`ma env rollback {path.parent.name} NUMBER` goes back to one.",
            cause=str(error),
        ) from error


def _prefixes(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where the placeholder stands, a mapping a layer; all empty in a head."""
    layers = _list(value, "layers")
    found = _list(value, "prefix") if "prefix" in value else [{} for _ in layers]
    if len(found) != len(layers):
        raise ValueError("prefix")
    return found


def _layer(value: Mapping[str, Any], places: Mapping[str, Any]) -> Layer:
    image = value["image"]
    if not isinstance(image, str) or not _SHA256.fullmatch(image):
        raise ValueError(image)
    prefix = {str(path): tuple(map(_natural, found)) for path, found in dict(places).items()}
    deleted = tuple(map(str, _list(value, "deleted")))
    return Layer(image, _count(value, "size"), _count(value, "plain"), deleted, prefix)


def _package(value: Mapping[str, Any]) -> Package:
    return Package(
        name=str(value["name"]),
        version=str(value["version"]),
        manager="pip" if value["manager"] == "pip" else "conda",
        build=str(value.get("build", "")),
        channel=str(value.get("channel", "")),
        editable=value.get("editable") is True,
    )


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise ValueError(key)
    return found


def _count(value: Mapping[str, Any], key: str) -> int:
    return _natural(value.get(key, 0))


def _natural(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(value)
    return value
