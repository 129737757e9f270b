"""Compressors: what they write, other programs read; levels and threads are obeyed."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import time
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.envs.archive.compress import compressor

TEXT = b"".join(b"line %d of a text that shrinks\n" % (i * 7919 % 10007) for i in range(200_000))


def squeeze(kind: str, data: bytes, *, level: int = 3, threads: int | None = 2) -> bytes:
    out: list[bytes] = []
    sink = compressor(kind, level, threads, out.append)
    for at in range(0, len(data), 300_001):
        sink.write(data[at : at + 300_001])
    sink.close()
    return b"".join(out)


def test_gzip_itself_reads_our_parallel_gzip(tmp_path: Path) -> None:
    packed = squeeze("tar.gz", TEXT)
    (tmp_path / "x.gz").write_bytes(packed)
    plain = subprocess.run(["gzip", "-dc", tmp_path / "x.gz"], capture_output=True, check=True)
    assert plain.stdout == TEXT


def test_cutting_into_blocks_costs_almost_no_size() -> None:
    assert len(squeeze("tar.gz", TEXT, level=4)) < 1.02 * len(gzip.compress(TEXT, 4))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.binary(max_size=5000), max_size=20),
    st.sampled_from([0, 1, 9]),
    st.integers(1, 3),
)
def test_gzip_comes_back_whatever_is_written(pieces: list[bytes], level: int, threads: int) -> None:
    out: list[bytes] = []
    sink = compressor("tar.gz", level, threads, out.append)
    for piece in pieces:
        sink.write(piece)
    sink.close()
    assert gzip.decompress(b"".join(out)) == b"".join(pieces)


def test_zstd_itself_reads_ours_and_finds_its_checksum(tmp_path: Path) -> None:
    packed = squeeze("tar.zst", TEXT)
    assert zstandard.get_frame_parameters(packed).has_checksum
    assert zstandard.ZstdDecompressor().stream_reader(packed).read() == TEXT


@pytest.mark.parametrize(("kind", "low", "high"), [("tar.zst", 1, 19), ("tar.gz", 1, 9)])
def test_a_higher_level_is_smaller(kind: str, low: int, high: int) -> None:
    data = TEXT[:3_000_000]
    assert len(squeeze(kind, data, level=high)) < len(squeeze(kind, data, level=low)) * 0.95


def test_zstd_threads_are_obeyed() -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core")
    noise = random.Random(1).randbytes(1 << 20)
    data = (noise[: 1 << 19] + TEXT[: 1 << 20]) * 16

    def cpu(threads: int) -> set[str]:
        before = set(os.listdir("/proc/self/task"))
        out: list[bytes] = []
        sink = compressor("tar.zst", 9, threads, out.append)
        seen: set[str] = set()
        for at in range(0, len(data), 1 << 20):
            sink.write(data[at : at + (1 << 20)])
            seen |= set(os.listdir("/proc/self/task")) - before
        sink.close()
        time.sleep(0.01)
        return seen

    assert not cpu(1)
    assert len(cpu(2)) == 2
