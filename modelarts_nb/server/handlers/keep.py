"""``GET keep``."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class KeepHandler(ApiHandler):
    """Settings of the home that survive a restart."""

    auth_resource = "modelarts_nb:keep"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what is kept and what could be."""
        self.finish(await self.ask("keep.list", {}))
