"""Opening an archive into a staged folder: every member checked, then made by many threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from modelarts_nb.disk.scan import scan
from modelarts_nb.envs.archive import condaunpack
from modelarts_nb.envs.archive.arrival import Arrival
from modelarts_nb.envs.archive.decompress import Decoded
from modelarts_nb.envs.archive.extract import PIECE, Extractor
from modelarts_nb.envs.archive.foreign import inner_links, own_python
from modelarts_nb.envs.archive.manifest import INSIDE, Manifest, parse
from modelarts_nb.envs.archive.recorded import parse_record, platform_here
from modelarts_nb.envs.archive.safety import Allowance, Namespace, check_links, member_path
from modelarts_nb.envs.archive.squashfs import unpack_image
from modelarts_nb.envs.archive.tarstream import Member, TarReader
from modelarts_nb.envs.relocate import relocate
from modelarts_nb.envs.state import STATE
from modelarts_nb.envs.swap import swap_link
from modelarts_nb.errors import ArchiveHostile, ArchiveInvalid, PlatformMismatch, from_os_error
from modelarts_nb.progress import Progress

MANIFEST_LIMIT = 64 << 20  # bytes of a record, a manifest or a conda-unpack script
_PLACEHOLDERS = 200
_OURS = os.path.dirname(STATE) + "/"


@dataclass
class Opened:
    """What came out of an archive. ``old``: prefixes its files named."""

    manifest: Manifest | None
    sha256: str
    files: int = 0
    size: int = 0
    old: tuple[str, ...] = ()


@dataclass
class Reading:
    """What one pass over an archive's members found."""

    names: Namespace = field(default_factory=Namespace)
    manifest: Manifest | None = None
    script: bytes | None = None
    files: int = 0
    size: int = 0


def open_tar(
    source: Decoded,
    root: Path,
    final: Path,
    allowance: Allowance,
    *,
    threads: int,
    progress: Progress,
) -> Opened:
    """Unpack a tar below ``root`` so that it is true at ``final``.

    Args:
        source: the archive.
        root: a new, empty folder.
        final: the prefix it will have.
        allowance: the bytes it may become.

    Raises:
        ArchiveInvalid: damaged, cut off, or not an environment.
        ArchiveHostile: it would do what no environment does.
        PlatformMismatch: of another platform.
        EngineFailed: the new prefix is longer than a package left room for.
        DiskFull, DiskFailure, AccessDenied, Cancelled.
    """
    seen = Reading()
    compressed = source.path.stat().st_size
    arrival: Arrival | None = None
    tar = TarReader(source)

    def change(path: str, data: bytes) -> bytes | None:
        return arrival.change(path, data) if arrival else None

    with Extractor(root, threads=threads, change=change) as extractor:
        done = 0
        progress.phase("unpacking", bytes=compressed)
        for member in tar:
            progress.check()
            path = member_path(member.path)
            if not path:
                continue
            allowance.take(member.size, compressed)
            if is_ours(path):
                _ours(path, member, tar, seen)
                if seen.manifest and arrival is None:
                    old = seen.manifest.prefixes
                    arrival = Arrival(root, old, final, extractor.drain, progress)
                continue
            if seen.manifest and path in seen.manifest.added:
                continue
            if arrival:
                arrival.expect(path)
            _member(path, member, tar, seen, extractor, arrival)
            progress.advance(files=member.kind != "dir", bytes=source.taken - done)
            done = source.taken
        progress.phase("verifying")
        sha256 = source.finish()
        records = condaunpack.parse(seen.script or b"")
        require_environment(source.path, seen, records)
        old = seen.manifest.prefixes if seen.manifest else _prefixes(records or [])
        links = inner_links(seen.names.links, old)
        check_links(links)
        check_hardlinks(seen.names)
        extractor.drain()
        if arrival:
            arrival.rewrite(threads)
        extractor.finish(seen.names.hardlinks, links)
    if arrival:
        arrival.finish(seen.names)
    else:
        own_python(root, final)
        relocate(root, old, final, threads=threads, progress=progress)
    return Opened(seen.manifest, sha256, seen.files, seen.size, old)


def open_image(
    image: Path,
    root: Path,
    final: Path,
    allowance: Allowance,
    *,
    threads: int,
    progress: Progress,
) -> Opened:
    """Unpack a squashfs image into ``root``, which must not exist; otherwise as ``open_tar``."""
    progress.phase("unpacking")
    unpack_image(image, root, allowance, progress)
    manifest = _taken(root / INSIDE)
    told = parse(manifest) if manifest else None
    script = _taken(root / condaunpack.PATH)
    records = condaunpack.parse(script or b"")
    seen = Reading(manifest=told, script=script)
    try:
        for name in (*condaunpack.HELPERS, *(told.added if told else ()), STATE):
            inside = root / member_path(name)
            if inside.parent.resolve().is_relative_to(root.resolve()):
                inside.unlink(missing_ok=True)
        tree = scan(root, threads=threads, progress=progress)
        seen.names.kinds = {entry.path: entry.kind for entry in tree.entries}
        require_environment(image, seen, records)
        _check_platform(told)
        for entry in tree.entries:
            if entry.kind == "file" and os.path.dirname(entry.path) == "conda-meta":
                _check_record(entry.path, (root / entry.path).read_bytes())
        old = told.prefixes if told else _prefixes(records or [])
        before = {e.path: e.target or "" for e in tree.entries if e.kind == "link"}
        links = inner_links(before, old)
        check_links(links)
        for path, target in links.items():
            if target != before[path]:
                swap_link(root / path, target)
    except OSError as error:
        raise from_os_error(error, "unpacking", root) from error
    if told is None:
        own_python(root, final)
    relocate(root, old, final, threads=threads, progress=progress)
    return Opened(told, "", tree.files, tree.bytes, old)


