"""The COMMAND that the platform runs at container start."""

from __future__ import annotations

import shlex
from pathlib import Path

from modelarts_nb.disk.persistent import Disk

# After so long the command ends, whatever the disk does; restore itself gives up a little earlier.
SECONDS = 25
_MARGIN = 5


def hook_command(
    disk: Disk,
    *,
    template: str,
    restore: Path,
    sha256: str,
    tool: Path,
    manifest: str,
    seconds: int = SECONDS,
) -> str:
    """A POSIX-sh script: copies ``restore`` from the disk, verifies the copy, runs it.

    Args:
        disk: whose root, owner and home the script carries.
        template: the text of ``hook/command.sh``.
        restore: the installed ``restore.py``.
        sha256: what ``restore`` must be.
        tool: the tool's folder.
        manifest: sha256 of the tool's manifest.
        seconds: its bound.
    """
    arguments = [
        *("--disk", str(disk.root), "--owner", disk.owner, "--home", str(disk.home)),
        *("--tool", str(tool), "--manifest", manifest),
        *("--deadline", str(max(seconds - _MARGIN, 1))),
    ]
    values = {
        "RESTORE": shlex.quote(str(restore)),
        "SHA256": sha256,
        "TOOL": shlex.quote(str(tool)),
        "HOME": shlex.quote(str(disk.home)),
        "ARGUMENTS": shlex.join(arguments),
        "SECONDS": str(seconds),
        "TURNS": str(seconds * 10),
    }
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template
