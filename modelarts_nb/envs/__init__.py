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
    from modelarts_nb.envs.archive.pack import pack
    from modelarts_nb.envs.archive.preflight import preflight
    from modelarts_nb.envs.archive.shelf import list_archives, remove_archive
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
    from modelarts_nb.envs.sealed.collecting import gc
    from modelarts_nb.envs.sealed.difference import diff
    from modelarts_nb.envs.sealed.filling import fill
    from modelarts_nb.envs.sealed.listing import versions
    from modelarts_nb.envs.sealed.opening import open_tree
    from modelarts_nb.envs.sealed.saving import save
    from modelarts_nb.envs.sealed.sealing import seal
    from modelarts_nb.envs.sealed.sources import add as add_source
    from modelarts_nb.envs.sealed.sources import list_sources
    from modelarts_nb.envs.sealed.sources import remove as remove_source
    from modelarts_nb.envs.sealed.versioning import rollback, undo

_HOMES = {
    "add_source": ".sealed.sources:add",
    "bin_empty": ".bin",
    "bin_list": ".bin",
    "bin_restore": ".bin",
    "check": ".health",
    "clone": ".cloning",
    "create": ".creation",
    "diff": ".sealed.difference",
    "export": ".exporting",
    "fill": ".sealed.filling",
    "fix": ".health",
    "gc": ".sealed.collecting",
    "install": ".change",
    "list_archives": ".archive.shelf",
    "list_environments": ".inventory",
    "list_sources": ".sealed.sources",
    "open_tree": ".sealed.opening",
    "pack": ".archive.pack",
    "packages": ".installed",
    "preflight": ".archive.preflight",
    "register": ".kernels",
    "remove": ".removal",
    "remove_archive": ".archive.shelf",
    "remove_source": ".sealed.sources:remove",
    "rename": ".renaming",
    "rollback": ".sealed.versioning",
    "save": ".sealed.saving",
    "seal": ".sealed.sealing",
    "show": ".inventory",
    "undo": ".sealed.versioning",
    "uninstall": ".change",
    "unpack": ".archive.unpack",
    "unregister": ".kernels",
    "versions": ".sealed.listing",
}

__all__ = [
    "add_source",
    "bin_empty",
    "bin_list",
    "bin_restore",
    "check",
    "clone",
    "create",
    "diff",
    "export",
    "fill",
    "fix",
    "gc",
    "install",
    "list_archives",
    "list_environments",
    "list_sources",
    "open_tree",
    "pack",
    "packages",
    "preflight",
    "register",
    "remove",
    "remove_archive",
    "remove_source",
    "rename",
    "rollback",
    "save",
    "seal",
    "show",
    "undo",
    "uninstall",
    "unpack",
    "unregister",
    "versions",
]

__getattr__, __dir__ = shown(__name__, _HOMES)
