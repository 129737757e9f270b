"""The members of an archive, in order: its manifest, the records, all files, conda-unpack."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from modelarts_nb.envs.archive import condaunpack
from modelarts_nb.envs.archive.contents import Item
from modelarts_nb.envs.archive.manifest import INSIDE, Manifest
from modelarts_nb.envs.archive.readahead import Piece, read_ahead
from modelarts_nb.envs.archive.survey import Survey
from modelarts_nb.envs.archive.tarstream import Member, TarWriter
from modelarts_nb.envs.rewriting import mentions, rewrite
from modelarts_nb.errors import Busy, EngineFailed
from modelarts_nb.progress import Progress

# A prefix that fits everywhere: asked for only to learn whether a file would change at all.
_SHORT = "/x"


def write_body(
    write: Callable[[bytes], None],
    seen: Survey,
    manifest: Manifest,
    *,
    threads: int,
    progress: Progress,
) -> Manifest:
    """Write a whole tar.

    Args:
        write: takes plain bytes.
        seen: what to pack.
        manifest: goes in first.
        threads: files read at once.

    Returns:
        The manifest as it was written.

    Raises:
        Busy: the environment changed meanwhile.
        OSError, DiskFailure, AccessDenied, Cancelled: reading or writing failed.
    """
    tar = TarWriter(write)
    made = time.time()
    there = seen.contents.paths
    # An environment with conda in it, or one made by virtualenv, has its own.
    scripts = {p: s for p, s in condaunpack.activate_scripts().items() if p not in there}
    manifest = replace(manifest, added=tuple(sorted(scripts)))
    first = manifest.to_bytes()
    tar.add(Member(INSIDE, "file", len(first), 0o644, made), first)
    progress.phase("packing", files=seen.contents.files, bytes=seen.contents.size)
    naming = _Naming(seen.prefixes)
    skipped: set[str] = set()
    for piece in read_ahead(seen.contents.items, threads=threads):
        progress.check()
        _piece(tar, piece, skipped, progress)
        if piece.data:
            naming.look(piece)
    rooms = {f.path: f.room for record in seen.records for f in record.files if f.room}
    for path, script in scripts.items():
        tar.add(Member(path, "file", len(script), 0o644, made), script)
    script = condaunpack.render(naming.records, rooms)
    tar.add(Member(condaunpack.PATH, "file", len(script), 0o755, made), script)
    tar.close()
    return manifest


def _piece(tar: TarWriter, piece: Piece, skipped: set[str], progress: Progress) -> None:
    item = piece.item
    if piece.data is None:
        progress.log(f"vanished while it was packed: {item.path}")
        skipped.add(item.path)
        return
    if item.kind == "hardlink" and item.target in skipped:
        raise Busy(
            f"{item.path} changed while the environment was being packed.",
            hint="Wait until nothing writes to the environment, then pack it again.",
        )
    if piece.first:
        tar.start(_member(item, len(piece.data) if piece.last else item.size))
    if piece.data:
        tar.data(piece.data)
    progress.advance(files=int(piece.last and item.kind != "dir"), bytes=len(piece.data))


def _member(item: Item, size: int) -> Member:
    return Member(item.path, item.kind, size, item.mode, item.mtime_ns // 10**9, item.target)


class _Naming:
    """Finds the files that name the prefix, by looking at every byte that goes by."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self.records: list[condaunpack.Record] = []
        self._prefixes = prefixes
        self._overlap = max(len(p.encode("utf-8", "surrogateescape")) for p in prefixes) * 3
        self._head = self._tail = b""
        self._found: set[str] = set()
        self._binary = False

    def look(self, piece: Piece) -> None:
        """The next piece; a prefix may lie across two."""
        data = piece.data or b""
        if piece.first:
            self._head, self._tail, self._found, self._binary = data[:16], b"", set(), False
        # Not one large copy of both: the seam is small.
        for window in (data, self._tail + data[: self._overlap]) if self._tail else (data,):
            if mentions(window, self._prefixes):
                self._found |= {p for p in self._prefixes if mentions(window, [p])}
        if not (piece.first and piece.last):
            # Only of a big file: whether it has a NUL anywhere is not asked of all others.
            self._binary = self._binary or b"\0" in data
            self._tail = data[-self._overlap :]
        if piece.last and self._found:
            self._end(piece, data)

    def _end(self, piece: Piece, data: bytes) -> None:
        whole = piece.first
        binary = b"\0" in data if whole else self._binary
        for prefix in sorted(self._found, key=len, reverse=True):
            sample = data if whole else self._head + b"\n" + prefix.encode() + b"/\0"
            try:
                changes = rewrite(sample, [prefix], _SHORT, path=piece.item.path) is not None
            except EngineFailed:
                changes = False
            if changes:
                self.records.append((piece.item.path, prefix, "binary" if binary else "text"))
