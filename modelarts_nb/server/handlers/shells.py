"""``shells``: terminals in the containers of running jobs."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Optional, TypeVar, Union

from jupyter_server.auth import decorator
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from modelarts_nb.server.handlers.base import BASE, ApiHandler
from modelarts_nb.server.problem import Problem, body
from modelarts_nb.server.shells import Shell, Shells

# jupyter_server has it since 2.13.
_authenticated: Callable[[Any], Any] = getattr(decorator, "ws_authenticated", web.authenticated)
_RESOURCE = "modelarts_nb:shells"
# Rows or columns; a terminal of more is a mistake.
_LARGEST = 1000
_NAME = 256
_FIELDS = {"job", "task", "rows", "columns", "transport"}
# Of a message of the browser, in bytes.
_LONGEST = 64 << 10

_Verb = TypeVar("_Verb", bound=Callable[..., Any])


def _may_execute(method: _Verb) -> _Verb:
    """Ask whether the user may execute, not only write: in a container one may do anything."""
    decorated: _Verb = authorized(action="execute")(method)
    return decorated


class ShellsHandler(ApiHandler):
    """All sessions of the user."""

    auth_resource = _RESOURCE

    @web.authenticated
    @_may_execute
    async def get(self) -> None:
        """Answer with those that are open."""
        mine = _shells(self).of(_user(self))
        self.finish({"shells": [shell.to_dict() for shell in mine]})

    @web.authenticated
    @_may_execute
    async def post(self) -> None:
        """Open one; answers when it is open, with where its channel is."""
        self._track_activity = True
        request = _request(self.json_object())
        shells, timeouts = _shells(self), self.settings["modelarts_nb_timeouts"]
        shell = await shells.open(_user(self), request, timeouts["cloud"] + timeouts["read"])
        self.set_status(201)
        self.set_header("Location", url_path_join(self.base_url, BASE, "shells", shell.id))
        self.finish(shell.to_dict())


class ShellHandler(ApiHandler):
    """One session."""

    auth_resource = _RESOURCE

    @web.authenticated
    @_may_execute
    async def get(self, id: str) -> None:
        """Answer with what it is."""
        self.finish(_shells(self).find(_user(self), id).to_dict())

    @web.authenticated
    @_may_execute
    async def delete(self, id: str) -> None:
        """End it."""
        await _shells(self).find(_user(self), id).close()
        self.set_status(204)
        self.finish()


class ChannelHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The terminal of one session. Binary messages are its bytes, the others JSON.

    Up: ``{"type": "shown", "bytes"}`` how far the browser has come, ``{"type": "resize", "rows",
    "columns"}``. Down: ``attached`` with the offset of the first byte that follows, ``took`` how
    many typed bytes were taken, and at last ``ended``, ``lost`` or ``taken``.
    """

    auth_resource = _RESOURCE
    _shell: Optional[Shell] = None
    _offset: Optional[int] = None

    @_authenticated
    @_may_execute
    async def get(self, id: str) -> None:
        """Become a websocket."""
        self._shell = _shells(self).find(_user(self), id)
        offset = self.get_query_argument("offset", "")
        if offset.isascii() and offset.isdigit() and len(offset) < 16:
            self._offset = int(offset)
        await super().get()

    def get_compression_options(self) -> None:
        """None: what is compressed costs time for each key, and memory for each tab."""

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin to show the session."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)
        if self._shell is not None:
            self._shell.attach(self, self._offset)

    def on_message(self, message: Union[str, bytes]) -> None:
        """Keys, or how far the browser has come, or its size."""
        shell = self._shell
        if shell is None:
            return
        if len(message) > _LONGEST:
            self.close(1009, "too long")
        elif isinstance(message, bytes):
            # Who types is not idle.
            self.settings["api_last_activity"] = datetime.now(timezone.utc)
            if not shell.type(message):
                self.close(1008, "typed too fast")
        else:
            self._heed(shell, message)

    def on_close(self) -> None:
        """The browser has gone."""
        super().on_close()
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.detach(self)

    def output(self, data: bytes) -> None:
        """See ``shells.Browser``."""
        self._write(data)

    def tell(self, message: dict[str, Any]) -> None:
        """See ``shells.Browser``."""
        self._write(json.dumps(message))

    def dismiss(self) -> None:
        """See ``shells.Browser``."""
        self._shell = None
        self.close(1000)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """JSON, as every error of ours."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        self.finish(json.dumps(body(status_code, error, uuid.uuid4().hex)))

    def _write(self, message: Union[str, bytes]) -> None:
        try:
            # Not awaited: no more is on its way than the browser has said it may be.
            sent = self.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            return
        sent.add_done_callback(_ignored)

    def _heed(self, shell: Shell, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message["type"]
            if kind == "shown":
                shell.shown(_whole(message["bytes"], 0, 1 << 30))
            elif kind == "resize":
                rows = _whole(message["rows"], 1, _LARGEST)
                shell.resize(rows, _whole(message["columns"], 1, _LARGEST))
            else:
                raise ValueError(kind)
        except (ValueError, KeyError, TypeError, RecursionError):
            self.close(1007, "no such message")


def _shells(handler: JupyterHandler) -> Shells:
    shells: Shells = handler.settings["modelarts_nb_shells"]
    return shells


def _user(handler: JupyterHandler) -> str:
    return str(handler.current_user.username)


def _request(asked: dict[str, Any]) -> dict[str, Any]:
    """What the tool is asked, of which every value has been looked at."""
    problem = None
    job, task, transport = asked.get("job"), asked.get("task"), asked.get("transport")
    if unknown := set(asked) - _FIELDS:
        problem = f"There is no {sorted(unknown)[0][:40]!r}."
    elif not (isinstance(job, str) and 0 < len(job) <= _NAME):
        problem = "job must be an id or a name."
    elif not (task is None or (isinstance(task, str) and 0 < len(task) <= _NAME)):
        problem = "task must be a name, as worker-0."
    elif transport not in (None, "ssh", "exec"):
        problem = "transport must be ssh or exec."
    if problem:
        raise Problem(400, "usage", problem)
    try:
        size = {name: _whole(asked[name], 1, _LARGEST) for name in ("rows", "columns")}
    except (KeyError, ValueError):
        message = f"rows and columns must be numbers from 1 to {_LARGEST}."
        raise Problem(400, "usage", message) from None
    return {"job": job, "task": task, "transport": transport, **size}


def _whole(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(value)
    return value


def _ignored(sent: asyncio.Future[None]) -> None:
    """A browser that has gone is told of by ``on_close``."""
    if not sent.cancelled():
        sent.exception()
