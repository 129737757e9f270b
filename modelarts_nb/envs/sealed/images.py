"""Images on the disk: files named by their content, of this disk and of sources."""

from __future__ import annotations

import os
from pathlib import Path

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.sources import source_folders
from modelarts_nb.errors import NotFound

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
