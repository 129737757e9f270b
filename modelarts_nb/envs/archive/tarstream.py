"""Tar as a stream: writing members, and reading them with every size bounded.

The standard library's ``tarfile`` packs and unpacks one header; what surrounds it is ours: its
reader takes a header's word for how much memory a name needs, which a hostile archive can abuse.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from modelarts_nb.errors import ArchiveHostile, ArchiveInvalid

BLOCK = 512
_RECORD = 20 * BLOCK
_NAME_LIMIT = 1 << 20  # bytes of one extended header; real ones are a few hundred

Kind = Literal["file", "dir", "link", "hardlink"]
_TYPES = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
}
_KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hardlink",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One member. ``target`` is a link's text or a hard link's earlier path; mtime in seconds."""

    path: str
    kind: Kind
    size: int
    mode: int
    mtime: float
    target: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A member and where its data begin, in bytes of the tar."""

    member: Member
    at: int


def header(member: Member) -> bytes:
    """What stands before a member's data, some blocks of 512 bytes, in the GNU form."""
    info = tarfile.TarInfo(member.path + ("/" if member.kind == "dir" else ""))
    info.type = _TYPES[member.kind]
    info.size = member.size
    info.mode = member.mode & 0o777
    # Whole seconds: that is what Python compares a .pyc with, and fractions would cost two
    # more blocks for every file.
    info.mtime = int(member.mtime)
    info.linkname = member.target
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


class TarWriter:
    """Writes members one after the other, in the GNU form that every ``tar`` reads."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._done = 0
        self._left = 0
        #: What was begun, and where its data are, counted from this writer's first byte.
        self.members: list[Placed] = []

    def start(self, member: Member) -> None:
        """Write a header; exactly ``member.size`` bytes of data must follow."""
        head = header(member)
        self._write(head)
        self._done += len(head)
        self._left = member.size
        self.members.append(Placed(member, self._done))

    def data(self, piece: bytes) -> None:
        """Write the next bytes of the member's data."""
        assert len(piece) <= self._left
        self._write(piece)
        self._left -= len(piece)
        self._done += len(piece)
        if not self._left and self._done % BLOCK:
            self._pad(BLOCK)

    def add(self, member: Member, data: bytes) -> None:
        """A whole member at once."""
        self.start(member)
        if data:
            self.data(data)

    def close(self, before: int = 0) -> None:
        """The end of the archive: two empty blocks, filled up to a record.

        Args:
            before: bytes of the archive that other writers wrote.
        """
        assert not self._left
        self._write(bytes(2 * BLOCK))
        self._done += before + 2 * BLOCK
        self._pad(_RECORD)

    def _pad(self, unit: int) -> None:
        gap = -self._done % unit
        self._write(bytes(gap))
        self._done += gap


