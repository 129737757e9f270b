"""Compression of one share: what the shares become can simply follow each other in the file.

A zstd file may have many frames (RFC 8878, 3), a gzip file many members (RFC 1952, 2.2): every
program reads them as one, and several processes can make or read them at the same time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from modelarts_nb.envs.archive import formats

_GZIP = 16 + zlib.MAX_WBITS  # zlib's own way to ask for a gzip member, here without name and time

Compress = Callable[["bytes | memoryview"], bytes]


def compressor(kind: str, level: int) -> Compress:
    """What makes a frame of plain bytes. ``tar`` and ``squashfs`` (a program's work) stay plain."""
    if kind == formats.TAR_ZST:
        import zstandard

        if level > 1:
            return zstandard.ZstdCompressor(level=level, write_checksum=True).compress
        # zstd's own level 1 looks for matches of 7 bytes; looking for 6 takes no more time, and the
        # big reference environment becomes a hundredth smaller (measured).
        of = zstandard.ZstdCompressionParameters.from_level(1, min_match=6, write_checksum=1)
        return zstandard.ZstdCompressor(compression_params=of).compress
    if kind == formats.TAR_GZ:
        return lambda data: _gzip(level, data)
    return bytes


def _gzip(level: int, data: bytes | memoryview) -> bytes:
    member = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    return member.compress(data) + member.flush()
