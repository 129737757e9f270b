"""Which packed files name the prefix: found by looking at every byte that goes by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modelarts_nb.envs.archive import condaunpack
from modelarts_nb.envs.archive.shares import Part
from modelarts_nb.envs.rewriting import mentions, rewrite
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


class Look:
    """Looks at the parts of one share, in order."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self.records: list[condaunpack.Record] = []
        self.sightings: list[Sighting] = []
        self._prefixes = prefixes
        self._tail = b""

    @property
    def overlap(self) -> int:
        """A prefix may lie across two parts: how many bytes before a part belong to the look."""
        return max(len(p.encode("utf-8", "surrogateescape")) for p in self._prefixes) * 3

    def at(self, part: Part, data: bytes, before: bytes | None = None) -> None:
        """The next part.

        Args:
            before: the ``overlap`` bytes before ``data``; None: those of the last call.
        """
        if part.whole:
            if mentions(data, self._prefixes):
                self.records += _records(
                    part.item.path, self._found(data), data, binary=b"\0" in data
                )
            return
        tail = b"" if part.first else self._tail if before is None else before
        # Not one large copy of both: the seam is small.
        found = self._found(data) | (self._found(tail + data[: self.overlap]) if tail else set())
        head = data[:_HEAD] if part.first else b""
        self.sightings.append(Sighting(part.item.path, head, frozenset(found), b"\0" in data))
        self._tail = data[-self.overlap :]

    def _found(self, window: bytes) -> set[str]:
        return {prefix for prefix in self._prefixes if mentions(window, [prefix])}


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
