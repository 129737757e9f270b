"""Images and versions made by hand, as ``seal`` and ``save`` would have left them on the disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import zstandard

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.archive.index import IndexWriter, rows
from modelarts_nb.envs.archive.tarstream import Member, Placed, TarWriter
from modelarts_nb.envs.sealed import slots
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.sealed.versions import to_bytes

MTIME = 1_600_000_000
P = slots.PLACEHOLDER

#: A file's content, a folder (None), a link ("-> target") or a hard link ("== path").
Members = Mapping[str, "bytes | str | None"]


def make_layer(
    disk: Disk, members: Members, *, deleted: Sequence[str] = (), frame: int = 1 << 20
) -> Layer:
    """Put an image of these members on the disk, in frames of ``frame`` bytes."""
    return put(disk.images, members, deleted=deleted, frame=frame)


def put(
    folder: Path, members: Members, *, deleted: Sequence[str] = (), frame: int = 1 << 20
) -> Layer:
    """An image in a folder of images."""
    parts: list[bytes] = []
    tar = TarWriter(parts.append)
    prefix = {}
    for path, what in members.items():
        member, data = _member(path, what)
        tar.add(member, data)
        if places := _places(data):
            prefix[path] = places
    tar.close()
    plain = b"".join(parts)
    data = _framed(plain, list(tar.members), frame)
    sha256 = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{sha256}.tar.zst").write_bytes(data)
    return Layer(sha256, len(data), len(plain), tuple(deleted), prefix)


def make_version(
    disk: Disk, name: str, *layers: Layer, number: int = 1, kernel: bool = False, **fields: object
) -> Version:
    """Write a version's file; ``kernel`` lets the owner have its kernel spec on the disk."""
    version = Version(name, number, "2026-01-01T00:00:00+00:00", layers, **fields)  # type: ignore[arg-type]
    path = disk.sealed / name / f"{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(version))
    return version


def environment(text: str = "one", **more: bytes | str | None) -> dict[str, bytes | str | None]:
    """The members of a small environment; ``text`` is what its tool prints."""
    record = {"name": "demo", "version": "1.0", "build": "0", "subdir": "noarch", "files": []}
    return {
        "conda-meta": None,
        "conda-meta/history": b"==> 2026-01-01 00:00:00 <==\n",
        "conda-meta/demo-1.0-0.json": json.dumps(record).encode(),
        "bin": None,
        "bin/python": f'#!/bin/sh\n# {P}/bin/python\nexec python3 "$@"\n'.encode(),
        "bin/tool": f"#!{P}/bin/python\nprint({text!r})\n".encode(),
        "lib": None,
        "lib/empty": b"",
        "lib/data": text.encode() * 1000,
        "share": None,
        "share/empty": None,
        "lib/link": "-> data",
        "lib/same": "== lib/data",
        **more,
    }


def damage(disk: Disk, layer: Layer) -> None:
    """Change one byte in the first frame of an image."""
    path = image_path(disk, layer.image)
    data = bytearray(path.read_bytes())
    data[20] ^= 0xFF
    path.write_bytes(data)


def _member(path: str, what: bytes | str | None) -> tuple[Member, bytes]:
    if what is None:
        return Member(path, "dir", 0, 0o755, MTIME), b""
    if isinstance(what, bytes):
        mode = 0o755 if path.startswith("bin/") else 0o644
        return Member(path, "file", len(what), mode, MTIME), what
    kind, _, target = what.partition(" ")
    return Member(path, "link" if kind == "->" else "hardlink", 0, 0o777, MTIME, target), b""


def _places(data: bytes) -> tuple[int, ...]:
    found, at = [], data.find(P.encode())
    while at >= 0:
        found.append(at)
        at = data.find(P.encode(), at + len(P))
    return tuple(found)


def _framed(plain: bytes, members: list[Placed], size: int) -> bytes:
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True)
    index = IndexWriter()
    found = []
    for start in range(0, len(plain), size):
        part = plain[start : start + size]
        last = start + size >= len(plain)
        inside = [m for m in members if start <= m.at < start + size or (last and m.at >= start)]
        told = [Placed(m.member, m.at - start) for m in inside]
        packed = compressor.compress(part)
        index.frame(len(packed), len(part), rows(told))
        found.append(packed)
    return b"".join(found) + index.to_bytes()
