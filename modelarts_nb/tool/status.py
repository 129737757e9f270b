"""Is the hook installed and as it was, and what did its last run do?"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import ConfigInvalid, from_os_error
from modelarts_nb.tool import manifest
from modelarts_nb.tool.install import HOOK_RECORD

REPORT = "restore.json"


@dataclass(frozen=True)
class HookStatus:
    """``unaltered`` is False when ``altered`` names files that are missing or changed; ``report``
    is what restore last wrote in this home, None when it never ran here."""

    installed: bool
    version: str | None
    tool: Path | None
    unaltered: bool
    altered: tuple[str, ...]
    report: dict[str, Any] | None
    command: str | None


def status(*, disk: Disk | None = None) -> HookStatus:
    """The owner's hook: its tool, whether every file is the installed one, its last report.

    Raises:
        DiskFailure, AccessDenied: the record cannot be read.
        ConfigInvalid: the record is not one of ours.
    """
    disk = disk or open_disk()
    record = disk.own / HOOK_RECORD
    try:
        info = json.loads(record.read_bytes())
        tool, restore = Path(info["tool"]), Path(info["restore"])
        version, command = str(info["version"]), str(info["command"])
        sums = {restore: info["restore_sha256"], tool / manifest.NAME: info["manifest_sha256"]}
    except FileNotFoundError:
        return HookStatus(False, None, None, False, (), last_report(disk), None)
    except OSError as error:
        raise from_os_error(error, "reading the hook's record", record) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigInvalid(
            f"{record} is damaged.", hint="`ma hook install` writes it again.", cause=str(error)
        ) from error
    altered = [str(path) for path, sha256 in sums.items() if not _is(path, sha256)]
    if str(tool / manifest.NAME) not in altered:
        altered += manifest.altered(tool, (tool / manifest.NAME).read_bytes())
    if not os.access(tool / "bin" / "python", os.X_OK):
        altered.append(str(tool / "bin" / "python"))
    return HookStatus(True, version, tool, not altered, tuple(altered), last_report(disk), command)


def last_report(disk: Disk) -> dict[str, Any] | None:
    """What restore last wrote in this home; None: it never ran here, or the file is damaged."""
    try:
        value = json.loads((disk.local_state / REPORT).read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _is(path: Path, sha256: str) -> bool:
    try:
        return manifest.sha256_of(path) == sha256
    except OSError:
        return False
