"""The table of contents of a tar.zst: where each frame and each file begins.

It follows the frames in a skippable frame (RFC 8878, 3.1.2), which every decoder passes over, so
the archive stays a plain tar.zst. With it several processes can unpack at the same time, and one
file can be taken out without reading what is before it.

    skippable frame := magic, size, zstd(JSON), size of the JSON, length of zstd(JSON), "MANBidx1"
    JSON := [[bytes in the file, bytes in the tar, [members that begin in it]] of each frame]
    member := [path, kind, size, mode, mtime, place of its data in the frame, target]
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.envs.archive.tarstream import Kind, Member, Placed
from modelarts_nb.errors import ArchiveInvalid, from_os_error

_MAGIC = 0x184D2A5E  # one of the sixteen that mean "skip me"
_HEAD = struct.Struct("<II")
_FOOT = struct.Struct("<QQ8s")
_NAME = b"MANBidx1"
# Bytes: a million files need a tenth of it. What claims more is not believed.
_LIMIT = 1 << 30
_FRAME_LIMIT = 64 << 20
_PART = 512 << 10  # bytes that one thread reads: a few requests to a network disk
_KINDS: tuple[Kind, ...] = ("file", "dir", "link", "hardlink")


@dataclass(frozen=True)
class FrameAt:
    """One frame: its place in the file and in the tar, in bytes."""

    offset: int
    size: int
    start: int
    plain: int


@dataclass(frozen=True)
class Index:
    """Every frame, every member with the place of its data in the tar; both in order."""

    frames: tuple[FrameAt, ...]
    members: tuple[Placed, ...]

    @property
    def plain(self) -> int:
        """Bytes of the tar."""
        return sum(frame.plain for frame in self.frames)


class IndexWriter:
    """Collects what an index says while an archive is written."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []

    def frame(self, size: int, plain: int, rows: bytes) -> None:
        """The next frame: its size in the file and in the tar, and the ``rows`` of its members."""
        self._frames.append(b"[%d,%d,%b]" % (size, plain, rows))

    def to_bytes(self) -> bytes:
        """The skippable frame."""
        import zstandard

        text = b"[" + b",".join(self._frames) + b"]"
        packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(text)
        foot = _FOOT.pack(len(text), len(packed), _NAME)
        return _HEAD.pack(_MAGIC, len(packed) + len(foot)) + packed + foot


def rows(members: Iterable[Placed]) -> bytes:
    """What an index says of the members that begin in a frame, their places counted from its
    start."""
    found = []
    for placed in members:
        m = placed.member
        what = (m.path, _KINDS.index(m.kind), m.size, m.mode & 0o777, int(m.mtime))
        found.append((*what, placed.at, m.target))
    # Names that are not UTF-8 hold surrogates, which JSON writes as escapes.
    return json.dumps(found, separators=(",", ":")).encode("ascii")


