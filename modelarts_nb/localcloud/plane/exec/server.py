"""The API's socket: TLS on loopback, one thread with an event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import re
import socket
import ssl
import threading
from typing import Any

from modelarts_nb.localcloud.plane.exec import http, session
from modelarts_nb.localcloud.plane.exec.channels import V4, V5, Channels
from modelarts_nb.localcloud.plane.exec.cluster import Cluster, Pod, Refusal
from modelarts_nb.localcloud.plane.exec.websocket import WebSocket, accept

log = logging.getLogger("localcloud.exec")

_PATIENCE = 20.0
_GOODBYE = 1.0
_VERSION = {"major": "1", "minor": "30", "gitVersion": "v1.30.0", "platform": "linux/amd64"}
_VERBS = {"pods": ["get", "list"], "pods/exec": ["create", "get"]}
# What clients ask for before they ask for anything.
_DISCOVERY: dict[str, Any] = {
    "/version": _VERSION,
    "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": name, "singularName": "", "namespaced": True, "kind": "Pod", "verbs": verbs}
            for name, verbs in _VERBS.items()
        ],
    },
}
_PODS = re.compile(r"/api/v1/namespaces/([^/]+)/pods(?:/([^/]+))?(/exec)?")
_PIECES = 3  # of a message that a fault has split


class ExecServer:
    """Answers for a cluster until it is stopped.

    Args:
        cluster: who decides.
        context: TLS.

    Raises:
        OSError: no port.
    """

    def __init__(self, cluster: Cluster, context: ssl.SSLContext) -> None:
        self._cluster = cluster
        self._context = context
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(64)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="localcloud-exec", daemon=True)
        self._connections: set[asyncio.Task[Any]] = set()
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"https://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End every connection and give the port back."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._loop.shutdown_default_executor()

        with contextlib.suppress(concurrent.futures.TimeoutError):
            asyncio.run_coroutine_threadsafe(end(), self._loop).result(_PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._socket.close()
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.create_task(self._serve())
        self._loop.run_forever()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket, ssl=self._context)
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await http.read_request(reader)
            try:
                await self._answer(request, reader, writer)
            except Refusal as refusal:
                log.info("%s %s %d %s", request.method, request.path, refusal.code, refusal.reason)
                await http.answer(writer, refusal.code, refusal.status())
        except (http.Unreadable, OSError) as error:
            log.debug("a connection broke: %r", error.__cause__ or error)
        finally:
            writer.close()
            # The other side may have gone without the goodbye of TLS, or not read any more.
            try:
                await asyncio.wait_for(writer.wait_closed(), _GOODBYE)
            except (OSError, asyncio.TimeoutError):
                writer.transport.abort()

    async def _answer(
        self,
        request: http.Request,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        hosts = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        if request.headers.get("host") not in hosts:
            raise Refusal(421, "BadRequest", "This server answers only for its own address.")
        user = await self._user(request)
        if request.path.rstrip("/") in _DISCOVERY:
            await http.answer(writer, 200, _DISCOVERY[request.path.rstrip("/")])
            return
        found = _PODS.fullmatch(request.path)
        if found is None or (found[3] and not found[2]):
            raise Refusal(
                404, "NotFound", "the local cloud's cluster has pods and exec, nothing else"
            )
        if found[1] != self._cluster.namespace:
            raise Refusal(
                403,
                "Forbidden",
                f'pods is forbidden: nothing may be done in namespace "{found[1]}"',
            )
        if found[3]:
            await self._exec(user, found[2], request, reader, writer)
            return
        if request.method != "GET":
            raise Refusal(405, "MethodNotAllowed", "pods are made by training jobs")
        pods = await asyncio.to_thread(self._cluster.pods, user)
        await http.answer(writer, 200, _one(pods, found[2]) if found[2] else _list(pods))

    async def _user(self, request: http.Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = None
        if scheme.lower() == "bearer" and token:
            user = await asyncio.to_thread(self._cluster.user_of, token.strip())
        if user is None:
            raise Refusal(401, "Unauthorized", "Unauthorized")
        return user

    async def _exec(
        self,
        user: str,
        pod: str,
        request: http.Request,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        wanted = _wanted(request)
        container = request.query.get("container", [""])[-1]
        identity = await asyncio.to_thread(self._cluster.enter, user, pod, container)
        key, protocol = self._agreed(request)
        await http.switch(writer, key, protocol)
        socket = WebSocket(
            reader,
            writer,
            pieces=_PIECES if self._cluster.fault("exec.split") else 1,
            breaks=self._cluster.fault("exec.cut"),
        )
        # Never the command: there may be a secret in it.
        log.info("exec into %s with %s", pod, protocol)
        await session.serve(Channels(socket, protocol), identity, wanted)

    def _agreed(self, request: http.Request) -> tuple[str, str]:
        """The handshake's proof and the sub-protocol: the first of the client's that is known."""
        upgrades = "upgrade" in [word.lower() for word in request.words("connection")]
        if not upgrades or request.headers.get("upgrade", "").lower() != "websocket":
            raise Refusal(400, "BadRequest", "Upgrade request required")
        key = accept(request.headers.get("sec-websocket-key", ""))
        if key is None or request.headers.get("sec-websocket-version") != "13":
            raise Refusal(400, "BadRequest", "not a websocket handshake of version 13")
        known = (V4,) if self._cluster.fault("exec.v4") else (V4, V5)
        offered = request.words("sec-websocket-protocol")
        chosen = next((name for name in offered if name in known), None)
        if chosen is None:
            raise Refusal(400, "BadRequest", f"no sub-protocol of {offered} is one of {known}")
        return key, chosen


def _wanted(request: http.Request) -> session.Wanted:
    if request.method not in {"GET", "POST"}:
        raise Refusal(405, "MethodNotAllowed", "exec is a GET")
    command = tuple(request.query.get("command", ()))
    tty = request.flag("tty")
    wanted = session.Wanted(
        command,
        tty=tty,
        stdin=request.flag("stdin"),
        stdout=request.flag("stdout"),
        stderr=request.flag("stderr") and not tty,
    )
    if not command or not command[0] or any("\0" in word for word in command):
        raise Refusal(400, "BadRequest", "you must specify at least 1 command for the container")
    if not (wanted.stdin or wanted.stdout or wanted.stderr):
        raise Refusal(400, "BadRequest", "you must specify at least 1 of stdin, stdout, stderr")
    return wanted


def _list(pods: list[Pod]) -> dict[str, Any]:
    items = [{k: v for k, v in pod.document.items() if k not in _KIND} for pod in pods]
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}


def _one(pods: list[Pod], name: str) -> Any:
    for pod in pods:
        if pod.name == name:
            return pod.document
    raise Refusal(404, "NotFound", f'pods "{name}" not found')


_KIND = {"kind", "apiVersion"}
