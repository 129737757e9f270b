"""``versions``, ``diff`` and ``sources``: what sealed environments have beside their files."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class VersionsHandler(ApiHandler):
    """The versions of an environment."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with all of them, the newest first."""
        self.finish({"versions": await self.ask("env.versions", {"name": name})})


class DiffHandler(ApiHandler):
    """What lies between two versions of an environment."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with packages and files."""
        params = {"name": name, "a": self.text("a"), "b": self.text("b")}
        self.finish(await self.ask("env.diff", params, patience="check"))


class SourcesHandler(ApiHandler):
    """Folders with sealed environments of others."""

    auth_resource = "modelarts_nb:sources"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with all sources and what they offer."""
        self.finish({"sources": await self.ask("env.sources", {}, patience="check")})