class Source(Protocol):
    """Where a reader gets plain bytes from."""

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer only at the end."""


class TarReader:
    """Iterates over members; ``data`` yields the current one's bytes, what is not taken is skipped.

    Raises:
        ArchiveInvalid: damaged or cut off.
        ArchiveHostile: devices, pipes, names longer than any file system has.
    """

    _PIECE = 1 << 22

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = 0
        self._gap = 0

    def __iter__(self) -> Iterator[Member]:
        extended: dict[str, str] = {}
        while True:
            self._skip()
            block = self._source.read(BLOCK)
            if len(block) == BLOCK and not block.strip(b"\0"):
                return
            if len(block) < BLOCK:
                raise _cut_off()
            info = _header(block)
            if info.type in (
                tarfile.XHDTYPE,
                tarfile.SOLARIS_XHDTYPE,
                tarfile.GNUTYPE_LONGNAME,
                tarfile.GNUTYPE_LONGLINK,
                tarfile.XGLTYPE,
            ):
                self._extension(info, extended)
                continue
            member = _member(info, extended)
            extended = {}
            self._left = member.size
            self._gap = -member.size % BLOCK
            yield member

    def data(self) -> Iterator[bytes]:
        """The data of the member at hand, in pieces of up to 4 MiB."""
        while self._left:
            piece = self._source.read(min(self._left, self._PIECE))
            if not piece:
                raise _cut_off()
            self._left -= len(piece)
            yield piece

    def _skip(self) -> None:
        for _ in self.data():
            pass
        if self._gap and len(self._source.read(self._gap)) < self._gap:
            raise _cut_off()
        self._gap = 0

    def _extension(self, info: tarfile.TarInfo, into: dict[str, str]) -> None:
        if info.size > _NAME_LIMIT or info.size < 0:
            raise ArchiveHostile(
                "The archive has a name of more than a megabyte.",
                hint="No environment has one: do not trust this file.",
            )
        padded = info.size + -info.size % BLOCK
        raw = self._source.read(padded)
        if len(raw) < padded:
            raise _cut_off()
        raw = raw[: info.size]
        if info.type == tarfile.GNUTYPE_LONGNAME:
            into["path"] = _text(raw.split(b"\0", 1)[0])
        elif info.type == tarfile.GNUTYPE_LONGLINK:
            into["linkpath"] = _text(raw.split(b"\0", 1)[0])
        elif info.type != tarfile.XGLTYPE:  # global headers say nothing that an environment needs
            into.update(_pax(raw))


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise ArchiveInvalid(
            "The archive is damaged: a file header in it makes no sense.",
            hint="Copy or pack it again.",
            cause=str(error),
        ) from error


def _pax(raw: bytes) -> dict[str, str]:
    """Records ``LENGTH KEY=VALUE\\n`` (POSIX.1-2001, pax)."""
    found: dict[str, str] = {}
    at = 0
    while at < len(raw) and raw[at : at + 1] != b"\0":
        space = raw.find(b" ", at, at + 20)
        try:
            length = int(raw[at:space]) if space > at else 0
        except ValueError:
            length = 0
        if length <= space - at + 1 or at + length > len(raw):
            raise ArchiveInvalid(
                "The archive is damaged: an extended header makes no sense.",
                hint="Copy or pack it again.",
            )
        key, _, value = raw[space + 1 : at + length - 1].partition(b"=")
        found[_text(key)] = _text(value)
        at += length
    return found


def _member(info: tarfile.TarInfo, extended: dict[str, str]) -> Member:
    kind = _KINDS.get(info.type)
    if kind is None or any(key.startswith("GNU.sparse") for key in extended):
        what = {
            tarfile.CHRTYPE: "a device",
            tarfile.BLKTYPE: "a device",
            tarfile.FIFOTYPE: "a pipe",
        }
        if info.type in what:
            raise ArchiveHostile(
                f"The archive would make {what[info.type]}: {info.name}.",
                hint="No environment has one: do not trust this file.",
            )
        raise ArchiveInvalid(
            f"The archive has a member of a kind that environments do not have: {info.name}.",
            hint="Pack the environment again, as tar.zst or tar.gz.",
        )
    try:
        size = int(extended.get("size", info.size))
        mtime = float(extended.get("mtime", info.mtime))
    except ValueError as error:
        raise ArchiveInvalid(
            f"The archive is damaged: {info.name} has no proper size or time.",
            hint="Copy or pack it again.",
            cause=str(error),
        ) from error
    if size < 0:
        raise ArchiveInvalid(
            f"The archive is damaged: {info.name} has a negative size.",
            hint="Copy or pack it again.",
        )
    path = extended.get("path", info.name)
    if kind == "file" and path.endswith("/"):
        kind = "dir"  # as old tars wrote folders
    # A link's size means nothing, except that some writers put the target's there; they do not
    # put its data, and neither do we read any.
    return Member(
        path,
        kind,
        size if kind == "file" else 0,
        info.mode & 0o777,
        mtime,
        extended.get("linkpath", info.linkname),
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _cut_off() -> ArchiveInvalid:
    return ArchiveInvalid(
        "The archive is cut off: it ends in the middle.",
        hint="The copy was not finished, or the disk was full. Copy or pack it again.",
    )
