"""``GET cloud``: which cloud is used, and does it answer?"""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class CloudHandler(ApiHandler):
    """Where settings and keys lead to."""

    auth_resource = "modelarts_nb:cloud"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with what the cloud was asked with, and what it said."""
        self.finish(await self.ask_cloud("cloud.check", {}))
