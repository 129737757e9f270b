"""Which files name the prefix: found wherever it lies, also across parts and shares."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.layout import lay
from modelarts_nb.envs.archive.naming import Sighting, large, look, overlap
from modelarts_nb.envs.archive.shares import Part

PREFIX = "/opt/envs/demo"
PIECE = 512


def sighted(data: bytes, in_a_share: int) -> list[Sighting]:
    """What is seen of one large file that is cut into shares of some parts."""
    item = Item("lib/big", "file", "unused", len(data), 0o644, 0)
    cut = [
        Part(item, at, min(PIECE, len(data) - at), whole=False) for at in range(0, len(data), PIECE)
    ]
    found: list[Sighting] = []
    for start in range(0, len(cut), in_a_share):
        layout = lay([(part, part.size) for part in cut[start : start + in_a_share]])
        buffer = bytearray(layout.size)
        for slot in layout.slots:
            at = slot.part.offset
            buffer[slot.start : slot.end] = data[at : at + slot.part.size]
        layout.frame(buffer)
        at = cut[start].offset
        records, seen = look(layout, buffer, data[max(0, at - overlap([PREFIX])) : at], (PREFIX,))
        assert records == []
        found += seen
    return found


@given(st.integers(0, 4000), st.integers(1, 7), st.booleans())
def test_a_prefix_is_found_wherever_it_lies(at: int, in_a_share: int, binary: bool) -> None:
    filler = b"\0" if binary else b"."
    data = filler * at + PREFIX.encode() + b"/x\n" + filler * (4500 - at)
    expected = [("lib/big", PREFIX, "binary" if binary else "text")]
    assert large(sighted(data, in_a_share)) == expected


def test_a_format_that_must_not_be_changed_is_no_record() -> None:
    data = b"PK\x03\x04" + b"." * 1000 + PREFIX.encode() + b"." * 1000
    assert large(sighted(data, 2)) == []


def test_only_the_small_file_that_names_it_is_a_record() -> None:
    contents = {"a": b"nothing", "b": b"see /opt/envs/demo/x", "c": b"see /opt/envs/demonstration"}
    parts = [
        (
            Part(Item(name, "file", "unused", len(data), 0o644, 0), 0, len(data), whole=True),
            len(data),
        )
        for name, data in contents.items()
    ]
    layout = lay(parts)
    buffer = bytearray(layout.size)
    for slot in layout.slots:
        buffer[slot.start : slot.end] = contents[slot.part.item.path]
    layout.frame(buffer)
    assert look(layout, buffer, b"", (PREFIX,)) == ([("b", PREFIX, "text")], [])
