"""The sockets: HTTP/1.1 on loopback, one thread per connection."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from modelarts_nb.localcloud.web.gateway import Dropped, Gateway, refusal
from modelarts_nb.localcloud.web.message import BadRequest, Reply, Request, parse_query
from modelarts_nb.localcloud.web.problem import CloudError

log = logging.getLogger("localcloud.access")

MAX_BODY = 4 * 1024 * 1024
IDLE_SECONDS = 60

_ONCE = ("host", "content-length", "authorization", "x-sdk-date", "x-security-token")


class Server(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 and hands every request to a gateway.

    Args:
        gateway: who answers.
        port: 0 chooses a free one.

    Raises:
        OSError: the port is taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, gateway: Gateway, port: int = 0) -> None:
        self.gateway = gateway
        self.served = 0
        self._changed = threading.Condition()
        self._busy = 0
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.server_port}"

    def hosts(self) -> set[str]:
        """The only values of ``Host`` that are answered: a name that leads here is not enough."""
        return {f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"}

    def server_bind(self) -> None:
        """Bind without asking DNS for a name of ours."""
        socket.socket.bind(self.socket, self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def connected(self, connection: socket.socket) -> None:
        """Remember a connection, to close it at the end."""
        with self._changed:
            self._open.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._changed:
            self._open.discard(connection)

    def answer(self, request: Request) -> Reply:
        """Have a request answered, counted while it is."""
        with self._changed:
            self._busy += 1
            self.served += 1
        try:
            return self.gateway.answer(request)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def stop(self, patience: float = 5.0) -> None:
        """Take no more requests, let those under way finish, close every connection."""
        self.shutdown()
        self.server_close()
        with self._changed:
            self._changed.wait_for(lambda: self._busy == 0, timeout=patience)
            for connection in self._open:
                _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the client's affair."""
        log.debug("connection of %s broke", client_address, exc_info=True)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have gone already
        connection.shutdown(socket.SHUT_RDWR)


class _Refused(Exception):
    """A request that is not even HTTP as it should be; the connection is closed after it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.error = CloudError(status, "APIGW.0201", message)


class _Connection(BaseHTTPRequestHandler):
    """One connection; answers its requests one after the other."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # One packet per reply, and no waiting for a second.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connected(self.connection)

    def finish(self) -> None:
        self.server.disconnected(self.connection)
        super().finish()

    def _serve(self) -> None:
        began = time.monotonic()
        request_id = uuid.uuid4().hex
        try:
            request = self._request(request_id)
            reply = self.server.answer(request)
        except _Refused as problem:
            self.close_connection = True
            reply = refusal(problem.error, None)
        except Dropped:
            self.close_connection = True
            _hang_up(self.connection)
            return
        self._send(reply, request_id)
        # Never the query or a header: a key may be in them.
        took = (time.monotonic() - began) * 1000
        path = urlsplit(self.path).path
        log.info("%s %s %d %.1f ms %s", self.command, path, reply.status, took, request_id)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _request(self, request_id: str) -> Request:
        headers = self._headers()
        if headers.get("host") not in self.server.hosts():
            raise _Refused(421, "This server answers only for its own address.")
        path, _, query = self.path.partition("?")
        try:
            unquote(path, errors="strict")
            pairs = parse_query(query)
        except (UnicodeDecodeError, BadRequest):
            raise _Refused(400, "The address is not valid.") from None
        return Request(self.command, path, pairs, headers, self._body(headers), request_id)

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            if key in found and (key in _ONCE or key.startswith("x-")):
                raise _Refused(400, f"The header {key} may be there only once.")
            try:
                # http.server reads header bytes as latin-1; the SDK signs and sends UTF-8.
                found[key] = value.encode("latin-1").decode("utf-8").strip()
            except UnicodeError:
                raise _Refused(400, f"The header {key} is not UTF-8.") from None
        return found

    def _body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise _Refused(411, "A body needs a Content-Length.")
        text = headers.get("content-length", "0")
        if not text.isascii() or not text.isdigit():
            raise _Refused(400, "Content-Length is not a number.")
        if len(text) > 9 or int(text) > MAX_BODY:
            raise _Refused(413, "The body is too large.")
        body = self.rfile.read(int(text))
        if len(body) != int(text):
            raise _Refused(400, "The body ended early.")
        return body

    def _send(self, reply: Reply, request_id: str) -> None:
        body = reply.body()
        self.send_response(reply.status)
        self.send_header("X-Request-Id", request_id)
        if body:
            self.send_header("Content-Type", reply.content_type)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """What the ``Server`` header says: nobody shall take this for the cloud."""
        return "modelarts-nb-local-cloud"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged once, where they end."""
