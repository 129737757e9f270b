"""Storage of a notebook: what the cloud mounts under ``/data``, and the folders of a share."""

from modelarts_nb.storage.attaching import mount, unmount
from modelarts_nb.storage.folders import create_folder, list_folders, list_shares, set_quota
from modelarts_nb.storage.listing import list_storages, show
from modelarts_nb.storage.model import Folder, Machine, Share, Storage

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
