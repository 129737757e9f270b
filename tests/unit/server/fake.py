"""Every service at the far edge in one: notebooks, storages, shares, key pairs."""

from __future__ import annotations

from typing import Any

from tests.unit.cloud.wire import Request, Response
from tests.unit.ssh.fake import Pairs
from tests.unit.storage.fake import ID, SHARE, Service, storage

__all__ = ["ID", "SHARE", "Everything"]

_OF_STORAGE = {"sfs-turbo", "workspaces", "pools", "networks"}


class Everything:
    """``pairs`` answers for notebooks and key pairs, ``storage`` for the rest."""

    def __init__(self) -> None:
        self.pairs = Pairs()
        self.storage = Service(storage())
        self.storage.folders["/team"] = {"path": "/team", "mode": "755"}
        self.instance["endpoints"] = [
            {
                "service": "SSH",
                "uri": "ssh://ma-user@127.0.0.1:9",
                "key_pair_names": [self.pairs.have("mine")["name"]],
            }
        ]
        self.instance["hooks"] = {"container_hooks": {}}

    @property
    def instance(self) -> dict[str, Any]:
        """The notebook as the service sends it."""
        return self.pairs.notebooks.instances[ID]

    def __call__(self, request: Request) -> Response:
        words = request.path.strip("/").split("/")
        of_storage = words[2] in _OF_STORAGE or "storage" in words
        return self.storage(request) if of_storage else self.pairs(request)
