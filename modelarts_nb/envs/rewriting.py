"""What must change in the bytes of a file when its environment moves to another prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote

from modelarts_nb.envs.shebangs import readable
from modelarts_nb.errors import EngineFailed

# A prefix ends where its last name ends: "/envs/a" is not in "/envs/ab", "/envs/a-1" or
# "/envs/a.old", but it is in "/envs/a." at the end of a sentence.
_NAME_BYTE = rb"[A-Za-z0-9_~+@\x80-\xff-]"
_END = rb"(?!" + _NAME_BYTE + rb"|\.[A-Za-z0-9_-]|%(?!2[Ff])[0-9A-Fa-f]{2})"
# No path that a program reads is longer (PATH_MAX is 4,096; lists of paths are several).
_LONGEST_STRING = 1 << 16
_CHUNK = 1 << 18

# Formats that carry lengths or checksums of their strings: changing them in place breaks them.
_SEALED_MAGIC = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\xfd7zXZ",
    b"SQLite format 3\0",
    b"\x93NUMPY",
    b"\x89HDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"%PDF",
    b"PAR1",
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",
)
_SEALED_SUFFIX = (".pyc", ".pyo", ".nbi", ".nbc", ".npy", ".pkl", ".pickle", ".whl", ".egg")


def occurrences(
    data: bytes, old: Sequence[str], *, keep: Sequence[str] = ()
) -> Iterator[re.Match[bytes]]:
    """Every place in ``data`` that names one of the ``old`` prefixes, whole.

    Args:
        data: the content of a file.
        old: prefixes, absolute, without a slash at the end.
        keep: folders below a prefix that are not part of the environment (``envs`` and ``pkgs``
            of a base environment): paths into them are not the environment's.
    """
    for match in _pattern(tuple(old), tuple(keep)).finditer(data) if old else ():
        if not _inside_longer_path(data, match.start()):
            yield match


def encoded(old: Sequence[str]) -> tuple[bytes, ...]:
    """The bytes by which a file may name these prefixes: as they are, and quoted for a URL."""
    return _encoded(tuple(old))


def mentions(data: bytes | bytearray, old: Sequence[str]) -> bool:
    """Quickly: might ``data`` name one of the ``old`` prefixes? May say yes too often."""
    return any(prefix in data for prefix in _encoded(tuple(old)))


def mentions_in_file(fd: int, old: Sequence[str]) -> bool:
    """As ``mentions``, of an open file of any size in a flat amount of memory.

    Raises:
        OSError: it cannot be read.
    """
    overlap = max(map(len, _encoded(tuple(old)))) - 1
    kept, offset = 0, 0
    # One small buffer, filled again and again: fresh memory costs more than reading. And preadv,
    # not mmap: a page that comes over the network must not stop all threads.
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    while read := os.preadv(fd, [view[kept:]], offset):
        end = kept + read
        if any(buffer.find(prefix, 0, end) >= 0 for prefix in _encoded(tuple(old))):
            return True
        offset += read
        kept = min(overlap, end)
        buffer[:kept] = buffer[end - kept : end]
    return False


def rewrite(
    data: bytes,
    old: Sequence[str],
    new: str,
    *,
    path: str,
    binary: bool | None = None,
    room: int | None = None,
    keep: Sequence[str] = (),
) -> bytes | None:
    """The content of a file after its environment moved.

    Text is replaced, scripts get a first line that every kernel can read. In binaries the
    length is kept: a string that gets shorter is filled with NULs, one that gets longer takes
    the NULs that its installer left behind it, and needs ``room`` for it.

    Args:
        data: the content before.
        old: prefixes that the file may name (each spelling of the source's).
        new: the prefix from now on.
        path: where the file is in the environment, '/'-separated, for messages and suffixes.
        binary: as the package's record says; None: it has a NUL byte.
        room: length in bytes of the placeholder that the package was built with.
        keep: see ``occurrences``.

    Returns:
        The content after, or None when nothing changes. Formats that carry lengths or checksums
        (compiled Python, zip, pickle, SQLite ...) are never changed.

    Raises:
        EngineFailed: ``new`` is longer than the room that a binary has for it.
    """
    if not mentions(data, old):
        return None
    is_binary = b"\0" in data if binary is None else binary
    if path.endswith(_SEALED_SUFFIX) or (binary is None and data.startswith(_SEALED_MAGIC)):
        return None
    if is_binary and data.startswith(b"#!"):
        # A script with a zip behind it: only its first line is text.
        head, newline, rest = data.partition(b"\n")
        changed = _rewrite_text(head + newline, old, new, keep) + rest
    elif is_binary:
        changed = _rewrite_binary(data, old, new, path, room, keep)
    else:
        changed = _rewrite_text(data, old, new, keep)
    return None if changed == data else changed


def moved(path: str, old: Sequence[str], new: str, *, keep: Sequence[str] = ()) -> str | None:
    """The new target of an absolute link that led into an old prefix; None: it did not."""
    data = path.encode("utf-8", "surrogateescape")
    for match in occurrences(data, old, keep=keep):
        if match.start() == 0:
            return new + data[match.end() :].decode("utf-8", "surrogateescape")
    return None


def _rewrite_text(data: bytes, old: Sequence[str], new: str, keep: Sequence[str]) -> bytes:
    plain = new.encode("utf-8", "surrogateescape")
    quoted = quote(plain).encode()
    parts, position = [], 0
    for match in occurrences(data, old, keep=keep):
        in_url = data[max(0, match.start() - 7) : match.start()] == b"file://"
        parts += [data[position : match.start()], quoted if in_url else plain]
        position = match.end()
    return readable(b"".join([*parts, data[position:]]), plain)


def _rewrite_binary(
    data: bytes, old: Sequence[str], new: str, path: str, room: int | None, keep: Sequence[str]
) -> bytes:
    plain = new.encode("utf-8", "surrogateescape")
    result = bytearray(data)
    matches = list(occurrences(data, old, keep=keep))
    while matches:
        start = matches[0].start()
        end = data.find(b"\0", start)
        end = len(data) if end < 0 else end
        same = [match for match in matches if match.start() < end]
        matches = matches[len(same) :]
        string, position, spare = bytearray(), start, 0
        for match in same:
            string += data[position : match.start()] + plain
            position = match.end()
            spare += max(0, (room or 0) - len(match[0]))
        string += data[position:end]
        grown = len(string) - (end - start)
        padding = data[end : end + spare]
        if grown > 0 and (grown > spare or len(padding) < spare or padding.strip(b"\0")):
            raise EngineFailed(
                f"{path} has no room for the longer prefix {new}.",
                hint="Choose a shorter name, or reinstall the package that brought this file.",
                cause=f"{grown} bytes too long",
            )
        if grown < 0 and end - start > _LONGEST_STRING:
            raise EngineFailed(
                f"{path} names its prefix in a way that cannot be changed.",
                hint="Reinstall the package that brought this file.",
                cause=f"a string of {end - start} bytes",
            )
        string += b"\0" * -grown
        result[start : start + len(string)] = string
    return bytes(result)


def _inside_longer_path(data: bytes, start: int) -> bool:
    """Is ``/opt/envs/a`` at ``start`` the tail of ``/data/opt/envs/a``? (``-L/opt`` is not.)"""
    position = start
    while position and re.match(_NAME_BYTE + rb"|\.", data[position - 1 : position]):
        position -= 1
    return position < start and position > 0 and data[position - 1 : position] == b"/"


@lru_cache(maxsize=64)
def _encoded(old: tuple[str, ...]) -> tuple[bytes, ...]:
    plain = [prefix.encode("utf-8", "surrogateescape") for prefix in old]
    both = dict.fromkeys(plain + [quote(prefix).encode() for prefix in plain])
    return tuple(sorted(both, key=len, reverse=True))


@lru_cache(maxsize=64)
def _pattern(old: tuple[str, ...], keep: tuple[str, ...]) -> re.Pattern[bytes]:
    prefixes = b"|".join(re.escape(prefix) for prefix in _encoded(old))
    folders = b"|".join(re.escape(name.encode()) for name in keep)
    outside = rb"(?!/(?:" + folders + rb")" + _END + rb")" if keep else b""
    return re.compile(rb"(?:" + prefixes + rb")" + _END + outside)
