"""What packing an environment would meet, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb import config
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.disk.space import human_bytes, space_at
from modelarts_nb.envs.archive.survey import survey
from modelarts_nb.envs.model import Finding
from modelarts_nb.envs.prefixes import find_prefix, name_of
from modelarts_nb.progress import SILENT, Progress

# An environment of torch, cudnn and pandas (3.4 GB) becomes 0.43 of its size at zstd level 3, one
# without big libraries less (facts: network-disk, section "Pack").
SHRINKS_TO = 0.45


@dataclass(frozen=True)
class Preflight:
    """Sizes in bytes. ``ready`` is False when a finding forbids packing or space is short.

    ``size`` and ``files`` are what would be packed; ``needed`` the space that the archive will
    take, an estimate; ``free`` what the disk's archives folder has.
    """

    name: str
    prefix: Path
    size: int
    files: int
    needed: int
    free: int
    ready: bool
    findings: tuple[Finding, ...]


def preflight(
    name: str,
    *,
    exclude: Sequence[str] = (),
    ignore_editable_packages: bool = False,
    ignore_missing_files: bool = False,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Preflight:
    """Name everything that stands in the way of packing, and what to do about each.

    Args:
        name: an environment's name or prefix.
        exclude: patterns that would be left out.
        ignore_editable_packages: as for ``pack``; the finding becomes a warning.
        ignore_missing_files: likewise.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment.
        NotFilled: it is sealed and not on the local disk.
        DiskFailure, AccessDenied: something cannot be read.
    """
    disk = disk or open_disk()
    prefix = find_prefix(name, disk=disk)
    seen = survey(
        prefix,
        disk=disk,
        exclude=exclude,
        ignore_editable_packages=ignore_editable_packages,
        ignore_missing_files=ignore_missing_files,
        threads=config.Transfer(config=config.load()).threads,
        progress=progress,
    )
    size = seen.contents.size
    needed = int(size * SHRINKS_TO)
    free = space_at(disk.root).free
    findings = list(seen.findings)
    if needed > free:
        findings.append(
            Finding(
                "space",
                "error",
                f"The archive needs about {human_bytes(needed)}; {human_bytes(free)} are free.",
                "Empty the bin (`ma bin empty`), or write the archive elsewhere with -o FILE.",
            )
        )
    return Preflight(
        name=name_of(prefix, disk),
        prefix=prefix,
        size=size,
        files=seen.contents.files,
        needed=needed,
        free=free,
        ready=all(finding.level != "error" for finding in findings),
        findings=tuple(findings),
    )
