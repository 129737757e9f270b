"""``notebooks``: the instances of the cloud, this one among them."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler

# What one may filter by with one word.
_FILTERS = (
    *("name", "id", "image", "flavor", "description", "workspace"),
    *("created_after", "created_before"),
)


def named(notebook: str) -> dict[str, Any]:
    """Whom a path names; ``this`` is the notebook that this server runs in."""
    return {} if notebook == "this" else {"notebook": notebook}


class NotebooksHandler(ApiHandler):
    """All instances."""

    auth_resource = "modelarts_nb:notebooks"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with those that fit every argument."""
        params = {
            **{name: self.text(name) for name in _FILTERS},
            "status": self.texts("status"),
            "all_users": self.flag("all"),
        }
        self.finish({"notebooks": await self.ask_cloud("notebook.list", params)})


class NotebookHandler(ApiHandler):
    """One instance."""

    auth_resource = "modelarts_nb:notebooks"

    @web.authenticated
    @authorized
    async def get(self, notebook: str) -> None:
        """Answer with the instance of this id or name."""
        self.finish(await self.ask_cloud("notebook.show", named(notebook)))


class LeaseHandler(ApiHandler):
    """When an instance stops by itself."""

    auth_resource = "modelarts_nb:notebooks"

    @web.authenticated
    @authorized
    async def get(self, notebook: str) -> None:
        """Answer with its lease."""
        self.finish(await self.ask_cloud("notebook.lease", named(notebook)))
