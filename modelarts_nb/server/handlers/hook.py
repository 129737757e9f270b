"""``GET hook``: what the next start will run, and what the last one did."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler


class HookHandler(ApiHandler):
    """The restart hook: on the disk, and registered with the notebook."""

    auth_resource = "modelarts_nb:hook"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with its state; the cloud is asked only where ``registration`` says so."""
        params = {"registration": self.flag("registration"), "notebook": self.text("notebook")}
        # It compares every file of the tool with what was installed.
        self.finish(await self.ask_cloud("hook.status", params, besides="check"))
