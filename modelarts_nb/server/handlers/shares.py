"""``shares``: file systems of SFS Turbo and their folders."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class SharesHandler(ApiHandler):
    """All file systems of the project."""

    auth_resource = "modelarts_nb:shares"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with all of them."""
        self.finish({"shares": await self.ask_cloud("storage.shares", {})})


class FoldersHandler(ApiHandler):
    """Folders of a file system that are known of."""

    auth_resource = "modelarts_nb:shares"

    @web.authenticated
    @authorized
    async def get(self, share: str) -> None:
        """Answer with its folders and which of them may be mounted."""
        params = {"share": share, "paths": self.texts("path")}
        self.finish({"folders": await self.ask_cloud("storage.folders", params)})
