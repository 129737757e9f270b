"""The index of an archive: it comes back, others pass over it, and a false one is not believed."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.envs.archive.index import (
    _FOOT,
    FrameAt,
    IndexWriter,
    frame_bytes,
    read_index,
    rows,
)
from modelarts_nb.envs.archive.tarstream import Member, Placed
from modelarts_nb.errors import ArchiveInvalid

PLAIN = [b"first frame " * 100, b"second " * 50]


def member(path: str, size: int = 0, kind: str = "file", target: str = "") -> Member:
    return Member(path, kind, size, 0o640, 1_600_000_000, target)  # type: ignore[arg-type]


def write(path: Path, *members: Placed) -> Path:
    """An archive of two frames with these members in the first."""
    writer = IndexWriter()
    packed = [zstandard.ZstdCompressor().compress(plain) for plain in PLAIN]
    for number, (plain, frame) in enumerate(zip(PLAIN, packed, strict=True)):
        writer.frame(len(frame), len(plain), rows(members if number == 0 else ()))
    path.write_bytes(b"".join(packed) + writer.to_bytes())
    return path


NAMES = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40) | st.binary(
    min_size=1, max_size=40
).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(st.lists(st.tuples(NAMES, st.integers(0, 20)), max_size=20))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, files) -> None:  # type: ignore[no-untyped-def]
    at, placed = 0, []
    for name, size in files:
        placed.append(Placed(member(name, size), at))
        at += size
    path = write(tmp_path_factory.mktemp("index") / "x.tar.zst", *placed)
    index = read_index(path)
    assert index is not None
    assert index.members == tuple(placed)


def test_frames_are_found_and_decoded(tmp_path: Path) -> None:
    index = read_index(path := write(tmp_path / "x.tar.zst"))
    assert index is not None
    with path.open("rb") as file:
        assert [frame_bytes(file.fileno(), f, "x") for f in index.frames] == PLAIN


def test_zstd_itself_passes_over_the_index(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tar.zst")
    found = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    assert found == b"".join(PLAIN)
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        assert reader.read() == b"".join(PLAIN)


def test_an_archive_without_one_has_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(zstandard.ZstdCompressor().compress(b"x" * 5000))
    assert read_index(tmp_path / "x") is None
    (tmp_path / "x").write_bytes(b"")
    assert read_index(tmp_path / "x") is None


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_damage_is_none_or_still_whole(
    tmp_path_factory: pytest.TempPathFactory, back: int, noise: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("index") / "x", Placed(member("a", 5), 512))
    data = bytearray(path.read_bytes())
    at = max(0, len(data) - 1 - back)
    data[at : at + len(noise)] = noise
    path.write_bytes(data)
    index = read_index(path)
    assert index is None or index.members == (Placed(member("a", 5), 512),)


def lying(path: Path, frames: list[list[object]], members: list[list[object]]) -> Path:
    """An archive whose index says what is asked."""
    packed = b"".join(map(zstandard.ZstdCompressor().compress, PLAIN))
    if isinstance(frames, list):
        frames = [[*frame, members if at == 0 else []] for at, frame in enumerate(frames)]
    text = json.dumps(frames).encode()
    index = zstandard.ZstdCompressor(write_checksum=True).compress(text)
    foot = _FOOT.pack(len(text), len(index), b"MANBidx1")
    head = struct.pack("<II", 0x184D2A5E, len(index) + len(foot))
    path.write_bytes(packed + head + index + foot)
    return path


SIZES = [len(zstandard.ZstdCompressor().compress(plain)) for plain in PLAIN]
TRUE = [[SIZES[0], len(PLAIN[0])], [SIZES[1], len(PLAIN[1])]]


@pytest.mark.parametrize(
    ("frames", "members"),
    [
        pytest.param([[SIZES[0], len(PLAIN[0])]], [], id="frames that end too early"),
        pytest.param([[-1, 5], *TRUE], [], id="a negative size"),
        pytest.param([[SIZES[0], 1 << 40], TRUE[1]], [], id="a frame too large to hold"),
        pytest.param(TRUE, [["a", 0, 1 << 60, 0o644, 0, 0, ""]], id="data beyond the end"),
        pytest.param(TRUE, [["a", 0, 5, 0o644, 0, -1, ""]], id="data before its frame"),
        pytest.param(
            TRUE, [["a", 0, 9, 0, 0, 0, ""], ["b", 0, 9, 0, 0, 4, ""]], id="data used twice"
        ),
        pytest.param(TRUE, [["a", 2, 9, 0, 0, 0, "b"]], id="a link with data"),
        pytest.param(TRUE, [["a", 9, 0, 0, 0, 0, ""]], id="an unknown kind"),
        pytest.param(TRUE, [["a", -1, 0, 0, 0, 0, ""]], id="a negative kind"),
        pytest.param(TRUE, [[7, 0, 0, 0, 0, 0, ""]], id="a name that is none"),
        pytest.param(TRUE, [["a", 0, "9", 0, 0, 0, ""]], id="a size that is none"),
        pytest.param(TRUE, [["a"]], id="a short row"),
        pytest.param("no", [], id="no list"),
    ],
)
def test_an_index_that_makes_no_sense_is_not_believed(
    tmp_path: Path, frames: list[list[object]], members: list[list[object]]
) -> None:
    assert read_index(lying(tmp_path / "x", frames, members)) is None


def test_a_frame_that_becomes_more_than_it_says_is_damage(tmp_path: Path) -> None:
    """A bomb: the frame says in its own header how much it becomes, the index says less."""
    bomb = zstandard.ZstdCompressor().compress(bytes(50 << 20))
    (tmp_path / "x").write_bytes(bomb)
    with (tmp_path / "x").open("rb") as file, pytest.raises(ArchiveInvalid):
        frame_bytes(file.fileno(), FrameAt(0, len(bomb), 0, 1000), "x")


def test_a_damaged_frame_is_named(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4000)
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(noise))
    packed[2000] ^= 1
    (tmp_path / "x").write_bytes(packed)
    with (tmp_path / "x").open("rb") as file, pytest.raises(ArchiveInvalid, match="x is damaged"):
        frame_bytes(file.fileno(), FrameAt(0, len(packed), 0, 4000), "x")
