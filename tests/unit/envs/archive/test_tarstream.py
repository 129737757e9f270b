"""Tar as a stream: what we write others read, what others write we read, damage is named."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.envs.archive.tarstream import Member, TarReader, TarWriter
from modelarts_nb.errors import ArchiveHostile, ArchiveInvalid, ModelArtsNbError


def written(*members: tuple[Member, bytes]) -> bytes:
    out: list[bytes] = []
    tar = TarWriter(out.append)
    for member, data in members:
        tar.add(member, data)
    tar.close()
    return b"".join(out)


def read(data: bytes) -> list[tuple[Member, bytes]]:
    tar = TarReader(io.BytesIO(data))
    return [(member, b"".join(tar.data())) for member in tar]


def file(path: str, data: bytes = b"x", mode: int = 0o644) -> tuple[Member, bytes]:
    return Member(path, "file", len(data), mode, 1_600_000_000), data


LONG = "folder/" * 40 + "名字" * 30 + ".txt"


def test_tar_itself_unpacks_what_we_write(tmp_path: Path) -> None:
    data = written(
        (Member("a", "dir", 0, 0o750, 1_600_000_000), b""),
        file("a/run", b"#!/bin/sh\n", 0o755),
        file(LONG, b"deep"),
        (Member("a/link", "link", 0, 0o777, 0, "run"), b""),
        (Member("a/again", "hardlink", 0, 0o755, 0, "a/run"), b""),
    )
    subprocess.run(["tar", "-xf", "-", "-C", tmp_path], input=data, check=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "a/run").stat().st_ino == (tmp_path / "a/again").stat().st_ino
    assert (tmp_path / "a/run").stat().st_mtime == 1_600_000_000
    assert (tmp_path / "a/link").readlink() == Path("run")
    assert (tmp_path / LONG).read_text() == "deep"


def test_a_name_that_is_no_utf8_survives() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert read(written(file(name)))[0][0].path == name


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_every_form_of_tar_is_read(form: int) -> None:
    buffer = io.BytesIO()
    name = "short.txt" if form == tarfile.USTAR_FORMAT else LONG
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        info = tarfile.TarInfo(name)
        info.size, info.mtime = 4, 1_600_000_000.5 if form == tarfile.PAX_FORMAT else 1_600_000_000
        tar.addfile(info, io.BytesIO(b"data"))
    ((member, data),) = read(buffer.getvalue())
    assert (member.path, data, int(member.mtime)) == (name, b"data", 1_600_000_000)


def test_data_that_nobody_takes_is_skipped() -> None:
    tar = TarReader(io.BytesIO(written(file("a", b"1" * 5000), file("b", b"2"))))
    assert [member.path for member in tar] == ["a", "b"]


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused(kind: bytes) -> None:
    info = tarfile.TarInfo("dev/null")
    info.type = kind
    with pytest.raises(ArchiveHostile, match="dev/null"):
        read(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


def test_a_name_of_a_gigabyte_is_refused_without_reading_it() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    with pytest.raises(ArchiveHostile):
        read(info.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("cut", [100, 511, 600, 1100, 1536, 1537])
def test_an_archive_that_ends_in_the_middle_says_so(cut: int) -> None:
    data = written(file("a", b"1" * 600))
    with pytest.raises(ArchiveInvalid, match="cut off"):
        read(data[:cut])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5119), st.integers(0, 255)), min_size=1))
def test_damage_anywhere_is_an_error_of_ours_or_harmless(flips: list[tuple[int, int]]) -> None:
    data = bytearray(written(file(LONG, b"1" * 700), file("b", b"2")))
    for at, value in flips:
        data[at % len(data)] = value
    with contextlib.suppress(ModelArtsNbError):
        for member, content in read(bytes(data)):
            assert len(content) == member.size


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000))
def test_pax_records_are_hostile_too(raw: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(raw)
    tail = written(file("a"))
    data = info.tobuf(tarfile.GNU_FORMAT) + raw + bytes(-len(raw) % 512) + tail
    with contextlib.suppress(ArchiveInvalid):  # its kin ArchiveHostile is one
        read(data)
