"""What every handler shares: asking the worker, and errors as JSON."""

from __future__ import annotations

import json
import uuid
from functools import cached_property
from typing import Any, Optional

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

    async def ask_cloud(self, call: str, params: dict[str, Any], *, besides: str = "read") -> Any:
        """Call a function of the tool that asks the cloud.

        A cloud that does not answer in time is an error of the tool's, which goes on answering.

        Args:
            call: as ``"notebook.list"``.
            params: by name; those that are None are left to the function's defaults.
            besides: the patience for what else it does on this machine, as in ``ask``.

        Raises:
            Problem: whatever went wrong, ready to be sent; 504 ``cloud_timeout`` for a cloud that
                hangs.
        """
        worker: Worker = self.settings["modelarts_nb_worker"]
        timeouts: dict[str, float] = self.settings["modelarts_nb_timeouts"]
        return await worker.call(
            call,
            {key: value for key, value in params.items() if value is not None},
            timeout=timeouts["cloud"] + timeouts[besides],
            patience=timeouts["cloud"],
        )

    def flag(self, name: str) -> Optional[bool]:
        """A query argument that is ``1``, ``true``, ``0``, ``false``, or absent (None)."""
        value = self.text(name)
        if value not in (None, "0", "1", "true", "false"):
            raise Problem(400, "usage", f"{name} must be true or false.")
        return None if value is None else value in ("1", "true")

    def text(self, name: str) -> Optional[str]:
        """A query argument as it is; None where it is absent or empty."""
        return self.get_query_argument(name, "") or None

    def texts(self, name: str) -> list[str]:
        """A query argument that may be there several times."""
        return [value for value in self.get_query_arguments(name) if value]

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
        except (ValueError, RecursionError) as error:
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
