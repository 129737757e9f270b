"""The verbs of sealed environments, as they are broken."""

from __future__ import annotations

from typing import Any

from modelarts_nb.envs.bin import bin_restore
from modelarts_nb.envs.cloning import clone
from modelarts_nb.envs.removal import remove
from modelarts_nb.envs.renaming import rename
from modelarts_nb.envs.sealed.collecting import gc
from modelarts_nb.envs.sealed.filling import fill
from modelarts_nb.envs.sealed.opening import open_tree
from modelarts_nb.envs.sealed.saving import save
from modelarts_nb.envs.sealed.sealing import seal
from modelarts_nb.envs.sealed.versioning import rollback, undo
from modelarts_nb.progress import Progress
from tests.faults.deeds import Deed
from tests.faults.world import World


def _seal(world: World, progress: Progress) -> Any:
    return seal("tree", why="sealed", disk=world.disk, progress=progress)


def _save(world: World, progress: Progress) -> Any:
    return save("shut", why="third", disk=world.disk, progress=progress)


def _rollback(world: World, progress: Progress) -> Any:
    return rollback("steady", 1, disk=world.disk, progress=progress)


def _undo(world: World, progress: Progress) -> Any:
    return undo("shut", disk=world.disk, progress=progress)


def _undo_open(world: World, progress: Progress) -> Any:
    return undo("changed", disk=world.disk, progress=progress)


def _fill(world: World, progress: Progress) -> Any:
    return fill("far", disk=world.disk, progress=progress)


def _open(world: World, progress: Progress) -> Any:
    return open_tree("far", disk=world.disk, progress=progress)


def _clone(world: World, progress: Progress) -> Any:
    return clone("far", "new", disk=world.disk, progress=progress)


def _gc(world: World, progress: Progress) -> Any:
    return gc(yes=True, disk=world.disk, progress=progress)


def _remove(world: World, progress: Progress) -> Any:
    return remove("far", disk=world.disk, progress=progress)


def _restore(world: World, progress: Progress) -> Any:
    return bin_restore("gone", disk=world.disk, progress=progress)


def _rename(world: World, progress: Progress) -> Any:
    return rename("steady", "new", disk=world.disk, progress=progress)


SEALED: dict[str, Deed] = {
    "seal": _seal,
    "save": _save,
    "rollback": _rollback,
    "undo": _undo,
    "undo open": _undo_open,
    "fill": _fill,
    "open": _open,
    "clone sealed": _clone,
    "gc": _gc,
    "remove sealed": _remove,
    "restore sealed": _restore,
    "rename sealed": _rename,
}
#: The environments that a deed makes or changes.
TARGETS = {
    "seal": ("tree",),
    "save": ("shut",),
    "rollback": ("steady",),
    "undo": ("shut",),
    "undo open": ("changed",),
    "fill": ("far",),
    "open": ("far",),
    "clone sealed": ("new",),
    "gc": (),
    "remove sealed": ("far",),
    "restore sealed": ("gone",),
    "rename sealed": ("steady", "new"),
}
#: Those that write much to the local disk.
LOCAL = ("save", "rollback", "fill")
