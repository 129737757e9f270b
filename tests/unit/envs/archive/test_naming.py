"""Which files name the prefix: found wherever it lies, also across parts and shares."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.naming import Look, Sighting, large
from modelarts_nb.envs.archive.shares import Part

PREFIX = "/opt/envs/demo"
PIECE = 64


def parts(data: bytes) -> list[tuple[Part, bytes]]:
    item = Item("lib/big", "file", Path("unused"), len(data), 0o644, 0)
    return [
        (Part(item, at, len(data[at : at + PIECE]), whole=False), data[at : at + PIECE])
        for at in range(0, len(data), PIECE)
    ]


@given(st.integers(0, 400), st.integers(1, 7), st.booleans())
def test_a_prefix_is_found_wherever_it_lies(at: int, in_a_share: int, binary: bool) -> None:
    filler = b"\0" if binary else b"."
    data = filler * at + PREFIX.encode() + b"/x\n" + filler * (500 - at)
    sightings: list[Sighting] = []
    cut = parts(data)
    for start in range(0, len(cut), in_a_share):
        look = Look((PREFIX,))
        for number, (part, piece) in enumerate(cut[start : start + in_a_share]):
            before = data[max(0, part.offset - look.overlap) : part.offset]
            look.at(part, piece, before if number == 0 and part.offset else None)
        sightings += look.sightings
    assert large(sightings) == [("lib/big", PREFIX, "binary" if binary else "text")]


def test_a_format_that_must_not_be_changed_is_no_record() -> None:
    data = b"PK\x03\x04" + b"." * 100 + PREFIX.encode() + b"." * 100
    look = Look((PREFIX,))
    for part, piece in parts(data):
        look.at(part, piece)
    assert large(look.sightings) == []
