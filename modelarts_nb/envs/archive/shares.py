"""An archive's members divided into shares: what one process reads and compresses at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelarts_nb.envs.archive.contents import Item

PIECE = 1 << 20  # bytes; smaller files are read whole, larger ones in pieces of this size
# Plain bytes of a share. Each becomes a zstd frame of its own, so a smaller one costs size (zstd's
# window at level 3 is 2 MiB), a larger one memory in every process.
_SHARE = 8 << 20
# What a member costs beside its bytes: a million empty files must not be one share.
_OVERHEAD = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """Some of an item's bytes, or (``whole``) all of them. What has none is one part."""

    item: Item
    offset: int
    size: int
    whole: bool

    @property
    def first(self) -> bool:
        """Does the item's header go before it?"""
        return self.offset == 0

    @property
    def last(self) -> bool:
        """Does the item end with it?"""
        return self.whole or self.offset + self.size == self.item.size


@dataclass(frozen=True)
class Share:
    """Parts that follow each other in the archive."""

    number: int
    parts: tuple[Part, ...]


def divide(items: Iterable[Item]) -> Iterator[Share]:
    """Shares of about 8 MiB, in the order of ``items``."""
    number, parts, size = 0, list[Part](), 0
    for part in _parts(items):
        if parts and size + part.size + _OVERHEAD > _SHARE:
            yield Share(number, tuple(parts))
            number, parts, size = number + 1, [], 0
        parts.append(part)
        size += part.size + _OVERHEAD
    if parts:
        yield Share(number, tuple(parts))


def _parts(items: Iterable[Item]) -> Iterator[Part]:
    for item in items:
        if item.kind == "file" and item.size > PIECE:
            for offset in range(0, item.size, PIECE):
                yield Part(item, offset, min(PIECE, item.size - offset), whole=False)
        else:
            yield Part(item, 0, item.size, whole=True)
