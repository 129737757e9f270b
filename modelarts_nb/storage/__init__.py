"""Storage of a notebook: what the cloud mounts under ``/data``, and the folders of a share.

The Python API is this package's functions: the verbs of ``ma storage``.

>>> from modelarts_nb import storage
>>> storage.mount("obs://bucket/folder/", "mine", notebook="demo")  # doctest: +SKIP
>>> [s.path for s in storage.list_storages()]  # doctest: +SKIP
"""

from modelarts_nb.storage.attaching import mount, unmount
from modelarts_nb.storage.folders import create_folder, list_folders, set_quota
from modelarts_nb.storage.listing import list_storages, show
from modelarts_nb.storage.model import Folder, Machine, Share, Storage
from modelarts_nb.storage.shares import list_shares

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
