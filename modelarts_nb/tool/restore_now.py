"""``ma restore``: the same file that the hook runs, now."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import EngineFailed, ModelArtsNbError
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.tool import manifest
from modelarts_nb.tool.status import HookStatus, last_report, status

_SECONDS = 60


@dataclass(frozen=True)
class Line:
    """One part of a restore. ``state``: restored, already, skipped or failed."""

    what: str
    state: str
    detail: str


@dataclass(frozen=True)
class Report:
    """What a restore did. ``ran`` is ISO 8601."""

    ran: str
    ok: bool
    seconds: float
    owner: str
    disk: str
    lines: tuple[Line, ...]


def restore(
    *,
    also_owners: Sequence[str] = (),
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> Report:
    """Bring back names, kernels, settings, ``%ma``, ``ma`` and the panel, as after a restart.

    The tool is the one on the disk; without one, this installation.

    Args:
        also_owners: whose kernels besides one's own.

    Raises:
        DiskMissing, OwnerUnknown: as ``open_disk``.
        EngineFailed: restore itself could not run; what failed in parts is in the report.
    """
    disk = disk or open_disk()
    progress.log(f"restoring into {disk.home}")
    with tempfile.TemporaryDirectory(prefix="modelarts_nb-") as folder:
        options = ["--disk", str(disk.root), "--owner", disk.owner, "--home", str(disk.home)]
        for name in also_owners:
            options += ["--also-owner", name]
        options += _tool(disk, Path(folder))
        source = manifest.running().package / "hook" / "restore.py"
        command = [sys.executable, "-I", "-S", str(source), "--json", "--linger", "0", *options]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
            value = json.loads(done.stdout)
            lines = tuple(Line(**line) for line in value.pop("lines"))
            report = Report(lines=lines, **value)
        except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
            raise EngineFailed("Restore could not run.", cause=str(error)) from error
    # The report is the result, which every face shows; only what went wrong is said twice.
    for line in (line for line in report.lines if line.state == "failed"):
        progress.log(f"{line.what}: {line.state}{line.detail and ' - '}{line.detail}")
    return report


def restore_once(*, disk: Disk | None = None) -> bool:
    """Restore if nothing was restored in this home yet: for a service that runs no hook.

    Returns:
        True when there was something to restore and no report of an earlier restore.

    Raises:
        DiskMissing, OwnerUnknown, EngineFailed: as ``restore``.
    """
    disk = disk or open_disk()
    if last_report(disk) is not None or not disk.own.is_dir():
        return False
    restore(disk=disk)
    return True


def _tool(disk: Disk, folder: Path) -> list[str]:
    hook = _hook(disk)
    if hook is not None and hook.unaltered:
        return ["--tool", str(hook.tool)]
    described = manifest.describe(manifest.running(), jupyter=not manifest.serves_jupyter())
    (folder / manifest.NAME).write_bytes(described)
    return ["--tool", str(folder)]


def _hook(disk: Disk) -> HookStatus | None:
    try:
        return status(disk=disk)
    except ModelArtsNbError:
        return None
