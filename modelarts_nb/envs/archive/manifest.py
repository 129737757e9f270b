"""What an archive says about itself: inside it as its first member, and in a file beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.envs.archive import formats
from modelarts_nb.envs.archive.decompress import Decoded
from modelarts_nb.envs.archive.tarstream import TarReader
from modelarts_nb.envs.model import Archive, Package
from modelarts_nb.errors import ArchiveInvalid, ModelArtsNbError
from modelarts_nb.wire import dumps

INSIDE = "conda-meta/modelarts_nb/archive.json"
_SPELLINGS = 16  # of one prefix; real ones have one or two
_LIMIT = 64 << 20  # bytes of a manifest; one with a hundred thousand packages is smaller


@dataclass(frozen=True)
class Manifest:
    """One archive's manifest.

    ``created`` is ISO 8601; ``size`` and ``files`` are those of the environment, unpacked;
    ``prefixes`` every prefix its files may name, ``origin`` the first; ``requested`` the specs a
    user asked for; ``added`` the files that packing added for ``tar`` users.
    ``sha256`` and ``archive_size`` are known only beside the archive.
    """

    name: str
    created: str
    origin: str
    prefixes: tuple[str, ...]
    platform: str
    arch: str
    python: str | None
    size: int
    files: int
    packages: tuple[Package, ...] = ()
    requested: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    format: str = ""
    sha256: str = ""
    archive_size: int = 0
    version: int = 1

    def to_bytes(self) -> bytes:
        """The content of the member and of the file beside the archive."""
        return (dumps(self, indent=2) + "\n").encode("utf-8", "surrogateescape")


def side_file(archive: Path) -> Path:
    """Where the manifest beside ``archive`` is."""
    return archive.with_name(archive.name + ".json")


def parse(text: bytes) -> Manifest | None:
    """A manifest; None when ``text`` is none. Every field is checked: archives are hostile."""
    try:
        value = json.loads(text.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    prefixes = tuple(p for p in _texts(value.get("prefixes")) if p.startswith("/") and len(p) > 1)
    origin = _text(value, "origin")
    if not prefixes or len(prefixes) > _SPELLINGS or max(map(len, prefixes)) > 4096:
        return None
    if origin not in prefixes or not _text(value, "platform"):
        return None
    return Manifest(
        name=_text(value, "name"),
        created=_text(value, "created"),
        origin=origin,
        prefixes=prefixes,
        platform=_text(value, "platform"),
        arch=_text(value, "arch"),
        python=_text(value, "python") or None,
        size=_count(value, "size"),
        files=_count(value, "files"),
        packages=tuple(_packages(value.get("packages"))),
        requested=_texts(value.get("requested")),
        added=_texts(value.get("added")),
        format=_text(value, "format"),
        sha256=_text(value, "sha256"),
        archive_size=_count(value, "archive_size"),
    )


def read_beside(archive: Path) -> Manifest | None:
    """The manifest beside an archive; None where there is none that can be read."""
    try:
        return parse(side_file(archive).read_bytes())
    except OSError:
        return None


def read_inside(archive: Path) -> Manifest | None:
    """The manifest inside an archive of ours, from its first bytes; None for any other.

    Raises:
        DiskFailure, AccessDenied: the file cannot be read.
    """
    try:
        with Decoded(archive) as source:
            if source.kind == formats.SQUASHFS:
                return None
            reader = TarReader(source)
            for member in reader:
                if member.path != INSIDE or member.size > _LIMIT:
                    return None
                return parse(b"".join(reader.data()))
    except ArchiveInvalid:
        return None
    return None


def describe(path: Path) -> Archive:
    """An archive as ``archive list`` shows it, also one without any manifest.

    Raises:
        OSError: the file went away.
    """
    stat = path.stat()
    manifest = read_beside(path)
    if manifest is None:
        try:
            manifest = read_inside(path)
        except ModelArtsNbError:
            manifest = None
    if manifest is None:
        from datetime import datetime, timezone

        made = datetime.fromtimestamp(int(stat.st_mtime), timezone.utc).isoformat()
        return Archive(path, formats.stem(path), formats.suffixed(path) or "", stat.st_size, made)
    return as_archive(path, manifest, stat.st_size)


def as_archive(path: Path, manifest: Manifest, size: int) -> Archive:
    """The archive at ``path``, of ``size`` bytes, as its manifest describes it."""
    return Archive(
        path=path,
        name=manifest.name,
        format=manifest.format or formats.suffixed(path) or "",
        size=size,
        created=manifest.created,
        sha256=manifest.sha256,
        python=manifest.python,
        platform=manifest.platform,
        unpacked_size=manifest.size,
        files=manifest.files,
        packages=len(manifest.packages),
        origin=manifest.origin,
    )


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _count(value: dict[str, Any], key: str) -> int:
    found = value.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def _packages(value: object) -> list[Package]:
    found = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict) and _text(item, "name"):
            found.append(
                Package(
                    name=_text(item, "name"),
                    version=_text(item, "version"),
                    manager="pip" if item.get("manager") == "pip" else "conda",
                    build=_text(item, "build"),
                    channel=_text(item, "channel"),
                    editable=item.get("editable") is True,
                )
            )
    return found
