"""``operations``: begin, see, cancel and forget long work."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web

from modelarts_nb.server.handlers.base import BASE, ApiHandler


class OperationsHandler(ApiHandler):
    """All operations."""

    auth_resource = "modelarts_nb:operations"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with running and recent operations, newest first."""
        found = await self.ask("operation.list", {})
        self.watcher.notice(found)
        self.finish({"operations": found})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Begin the operation that the body names; answers at once, with where to find it."""
        self._track_activity = True
        # Not asked twice: it might have begun.
        operation = await self.ask("operation.start", self.json_object(), repeatable=False)
        self.watcher.notice([operation])
        self.set_status(202)
        self.set_header(
            "Location", url_path_join(self.base_url, BASE, "operations", operation["id"])
        )
        self.finish(operation)


class OperationHandler(ApiHandler):
    """One operation."""

    auth_resource = "modelarts_nb:operations"

    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:
        """Answer with the operation."""
        operation = await self.ask("operation.show", {"id": id})
        self.watcher.notice([operation])
        self.finish(operation)

    @web.authenticated
    @authorized
    async def delete(self, id: str) -> None:
        """Cancel it when it runs, forget it when it has ended."""
        await self.ask("operation.discard", {"id": id})
        self.set_status(204)
        self.finish()


class LogHandler(ApiHandler):
    """An operation's log."""

    auth_resource = "modelarts_nb:operations"

    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:
        """Answer with the log from an offset on."""
        part = {"id": id, "offset": self.number("offset")}
        self.finish(await self.ask("operation.log", part))
