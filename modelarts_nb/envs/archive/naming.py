"""Which packed files name the prefix: found by looking at every byte that goes by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modelarts_nb.envs.archive import condaunpack
from modelarts_nb.envs.archive.layout import Layout
from modelarts_nb.envs.rewriting import encoded, mentions, rewrite
from modelarts_nb.errors import EngineFailed

# A prefix that fits everywhere: asked for only to learn whether a file would change at all.
_SHORT = "/x"
_HEAD = 16  # bytes at the start of a file that say of what format it is


@dataclass(frozen=True)
class Sighting:
    """What was seen in a part of a large file: prefixes, and whether it has a NUL byte."""

    path: str
    head: bytes
    found: frozenset[str]
    binary: bool


def overlap(prefixes: Sequence[str]) -> int:
    """A prefix may lie across two parts: how many bytes before a part belong to a look at it."""
    return max(len(p.encode("utf-8", "surrogateescape")) for p in prefixes) * 3


def look(
    layout: Layout, buffer: bytearray, before: bytes, prefixes: tuple[str, ...]
) -> tuple[list[condaunpack.Record], list[Sighting]]:
    """Which files of a share name a prefix.

    Args:
        layout: where the files are.
        buffer: the share, read.
        before: of a large file that was begun before, the ``overlap`` bytes before the share.
        prefixes: to look for.

    Returns:
        The records of whole files, and what was seen of large ones.
    """
    records, sightings = list[condaunpack.Record](), list[Sighting]()
    # One look at all of it: most shares name no prefix at all.
    anywhere = any(
        buffer.find(wanted, 0, layout.size) >= 0 for p in prefixes for wanted in encoded([p])
    )
    tail = before
    for slot in layout.slots:
        if slot.part.whole:
            if anywhere and slot.end > slot.start:
                data = bytes(memoryview(buffer)[slot.start : slot.end])
                found = _found(data, prefixes)
                records += _records(slot.part.item.path, found, data, binary=b"\0" in data)
            continue
        start, end, size = slot.start, slot.end, overlap(prefixes)
        if slot.part.first:
            tail = b""
        seen = _found(tail + buffer[start : min(end, start + size)], prefixes) if tail else set()
        if anywhere:
            seen |= _found(buffer[start:end], prefixes)
        head = bytes(buffer[start : start + _HEAD]) if slot.part.first else b""
        binary = buffer.find(b"\0", start, end) >= 0
        sightings.append(Sighting(slot.part.item.path, head, frozenset(seen), binary))
        tail = bytes(buffer[max(start, end - size) : end])
    return records, sightings


def _found(window: bytes | bytearray, prefixes: tuple[str, ...]) -> set[str]:
    return {prefix for prefix in prefixes if mentions(window, [prefix])}


def large(sightings: Iterable[Sighting]) -> list[condaunpack.Record]:
    """The records of large files, from all sightings of all shares."""
    heads: dict[str, bytes] = {}
    found: dict[str, set[str]] = {}
    binary: set[str] = set()
    for one in sightings:
        heads[one.path] = heads.get(one.path) or one.head
        found.setdefault(one.path, set()).update(one.found)
        if one.binary:
            binary.add(one.path)
    records: list[condaunpack.Record] = []
    for path, prefixes in found.items():
        for prefix in prefixes:
            sample = heads[path] + b"\n" + prefix.encode("utf-8", "surrogateescape") + b"/\0"
            records += _records(path, {prefix}, sample, binary=path in binary)
    return records


def _records(
    path: str, prefixes: set[str], sample: bytes, *, binary: bool
) -> list[condaunpack.Record]:
    return [
        (path, prefix, "binary" if binary else "text")
        for prefix in sorted(prefixes, key=len, reverse=True)
        if _would_change(path, prefix, sample)
    ]


def _would_change(path: str, prefix: str, sample: bytes) -> bool:
    try:
        return rewrite(sample, [prefix], _SHORT, path=path) is not None
    except EngineFailed:
        return False
