"""``GET status``: what survives a restart, at a glance."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class StatusHandler(ApiHandler):
    """The disk, the owner, what would be lost, restore and hook."""

    auth_resource = "modelarts_nb:status"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the status."""
        self.finish(await self.ask("status", {}))
