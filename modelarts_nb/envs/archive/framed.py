"""Opening an archive that has an index: every member is checked first, then several processes
write the files of a frame each."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb.envs.archive import condaunpack, spreading
from modelarts_nb.envs.archive.arrival import Arrival
from modelarts_nb.envs.archive.extract import Extractor
from modelarts_nb.envs.archive.filling import Filling
from modelarts_nb.envs.archive.foreign import inner_links
from modelarts_nb.envs.archive.index import Index, frame_bytes
from modelarts_nb.envs.archive.manifest import INSIDE
from modelarts_nb.envs.archive.opened import (
    MANIFEST_LIMIT,
    Opened,
    Reading,
    check_hardlinks,
    check_platform,
    hear,
    is_ours,
    require_environment,
)
from modelarts_nb.envs.archive.recorded import read_records
from modelarts_nb.envs.archive.safety import Allowance, check_links, member_path
from modelarts_nb.envs.archive.tarstream import Placed
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.envs.relocate import each
from modelarts_nb.errors import ArchiveInvalid, from_os_error
from modelarts_nb.progress import Progress


def open_framed(
    archive: Path,
    index: Index,
    root: Path,
    final: Path,
    allowance: Allowance,
    *,
    threads: int,
    team: Team,
    hashed: bool,
    progress: Progress,
) -> Opened | None:
    """Unpack an archive of ours below ``root`` so that it is true at ``final``.

    Args:
        archive: the file.
        index: its index.
        root: a new, empty folder.
        final: the prefix it will have.
        allowance: the bytes it may become.
        threads: requests in flight, of all processes together.
        team: that decodes and writes.
        hashed: make the sha256 of the archive, to compare it with what is known. Each frame has a
            checksum of its own, which is always compared.

    Returns:
        None when it is no archive of ours after all; nothing was written then.

    Raises:
        As ``open_tar``.
    """
    compressed = archive.stat().st_size
    reading = Reading()
    wanted: list[tuple[str, Placed]] = []
    for placed in index.members:
        path = member_path(placed.member.path)
        allowance.take(placed.member.size, compressed)
        if is_ours(path):
            _ours(path, archive, index, placed, reading)
        elif path:
            wanted.append((path, placed))
    records = condaunpack.parse(reading.script or b"")
    manifest = reading.manifest
    if manifest is None or records is None:
        return None
    wanted = [(path, placed) for path, placed in wanted if path not in manifest.added]
    for path, placed in wanted:
        if reading.names.admit(path, placed.member):
            raise ArchiveInvalid(f"{archive.name} has {path} twice.", hint="Copy or pack it again.")
        reading.files += placed.member.kind != "dir"
        reading.size += placed.member.size
    require_environment(archive, reading, records)
    links = inner_links(reading.names.links, manifest.prefixes)
    check_links(links)
    check_hardlinks(reading.names)

    digest = spreading.Digest(archive) if hashed else None
    plan = Filling((str(archive),), str(root), threads)
    files = [item for item in wanted if item[1].member.kind == "file"]
    cut: list[tuple[str, Placed]] = []
    progress.phase("unpacking", bytes=compressed)
    with Extractor(root, threads=threads) as extractor:
        for path, placed in wanted:
            if placed.member.kind == "dir":
                extractor.folder(path, placed.member.mode)
        for written, _ in team.answers(spreading.fills(index, files, cut), plan, progress):
            progress.advance(files=written.files, bytes=written.bytes)
        try:
            each(lambda item: spreading.finish(root, *item), cut, threads)
        except OSError as error:
            raise from_os_error(error, "unpacking", root) from error
        progress.phase("verifying")
        sha256 = digest.result(progress) if digest else ""
        for record in read_records(root, threads=threads):
            check_platform(record.subdir, f"{record.name} {record.version}")
        arrival = Arrival(root, manifest.prefixes, final, extractor.drain, progress)
        for path in dict.fromkeys(path for path, _, _ in records):
            if reading.names.kinds.get(path) == "file":
                arrival.later(path)
        extractor.drain()
        arrival.rewrite(threads)
        extractor.finish(reading.names.hardlinks, links)
    arrival.finish(reading.names)
    return Opened(manifest, sha256, reading.files, reading.size, manifest.prefixes)


def _ours(path: str, archive: Path, index: Index, placed: Placed, into: Reading) -> None:
    """A file that speaks to us; it does not become part of the environment."""
    if placed.member.kind != "file" or placed.member.size > MANIFEST_LIMIT:
        return
    if path in (condaunpack.PATH, INSIDE):
        hear(path, _data(archive, index, placed), into, first=placed is index.members[0])


def _data(archive: Path, index: Index, placed: Placed) -> bytes:
    """The content of one member, from the frames that have it."""
    start, end = placed.at, placed.at + placed.member.size
    found = []
    try:
        fd = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
        try:
            for frame in index.frames:
                if frame.start < end and start < frame.start + frame.plain:
                    plain = frame_bytes(fd, frame, archive.name)
                    found.append(bytes(plain[max(0, start - frame.start) : end - frame.start]))
        finally:
            os.close(fd)
    except OSError as error:
        raise from_os_error(error, f"reading {archive.name}", archive) from error
    return b"".join(found)
