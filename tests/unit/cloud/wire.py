"""The far edge: a scripted HTTP server on loopback that the unmodified SDK talks to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Response:
    """What to send. ``hold``: wait for this event first; ``drop``: close without a word."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    drop: bool = False


Script = Callable[[Request], Response]


def error(status: int, code: str, message: str, **headers: str) -> Response:
    """An error in the cloud's shape."""
    named = {"X-Request-Id": "req-1", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Response(status, {"error_code": code, "error_msg": message}, named)


class Wire:
    """A running server: ``answers`` are sent one after the other, the last again and again, or
    ``script`` decides."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.answers: list[Response] = [Response(200, {})]
        self.script: Script | None = None
        self._lock = threading.Lock()
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                wire.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        poll = {"poll_interval": 0.01}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs=poll, daemon=True)

    def reply(self, *answers: Response) -> None:
        """Answer like this from now on."""
        self.answers = list(answers)

    def handle(self, http: BaseHTTPRequestHandler) -> None:
        """Record a request and answer it."""
        parts = urlsplit(http.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        length = int(http.headers.get("Content-Length") or 0)
        headers = {k.lower(): v for k, v in http.headers.items()}
        request = Request(http.command, parts.path, query, headers, http.rfile.read(length))
        with self._lock:
            self.seen.append(request)
            if self.script:
                response = self.script(request)
            else:
                response = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if response.hold:
            response.hold.wait(30)
        http.close_connection = True
        if response.drop:
            return
        body = response.body
        if not isinstance(body, bytes):
            body = b"" if body is None else json.dumps(body).encode()
        try:
            http.send_response(response.status)
            http.send_header("Content-Length", str(len(body)))
            http.send_header("Connection", "close")
            if "Content-Type" not in response.headers:
                http.send_header("Content-Type", "application/json")
            for name, value in response.headers.items():
                http.send_header(name, value)
            http.end_headers()
            http.wfile.write(body)
        except OSError:
            pass  # the client did not wait

    @contextmanager
    def running(self) -> Iterator[Wire]:
        """Serve while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)
