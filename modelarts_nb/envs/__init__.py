"""Conda environments: inspect, create, clone, relocate, archive, kernels, check.

The Python API is this package's functions: the verbs of ``ma env``, under the same names.

>>> from modelarts_nb import envs
>>> envs.clone("PyTorch-1.8", "mine")  # doctest: +SKIP
>>> [e.name for e in envs.list_environments() if e.survives]  # doctest: +SKIP

Modules have the names of things, functions those of deeds, so that ``envs.clone`` is always the
function. Each is imported when it is first used: listing does not pay for solving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelarts_nb.lazy import shown

if TYPE_CHECKING:
    from modelarts_nb.envs.archive import list_archives, remove_archive
    from modelarts_nb.envs.archive.pack import pack
    from modelarts_nb.envs.archive.preflight import preflight
    from modelarts_nb.envs.archive.unpack import unpack
    from modelarts_nb.envs.bin import bin_empty, bin_list, bin_restore
    from modelarts_nb.envs.change import install, uninstall
    from modelarts_nb.envs.cloning import clone
    from modelarts_nb.envs.creation import create
    from modelarts_nb.envs.exporting import export
    from modelarts_nb.envs.health import check, fix
    from modelarts_nb.envs.installed import packages
    from modelarts_nb.envs.inventory import list_environments, show
    from modelarts_nb.envs.kernels import register, unregister
    from modelarts_nb.envs.removal import remove
    from modelarts_nb.envs.renaming import rename

_HOMES = {
    "bin_empty": ".bin",
    "bin_list": ".bin",
    "bin_restore": ".bin",
    "check": ".health",
    "clone": ".cloning",
    "create": ".creation",
    "export": ".exporting",
    "fix": ".health",
    "install": ".change",
    "list_archives": ".archive",
    "list_environments": ".inventory",
    "pack": ".archive",
    "packages": ".installed",
    "preflight": ".archive",
    "register": ".kernels",
    "remove": ".removal",
    "remove_archive": ".archive",
    "rename": ".renaming",
    "show": ".inventory",
    "uninstall": ".change",
    "unpack": ".archive",
    "unregister": ".kernels",
}

__all__ = [
    "bin_empty",
    "bin_list",
    "bin_restore",
    "check",
    "clone",
    "create",
    "export",
    "fix",
    "install",
    "list_archives",
    "list_environments",
    "pack",
    "packages",
    "preflight",
    "register",
    "remove",
    "remove_archive",
    "rename",
    "show",
    "uninstall",
    "unpack",
    "unregister",
]

__getattr__, __dir__ = shown(__name__, _HOMES)
