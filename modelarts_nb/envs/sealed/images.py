"""Images on the disk: files named by their content, of this disk and of sources."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.sources import source_folders
from modelarts_nb.errors import NotFound, from_os_error

SUFFIX = ".tar.zst"


def image_path(disk: Disk, sha256: str) -> Path:
    """Where the image of this content is on this disk, whether it is there or not."""
    return disk.images / f"{sha256}{SUFFIX}"


def find_image(disk: Disk, sha256: str) -> Path:
    """The file of an image: on this disk, else in a source.

    Raises:
        NotFound: nobody has it.
    """
    own = image_path(disk, sha256)
    for path in (own, *(folder / "images" / own.name for folder in source_folders(disk))):
        if os.path.isfile(path):
            return path
    raise NotFound(
        f"The image {sha256[:12]} is gone.",
        hint="An earlier version may still have all of its images: `ma env versions NAME`.",
        cause=str(own),
    )


def keep(disk: Disk, sha256: str) -> Path:
    """``find_image`` for who is about to write a version of it: ``gc`` spares it for an hour.

    Raises:
        NotFound: nobody has it.
        DiskFailure: the disk refused.
    """
    path = find_image(disk, sha256)
    if path.parent == disk.images:
        try:
            os.utime(path)
        except PermissionError:
            pass  # another user's: it is as safe as the versions that name it already
        except OSError as error:
            raise from_os_error(error, "keeping an image", path) from error
    return path
