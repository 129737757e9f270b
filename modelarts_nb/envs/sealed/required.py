"""The sealed environment that a verb was asked for."""

from __future__ import annotations

import os

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.prefixes import disk_prefixes
from modelarts_nb.envs.sealed.names import find_sealed
from modelarts_nb.errors import NotFound, UsageError


def required(name: str, disk: Disk, *, otherwise: UsageError) -> str:
    """The name of the sealed environment that ``name`` means.

    Raises:
        UsageError: ``otherwise``, because it is open.
        NotFound: there is no such environment.
    """
    if sealed := find_sealed(name, disk):
        return sealed
    same = any(name.lower() == prefix.name.lower() for prefix in disk_prefixes(disk))
    if same or (name and os.path.lexists(disk.envs / name)):
        raise otherwise
    raise NotFound(
        f"There is no sealed environment called {name!r}.",
        hint="`ma env list` shows all there are.",
    )
