"""Where the parts of a share lie in the tar that they become, so that they are read into place."""

from __future__ import annotations

from dataclasses import dataclass

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.shares import Part
from modelarts_nb.envs.archive.tarstream import BLOCK, Member, Placed, header


@dataclass(frozen=True, slots=True)
class Slot:
    """One part: its header (empty when it was begun before) and where its data are, in bytes."""

    part: Part
    header: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Layout:
    """Slots in order, the size of all of it, and the members that begin in it."""

    slots: tuple[Slot, ...]
    size: int
    members: tuple[Placed, ...]

    def frame(self, buffer: bytearray) -> None:
        """Write everything that is not data: headers, and zeros behind the last part of a file."""
        for slot in self.slots:
            buffer[slot.start - len(slot.header) : slot.start] = slot.header
            gap = -slot.end % BLOCK
            if gap:
                buffer[slot.end : slot.end + gap] = bytes(gap)


def lay(parts: list[tuple[Part, int]]) -> Layout:
    """Lay out parts.

    Args:
        parts: each with the size of its data, in bytes; only a file's last part may have a size
            that is no multiple of a block.
    """
    at, slots, members = 0, list[Slot](), list[Placed]()
    for part, size in parts:
        head = b""
        if part.first:
            member = _member(part.item, size if part.whole else part.item.size)
            head = header(member)
            members.append(Placed(member, at + len(head)))
        start = at + len(head)
        slots.append(Slot(part, head, start, start + size))
        at = start + size + -size % BLOCK
    return Layout(tuple(slots), at, tuple(members))


def _member(item: Item, size: int) -> Member:
    return Member(item.path, item.kind, size, item.mode, item.mtime_ns // 10**9, item.target)