def _member(
    path: str,
    member: Member,
    tar: TarReader,
    seen: Reading,
    extractor: Extractor,
    arrival: Arrival | None,
) -> None:
    if seen.names.admit(path, member):
        extractor.remove(path)
    if member.kind == "dir":
        extractor.folder(path, member.mode)
        return
    seen.files += 1
    seen.size += member.size
    if member.kind != "file":
        return
    is_record = path.startswith("conda-meta/") and path.count("/") == 1
    if is_record and member.size <= MANIFEST_LIMIT:
        data = b"".join(tar.data())
        _check_record(path, data)
        extractor.file(path, member, iter([data]))
    elif member.size <= PIECE:
        extractor.file(path, member, tar.data())
    else:
        part = _Watched(tar, arrival)
        extractor.file(path, member, iter(part))
        if part.found and arrival:
            arrival.later(path)


class _Watched:
    """The data of a large file, looked at while it passes."""

    def __init__(self, tar: TarReader, arrival: Arrival | None) -> None:
        self._tar, self._arrival = tar, arrival
        self.found = False

    def __iter__(self) -> Iterator[bytes]:
        tail = b""
        for piece in self._tar.data():
            if self._arrival and not self.found:
                self.found = self._arrival.look(tail + piece)
                tail = piece[-self._arrival.overlap :] if self._arrival.overlap else b""
            yield piece


def _ours(path: str, member: Member, tar: TarReader, seen: Reading) -> None:
    """A file that speaks to us; it does not become part of the environment."""
    if member.kind != "file" or member.size > MANIFEST_LIMIT:
        return
    data = b"".join(tar.data())
    hear(path, data, seen, first=not seen.names.kinds)


def hear(path: str, data: bytes, into: Reading, *, first: bool) -> None:
    """Take in a file that speaks to us; the manifest counts only as the ``first`` member.

    Raises:
        PlatformMismatch: of another platform.
    """
    if path == condaunpack.PATH:
        into.script = data
    elif path == INSIDE and first:
        into.manifest = parse(data)
        _check_platform(into.manifest)


def is_ours(path: str) -> bool:
    """Does a member speak to us, instead of being a part of the environment?"""
    return path.startswith(_OURS) or path == condaunpack.PATH or path in condaunpack.HELPERS


def _check_platform(manifest: Manifest | None) -> None:
    if manifest:
        check_platform(manifest.platform, manifest.name)


def _check_record(path: str, data: bytes) -> None:
    if path.endswith(".json") and (record := parse_record(data)):
        check_platform(record.subdir, f"{record.name} {record.version}")


def check_platform(platform: str, what: str) -> None:
    """``what`` must be made for this machine.

    Raises:
        PlatformMismatch: it is not.
    """
    here = platform_here()
    if platform not in ("", "noarch", here):
        raise PlatformMismatch(
            f"{what} is built for {platform}; this machine is {here}.",
            hint="Make the environment anew here: `ma env export` there, `ma env create --file` "
            "here.",
        )


def require_environment(
    path: Path, seen: Reading, records: list[condaunpack.Record] | None
) -> None:
    """What was read must be a conda environment that says its prefix.

    Raises:
        ArchiveInvalid: it is not.
    """
    kinds = seen.names.kinds
    meta = [p for p in kinds if p.startswith("conda-meta/") and p.count("/") == 1]
    if not any(p == "conda-meta/history" or p.endswith(".json") for p in meta):
        nested = next((p for p in kinds if p.endswith("/conda-meta")), None)
        raise ArchiveInvalid(
            f"{path.name} holds no conda environment: there is no conda-meta folder in it.",
            hint=f"There is one in {os.path.dirname(nested)}/, but not at the top: pack the "
            "environment with `ma env pack`."
            if nested
            else "Archives are made by `ma env pack` or conda-pack.",
        )
    if seen.manifest is None and records is None:
        raise ArchiveInvalid(
            f"{path.name} does not say which prefix its files name: bin/conda-unpack is not in it.",
            hint="Pack the environment with `ma env pack`, or with conda-pack without "
            "--dest-prefix.",
        )


def check_hardlinks(names: Namespace) -> None:
    """Hard links must lead to files of the archive.

    Raises:
        ArchiveHostile: one does not.
    """
    for path, target in names.hardlinks.items():
        if names.kinds.get(target) != "file":
            raise ArchiveHostile(
                f"The archive has {path} as a hard link to {target}, which is no file.",
                hint="It was damaged or made by a broken program. Pack the environment again.",
            )


def _prefixes(records: list[condaunpack.Record]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(old for _, old, _ in records))
    # One for each builder whose packages are in it; every file is searched for all of them.
    if len(found) > _PLACEHOLDERS:
        raise ArchiveHostile(
            f"The archive names {len(found):,} prefixes.",
            hint="No packed environment does: do not trust this file.",
        )
    return found


def _taken(path: Path) -> bytes | None:
    """Read and remove a small file of an image; its links were checked, but it may be one."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        data = file.read(MANIFEST_LIMIT)
    path.unlink()
    return data
