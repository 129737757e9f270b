"""Compression: frames that follow each other, and other programs read them as one file."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.envs.archive.compress import compressor

TEXT = b"".join(b"line %d of a text that shrinks\n" % (i * 7919 % 10007) for i in range(200_000))


def squeeze(kind: str, *pieces: bytes, level: int = 3) -> bytes:
    return b"".join(map(compressor(kind, level), pieces))


def test_gzip_itself_reads_our_members_as_one_file(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(squeeze("tar.gz", TEXT, b"the end"))
    plain = subprocess.run(["gzip", "-dc", tmp_path / "x.gz"], capture_output=True, check=True)
    assert plain.stdout == TEXT + b"the end"


def test_zstd_itself_reads_our_frames_as_one_file(tmp_path: Path) -> None:
    (tmp_path / "x.zst").write_bytes(squeeze("tar.zst", TEXT, b"the end"))
    plain = subprocess.run(["zstd", "-dc", tmp_path / "x.zst"], capture_output=True, check=True)
    assert plain.stdout == TEXT + b"the end"


@pytest.mark.parametrize("level", [1, 2, 19])
def test_a_zstd_frame_says_its_size_and_carries_its_checksum(level: int) -> None:
    frame = zstandard.get_frame_parameters(squeeze("tar.zst", TEXT, level=level))
    assert (frame.has_checksum, frame.content_size) == (True, len(TEXT))


def test_level_1_is_smaller_than_zstds_own() -> None:
    data = b"".join(path.read_bytes() for path in Path(os.__file__).parent.glob("[a-d]*.py"))
    theirs = zstandard.ZstdCompressor(level=1).compress(data)
    assert len(squeeze("tar.zst", data, level=1)) < len(theirs)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=5000), max_size=20), st.sampled_from([0, 1, 9]))
def test_gzip_comes_back_whatever_is_written(pieces: list[bytes], level: int) -> None:
    assert gzip.decompress(squeeze("tar.gz", *pieces, level=level)) == b"".join(pieces)


@pytest.mark.parametrize(("kind", "low", "high"), [("tar.zst", 1, 19), ("tar.gz", 1, 9)])
def test_a_higher_level_is_smaller(kind: str, low: int, high: int) -> None:
    data = b"".join(path.read_bytes() for path in Path(os.__file__).parent.glob("[a-d]*.py"))
    assert len(squeeze(kind, data, level=high)) < len(squeeze(kind, data, level=low)) * 0.95


def test_two_packings_of_the_same_are_the_same() -> None:
    assert squeeze("tar.gz", TEXT) == squeeze("tar.gz", TEXT)
