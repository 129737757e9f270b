"""What every handler shares: asking the worker, and errors as JSON."""

from __future__ import annotations

import json
import uuid
from functools import cached_property
from typing import Any

from jupyter_server.base.handlers import APIHandler

from modelarts_nb.server.problem import Problem, body
from modelarts_nb.server.watcher import Watcher
from modelarts_nb.server.worker import Worker

BASE = "/modelarts-nb/api"


class ApiHandler(APIHandler):
    """Base of our handlers.

    Each decorates its own verbs with ``@web.authenticated`` and ``@authorized`` (which keeps the
    first resource it sees: inherited verbs would share one) and names its ``auth_resource``.
    """

    auth_resource = "modelarts_nb"
    # A panel that looks every few seconds must not keep an idle server from being stopped.
    _track_activity = False

    @cached_property
    def request_id(self) -> str:
        """Names this request in the answer and in the server's log."""
        return uuid.uuid4().hex

    @property
    def watcher(self) -> Watcher:
        """Who sends the hints on the event bus."""
        watcher: Watcher = self.settings["modelarts_nb_watcher"]
        return watcher

    async def ask(
        self, call: str, params: dict[str, Any], *, patience: str = "read", repeatable: bool = True
    ) -> Any:
        """Call a function of the tool.

        Args:
            call: as ``"env.list"``.
            params: by name.
            patience: ``"read"`` or, where a whole environment is read, ``"check"``.
            repeatable: may it be asked twice?

        Raises:
            Problem: whatever went wrong, ready to be sent.
        """
        worker: Worker = self.settings["modelarts_nb_worker"]
        timeout: float = self.settings["modelarts_nb_timeouts"][patience]
        return await worker.call(call, params, timeout=timeout, repeatable=repeatable)

    def flag(self, name: str) -> bool:
        """A query argument that is ``1``, ``true``, ``0``, ``false`` or absent."""
        value = self.get_query_argument(name, "0")
        if value not in ("0", "1", "true", "false"):
            raise Problem(400, "usage", f"{name} must be true or false.")
        return value in ("1", "true")

    def number(self, name: str) -> int:
        """A query argument that is a number, 0 when absent."""
        value = self.get_query_argument(name, "0")
        if not (value.isascii() and value.isdigit() and len(value) < 16):
            raise Problem(400, "usage", f"{name} must be a number, 0 or more.")
        return int(value)

    def json_object(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        try:
            value = json.loads(self.request.body)
        except ValueError as error:
            raise Problem(400, "usage", "The body is not JSON.", cause=str(error)) from None
        if not isinstance(value, dict):
            raise Problem(400, "usage", "The body must be a JSON object.")
        return value

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error is JSON of one shape, never a page and never a traceback."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        answer = body(status_code, error, self.request_id)
        self.log.warning(
            "modelarts_nb: %s %s: %s (%s), request %s",
            self.request.method,
            self.request.path,
            answer["code"],
            answer["message"],
            self.request_id,
        )
        self.finish(json.dumps(answer))
