"""What is mounted below a folder, as the kernel says it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_OCTAL = re.compile(r"\\([0-7]{3})")


def mounted_below(folder: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> list[str]:
    """Mount points strictly below ``folder`` (proc(5), ``mountinfo``, field 5), sorted.

    Bind mounts of the same file system are listed too: their device number would not betray them.
    """
    inside = os.path.realpath(folder) + "/"
    points = []
    for line in mountinfo.read_text("utf-8", "surrogateescape").splitlines():
        fields = line.split(" ")
        if len(fields) > 4 and (point := _plain(fields[4])).startswith(inside):
            points.append(point)
    return sorted(points)


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
