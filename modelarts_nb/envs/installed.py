"""What is installed in an environment."""

from __future__ import annotations

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.prefixes import find_prefix
from modelarts_nb.envs.records import installed


def packages(name: str, *, disk: Disk | None = None) -> list[Package]:
    """The packages of an environment, conda's and pip's, by name.

    Args:
        name: a name on the disk or in the image, or the path of any prefix.

    Raises:
        NotFound, NotAnEnvironment: there is no such environment.
    """
    return installed(find_prefix(name, disk=disk))
