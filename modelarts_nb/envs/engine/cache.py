"""Where downloaded packages lie, and where environments are put together: on the local disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from modelarts_nb.disk.mounts import mount_of
from modelarts_nb.disk.persistent import Disk


def cache_folder(disk: Disk) -> Path:
    """A folder of the container's own disk for packages; lost at restart, which is fine.

    A package cache on a network disk costs a round trip for every file of every package. So where
    the home is a network disk itself, the cache goes to the folder for temporary files.
    """
    chosen = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(chosen) if chosen else disk.home / ".cache") / "modelarts_nb"
    if mount_of(folder).kind in ("network", "object"):
        folder = Path(tempfile.gettempdir()) / f"modelarts_nb-{os.getuid()}"
    return folder
