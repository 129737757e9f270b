"""What is installed in an environment."""

from __future__ import annotations

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.prefixes import find_prefix
from modelarts_nb.envs.records import installed
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.envs.sealed.versions import read_head
from modelarts_nb.errors import NotFilled


def packages(name: str, *, disk: Disk | None = None) -> list[Package]:
    """The packages of an environment, conda's and pip's, by name.

    Of a sealed one those of its local copy, where there is none those of its newest version.

    Args:
        name: a name on the disk or in the image, or the path of any prefix.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment.
        ArchiveInvalid: the newest version of a sealed one cannot be read.
    """
    disk = disk or open_disk()
    try:
        return installed(find_prefix(name, disk=disk))
    except NotFilled:
        return list(read_head(disk, find_sealed(name, disk) or name).packages)
