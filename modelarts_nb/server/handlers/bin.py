"""``GET bin``."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class BinHandler(ApiHandler):
    """Removed environments that can still be restored."""

    auth_resource = "modelarts_nb:bin"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what is in the bin."""
        self.finish({"removed": await self.ask("bin.list", {})})
