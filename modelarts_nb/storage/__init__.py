"""Storage of a notebook: what the cloud mounts under ``/data``, and the folders of a share.

The Python API is this package's functions: the verbs of ``ma storage``.

>>> from modelarts_nb import storage
>>> storage.mount("obs://bucket/folder/", "mine", notebook="demo")  # doctest: +SKIP
>>> [s.path for s in storage.list_storages()]  # doctest: +SKIP

This room knows notebooks by their ids only. The functions that take a name too are those of
``operations.storage``, which knows both rooms; they are shown here and imported when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelarts_nb.operations.storage import list_storages, mount, show, unmount
    from modelarts_nb.storage.folders import create_folder, list_folders, list_shares, set_quota
    from modelarts_nb.storage.model import Folder, Machine, Share, Storage

_HOMES = {
    "Folder": "storage.model",
    "Machine": "storage.model",
    "Share": "storage.model",
    "Storage": "storage.model",
    "create_folder": "storage.folders",
    "list_folders": "storage.folders",
    "list_shares": "storage.folders",
    "list_storages": "operations.storage",
    "mount": "operations.storage",
    "set_quota": "storage.folders",
    "show": "operations.storage",
    "unmount": "operations.storage",
}

__all__ = [
    "Folder",
    "Machine",
    "Share",
    "Storage",
    "create_folder",
    "list_folders",
    "list_shares",
    "list_storages",
    "mount",
    "set_quota",
    "show",
    "unmount",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"modelarts_nb.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
