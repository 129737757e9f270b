"""``GET archives``."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class ArchivesHandler(ApiHandler):
    """Packed environments."""

    auth_resource = "modelarts_nb:archives"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with all archives on the disk."""
        self.finish({"archives": await self.ask("archive.list", {})})
