"""The members of an archive, in order: its manifest, the records, all files, conda-unpack."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from modelarts_nb.envs.archive import condaunpack, formats, naming
from modelarts_nb.envs.archive.compress import compressor
from modelarts_nb.envs.archive.frames import Frame, Packing
from modelarts_nb.envs.archive.index import IndexWriter, rows
from modelarts_nb.envs.archive.manifest import INSIDE, Manifest
from modelarts_nb.envs.archive.shares import divide
from modelarts_nb.envs.archive.survey import Survey
from modelarts_nb.envs.archive.tarstream import Member, TarWriter
from modelarts_nb.envs.archive.team import Team
from modelarts_nb.errors import Busy
from modelarts_nb.progress import Progress


def write_body(
    write: Callable[[bytes], None],
    seen: Survey,
    manifest: Manifest,
    *,
    kind: str,
    level: int,
    team: Team,
    progress: Progress,
) -> Manifest:
    """Write a whole tar, compressed.

    Args:
        write: takes bytes as they are in the file.
        seen: what to pack.
        manifest: goes in first.
        kind: how to compress; ``squashfs`` is a plain tar, for the program that makes the image.
        level: of compression.
        team: that reads and compresses.

    Returns:
        The manifest as it was written.

    Raises:
        Busy: the environment changed meanwhile.
        OSError, DiskFailure, AccessDenied, EngineFailed, Cancelled: reading or writing failed.
    """
    made = time.time()
    # An environment with conda in it, or one made by virtualenv, has its own.
    own_scripts = condaunpack.activate_scripts()
    theirs = {item.path for item in seen.contents.items if item.path in own_scripts}
    scripts = {path: text for path, text in own_scripts.items() if path not in theirs}
    manifest = replace(manifest, added=tuple(sorted(scripts)))
    compress = compressor(kind, level)
    plain: list[bytes] = []
    index = IndexWriter()

    def own(tar: TarWriter) -> int:
        """Write what ``tar`` made as a frame of its own; how many bytes that is in the tar."""
        whole = b"".join(plain)
        packed = compress(whole)
        write(packed)
        index.frame(len(packed), len(whole), rows(tar.members))
        plain.clear()
        return len(whole)

    first = manifest.to_bytes()
    tar = TarWriter(plain.append)
    tar.add(Member(INSIDE, "file", len(first), 0o644, made), first)
    done = own(tar)
    progress.phase("packing", files=seen.contents.files, bytes=seen.contents.size)
    plan = Packing(seen.prefixes, kind, level, seen.threads)
    records, sightings = list[condaunpack.Record](), list[naming.Sighting]()
    vanished: set[str] = set()
    shares = divide(seen.contents.items)
    frame: Frame
    for frame, data in team.answers(shares, plan, progress):
        require_targets(frame, vanished, progress)
        write(data)
        index.frame(len(data), frame.plain, frame.rows)
        records += frame.records
        sightings += frame.sightings
        done += frame.plain
        progress.advance(files=frame.files, bytes=frame.size)
    tar = TarWriter(plain.append)
    for path, script in scripts.items():
        tar.add(Member(path, "file", len(script), 0o644, made), script)
    script = condaunpack.render([*records, *naming.large(sightings)], seen.rooms)
    tar.add(Member(condaunpack.PATH, "file", len(script), 0o755, made), script)
    tar.close(before=done)
    own(tar)
    if kind == formats.TAR_ZST:
        write(index.to_bytes())
    return manifest


def require_targets(frame: Frame, vanished: set[str], progress: Progress) -> None:
    """A hard link to a file that vanished before it was read would be a broken archive.

    Args:
        frame: the next one.
        vanished: what vanished of those before; is added to.
        progress: hears of it.

    Raises:
        Busy: there is such a link.
    """
    for path in frame.vanished:
        progress.log(f"vanished while it was packed: {path}")
        vanished.add(path)
    for path, target in frame.hardlinks:
        if target in vanished:
            raise Busy(
                f"{path} changed while it was read.",
                hint="Wait until nothing writes to the environment, then pack it again.",
            )
