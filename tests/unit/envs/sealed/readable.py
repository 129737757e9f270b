"""What can be read of a sealed environment."""

from __future__ import annotations

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.model import Version
from modelarts_nb.envs.sealed.versions import numbers, read_version
from modelarts_nb.errors import ArchiveInvalid


def all_versions(disk: Disk, name: str) -> list[Version]:
    """Every version of ``name`` that can be read, ascending."""
    found = []
    for number in numbers(disk, name):
        try:
            found.append(read_version(disk, name, number))
        except ArchiveInvalid:
            continue
    return found
