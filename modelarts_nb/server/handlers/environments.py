"""``environments``: those of the disk and those of the image."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class EnvironmentsHandler(ApiHandler):
    """All environments."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with all environments."""
        self.finish({"environments": await self.ask("env.list", {})})


class EnvironmentHandler(ApiHandler):
    """One environment."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the environment of this name or prefix."""
        self.finish(await self.ask("env.show", {"name": name}))


class PackagesHandler(ApiHandler):
    """What is installed in an environment."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with its packages."""
        self.finish({"packages": await self.ask("env.packages", {"name": name})})


class ExportHandler(ApiHandler):
    """An environment as a file to make it again from."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the text of an environment.yml or of a lock file."""
        params = {"name": name, "format": self.get_query_argument("format", "yaml")}
        self.finish({"text": await self.ask("env.export", params)})


class CheckHandler(ApiHandler):
    """Is an environment healthy?"""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with all findings."""
        params = {"name": name, "deep": self.flag("deep") or False}
        self.finish({"findings": await self.ask("env.check", params, patience="check")})


class PreflightHandler(ApiHandler):
    """Can an environment be packed?"""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with what packing would meet."""
        self.finish(await self.ask("pack.preflight", {"name": name}, patience="check"))


class SuggestNameHandler(ApiHandler):
    """A name for a new environment."""

    auth_resource = "modelarts_nb:environments"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a free name close to the wanted one."""
        wanted = {"wanted": self.get_query_argument("wanted", "")}
        self.finish({"name": await self.ask("env.suggest_name", wanted)})
