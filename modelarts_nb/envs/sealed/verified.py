"""Which images of sources were read here and are what their names say.

What is on this disk was named by us when it was written, and each of its frames has a checksum;
what comes from a source was named by somebody else.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.envs.sealed.images import SUFFIX
from modelarts_nb.envs.sealed.slots import run_root
from modelarts_nb.errors import ArchiveInvalid, from_os_error

_FOLDER = ".verified"


def is_known(disk: Disk, image: Path) -> bool:
    """Is it an image of this disk, or one that was verified and did not change since?"""
    if image.parent == disk.images:
        return True
    try:
        known = json.loads((disk.run / _FOLDER / image.name).read_bytes())
        return bool(known == _identity(image))
    except (OSError, ValueError):
        return False


def require(disk: Disk, image: Path, sha256: str) -> None:
    """Compare the checksum of an image with its name, and remember that it is right.

    Raises:
        ArchiveInvalid: it is another.
        DiskFull, DiskFailure, AccessDenied: the local disk refused.
    """
    if image.name != f"{sha256}{SUFFIX}":
        raise ArchiveInvalid(
            f"The image {image.name} is not what its name says: its checksum differs.",
            hint="Tell whoever made it.",
            cause=f"sha256 {sha256}",
        )
    folder = run_root(disk) / _FOLDER
    try:
        folder.mkdir(exist_ok=True)
        value = json.dumps(_identity(image)).encode()
    except OSError as error:
        raise from_os_error(error, f"reading {image.name}", image) from error
    replace_file(folder / image.name, value)


def _identity(image: Path) -> list[object]:
    info = os.stat(image)
    return [str(image), info.st_size, info.st_mtime_ns, info.st_ino]
