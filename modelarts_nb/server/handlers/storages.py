"""``storages``: what is mounted under ``/data``."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler
from modelarts_nb.server.problem import Problem


class StoragesHandler(ApiHandler):
    """All storages of a notebook."""

    auth_resource = "modelarts_nb:storages"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the cloud's word and this machine's on each."""
        params = {"notebook": self.text("notebook"), "measure": self.flag("measure")}
        self.finish({"storages": await self.ask_cloud("storage.list", params)})


class StorageHandler(ApiHandler):
    """One storage. Its path is an argument: it has slashes."""

    auth_resource = "modelarts_nb:storages"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the storage at a path, measured unless told not to."""
        path = self.text("path")
        if path is None:
            raise Problem(400, "usage", "path is missing.", "As in ?path=/data/mine.")
        params = {
            "storage": path,
            "notebook": self.text("notebook"),
            "measure": self.flag("measure"),
        }
        self.finish(await self.ask_cloud("storage.show", params))
