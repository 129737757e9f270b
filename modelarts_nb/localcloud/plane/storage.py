"""Storage under a notebook's ``/data``: one link per mounted folder.

A real mount takes root's rights, so a mounted storage is a link in the notebook's ``data`` folder
that leads to the folder of the bucket or the share. ``/proc/self/mountinfo`` does not know it.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from modelarts_nb.localcloud.plane.errors import MountFailed
from modelarts_nb.localcloud.plane.folders import Folders

# The pattern that is known from the cloud's Terraform provider; its final slash may be left out.
_PLACE = re.compile(r"/data/([a-zA-Z0-9_-]{1,64})/?")


def name_under_data(mount_path: str) -> str | None:
    """The folder's name of a mount path such as ``/data/set1/``; None when it is no such path."""
    found = _PLACE.fullmatch(mount_path)
    return found[1] if found else None


def mount(folders: Folders, mount_path: str, source: Path) -> None:
    """Make a folder visible at a path below ``/data``.

    Raises:
        MountFailed: no such source, a path that is not below ``/data``, or something is there.
    """
    link = _place(folders, mount_path)
    if not source.is_dir():
        raise MountFailed(f"There is no folder behind {mount_path}.")
    try:
        os.symlink(source, link, target_is_directory=True)
    except FileExistsError as error:
        raise MountFailed(f"{mount_path} exists already.") from error
    except OSError as error:
        raise MountFailed(f"{mount_path} cannot be made: {error.strerror}.") from error


def unmount(folders: Folders, mount_path: str) -> None:
    """Take the link away; what it leads to stays. Gone already is fine.

    Raises:
        MountFailed: something else than a link is at the path; it stays.
    """
    link = _place(folders, mount_path)
    if link.is_symlink():
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
    elif link.exists():
        raise MountFailed(f"{mount_path} is a folder or a file of the user's.")


def _place(folders: Folders, mount_path: str) -> Path:
    name = name_under_data(mount_path)
    if name is None:
        raise MountFailed(f"{mount_path} is not a folder below /data.")
    return folders.data / name
