"""``GET openapi``: what this API is, for programs."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from modelarts_nb.server.handlers.base import ApiHandler

DOCUMENT = Path(__file__).parent.parent / "openapi.json"


class OpenApiHandler(ApiHandler):
    """The OpenAPI document."""

    auth_resource = "modelarts_nb:openapi"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the document."""
        self.finish(DOCUMENT.read_text("utf-8"))