def read_index(path: Path) -> Index | None:
    """The index of an archive; None where there is none, also when it makes no sense: the archive
    can still be read from its beginning to its end.

    Raises:
        DiskFailure, AccessDenied: the file cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as file:
            end = file.seek(0, 2)
            if end < _HEAD.size + _FOOT.size:
                return None
            file.seek(end - _FOOT.size)
            text_size, size, name = _FOOT.unpack(file.read(_FOOT.size))
            start = end - _FOOT.size - size - _HEAD.size
            if name != _NAME or start < 0 or not 0 < text_size <= _LIMIT:
                return None
            file.seek(start)
            packed = _read(file.read, _HEAD.size + size)
    except OSError as error:
        raise from_os_error(error, f"reading {path.name}", path) from error
    if packed[: _HEAD.size] != _HEAD.pack(_MAGIC, size + _FOOT.size):
        return None
    return _parse(packed[_HEAD.size :], text_size, start)


def frame_bytes(
    fd: int,
    frame: FrameAt,
    name: str,
    into: bytearray | None = None,
    *,
    readers: Executor | None = None,
) -> memoryview:
    """The plain bytes of one frame of an open archive.

    Args:
        into: memory to use, if it is large enough; else new memory is taken.
        readers: threads that read parts of the frame at the same time.

    Raises:
        ArchiveInvalid: damaged.
        OSError: it cannot be read.
    """
    import zstandard

    packed = bytearray(frame.size)
    whole = memoryview(packed)

    def part(start: int) -> bool:
        end = min(start + _PART, frame.size) if readers else frame.size
        while start < end and (count := os.preadv(fd, [whole[start:end]], frame.offset + start)):
            start += count
        return start == end

    if not all(readers.map(part, range(0, frame.size, _PART)) if readers else (part(0),)):
        raise _damaged(name, "the file ends too early")
    plain = into if into is not None and len(into) >= frame.plain else bytearray(frame.plain)
    view = memoryview(plain)[: frame.plain]
    try:
        told = zstandard.get_frame_parameters(packed)
        if told.content_size != frame.plain or told.window_size > _FRAME_LIMIT:
            raise _damaged(name, f"a frame of {told.content_size} bytes, {frame.plain} expected")
        reader = zstandard.ZstdDecompressor().stream_reader(packed)
        got = 0
        while got < frame.plain and (count := reader.readinto(view[got:])):
            got += count
        if got < frame.plain or reader.read(1):
            raise _damaged(name, f"{got} bytes, {frame.plain} expected")
    except zstandard.ZstdError as error:
        raise _damaged(name, str(error)) from error
    return view


def _parse(packed: bytes, text_size: int, end: int) -> Index | None:
    import zstandard

    try:
        if zstandard.get_frame_parameters(packed).content_size != text_size:
            return None
        value = json.loads(zstandard.ZstdDecompressor().decompress(packed))
        frames, members = _frames(value)
    except (zstandard.ZstdError, ValueError, TypeError, RecursionError, IndexError):
        return None
    last = frames[-1] if frames else None
    if last is None or last.offset + last.size != end:
        return None
    total = last.start + last.plain
    within = all(m.at <= total - m.member.size for m in members)
    return Index(tuple(frames), tuple(members)) if within and _apart(members) else None


def _frames(value: Any) -> tuple[list[FrameAt], list[Placed]]:
    frames, members = list[FrameAt](), list[Placed]()
    offset = start = 0
    for size, plain, inside in value:
        if not (0 < size <= _FRAME_LIMIT and 0 <= plain <= _FRAME_LIMIT):
            raise ValueError(size)
        frames.append(FrameAt(offset, size, start, plain))
        members += [_member(row, start, plain) for row in inside]
        offset, start = offset + size, start + plain
    return frames, members


def _member(row: Sequence[Any], start: int, plain: int) -> Placed:
    path, kind, size, mode, mtime, at, target = row
    if not (isinstance(path, str) and isinstance(target, str)):
        raise ValueError(path)
    for number in (kind, size, mode, mtime, at):
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(number)
    if kind < 0 or size < 0 or not 0 <= at <= plain or (kind and size):
        raise ValueError(row)
    return Placed(Member(path, _KINDS[kind], size, mode & 0o777, mtime, target), start + at)


def _apart(members: Sequence[Placed]) -> bool:
    """Members follow each other; none has another's data."""
    at = 0
    for placed in members:
        if placed.at < at:
            return False
        at = placed.at + placed.member.size
    return True


def _read(read: Any, size: int) -> bytes:
    parts = []
    while size and (piece := read(size)):
        parts.append(piece)
        size -= len(piece)
    return b"".join(parts)


def _damaged(name: str, cause: str) -> ArchiveInvalid:
    return ArchiveInvalid(
        f"{name} is damaged: a part of it cannot be decompressed.",
        hint="Copy or pack it again.",
        cause=cause,
    )
