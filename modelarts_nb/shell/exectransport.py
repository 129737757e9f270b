"""Kubernetes' pod exec, over a websocket."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from modelarts_nb.cloud.shape import text
from modelarts_nb.errors import ModelArtsNbError, NotFound, UsageError
from modelarts_nb.shell.cluster import Cluster
from modelarts_nb.shell.errors import LoginRefused, ShellRefused, Unreachable
from modelarts_nb.shell.execsession import V4, V5, ExecSession
from modelarts_nb.shell.session import Request, Session

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_SHELL = "if command -v bash >/dev/null 2>&1; then exec bash -l; else exec sh -l; fi"
CONNECT_SECONDS = 20.0
_PING_SECONDS, _PONG_SECONDS = 15.0, 45.0


@dataclass(frozen=True)
class Pod:
    """A container of a pod; ``container`` None: its first. ``task`` is for people."""

    task: str
    name: str
    container: str | None = None

    def __post_init__(self) -> None:
        for name in (self.name, self.container):
            if name is not None and not _NAME.fullmatch(name):
                raise UsageError(f"{name!r} cannot be the name of a pod or a container.")


class ExecTransport:
    """See ``Transport``. Each session has a connection of its own.

    Args:
        pod: where to.
        cluster: whose API, and as whom.
        policy: what to paste where the right is missing.
        connect_seconds: to connect.
    """

    name = "exec"

    def __init__(
        self,
        pod: Pod,
        cluster: Cluster,
        *,
        policy: str = "",
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._pod, self._cluster, self._policy = pod, cluster, policy
        self._seconds = connect_seconds
        self._sessions: list[ExecSession] = []

    async def open(self, request: Request) -> Session:
        cluster = self._cluster
        headers = {"Authorization": cluster.authorization.reveal()}
        options: dict[str, Any] = (
            {"server_hostname": cluster.server_name} if cluster.server_name else {}
        )
        if cluster.proxy:
            options["proxy"] = cluster.proxy
        if cluster.tls is not None:
            options["ssl"] = cluster.tls
        try:
            socket = await _Connect(
                self._url(request),
                subprotocols=[V5, V4],  # type: ignore[list-item]
                additional_headers=headers if headers["Authorization"] else {},
                user_agent_header="modelarts_nb",
                compression=None,
                max_size=None,
                open_timeout=self._seconds,
                ping_interval=_PING_SECONDS,
                ping_timeout=_PONG_SECONDS,
                **options,
            )
        except (InvalidHandshake, OSError, asyncio.TimeoutError, EOFError) as error:
            raise self._understood(error) from error
        if socket.subprotocol not in (V5, V4):
            await socket.close()
            raise ShellRefused(
                "The cluster does not speak pod exec as we do.",
                hint=f"Its API server must know {V4} (Kubernetes 1.4 or later).",
            )
        session = ExecSession(socket)
        self._sessions.append(session)
        if request.terminal is not None:
            await session.resize(request.terminal.size)
        return session

    async def close(self) -> None:
        while self._sessions:
            await self._sessions.pop().close()

    def _url(self, request: Request) -> str:
        pod = self._pod
        path = f"/api/v1/namespaces/{quote(self._cluster.namespace)}/pods/{pod.name}/exec"
        terminal = request.terminal is not None
        query = [("command", word) for word in ("/bin/sh", "-c", _line(request))]
        if pod.container:
            query.append(("container", pod.container))
        query += [("stdin", "true"), ("stdout", "true")]
        query.append(("tty", "true") if terminal else ("stderr", "true"))
        base = self._cluster.server
        base = "ws" + base.removeprefix("http")
        return f"{base}{path}?{urlencode(query, quote_via=quote)}"

    def _understood(self, error: Exception) -> ModelArtsNbError:
        if isinstance(error, InvalidStatus):
            return self._refused(error.response.status_code, bytes(error.response.body or b""))
        if isinstance(error, ssl.SSLError):
            return Unreachable(
                f"The certificate of {self._cluster.server} is not to be trusted.",
                hint="The kubeconfig, or --ca, must name the authority that signed it.",
                cause=str(error),
            )
        said = "it does not answer" if isinstance(error, asyncio.TimeoutError) else str(error)
        return Unreachable(
            f"The cluster at {self._cluster.server} cannot be reached: {said}.",
            hint="Is this network let in? A private cluster is reached from inside its VPC.",
        )

    def _refused(self, status: int, body: bytes) -> ModelArtsNbError:
        try:
            said = text(json.loads(body), "message")
        except ValueError:
            said = ""
        said = said or body[:300].decode("utf-8", "replace").strip() or f"HTTP {status}"
        task = self._pod.task
        if status == 401:
            return LoginRefused(
                f"The cluster does not know this token or certificate: {said}",
                hint="Tokens end; take a new kubeconfig or token.",
            )
        if status == 403:
            missing = "trainJob:exec" in said or "cannot create resource" in said
            return ShellRefused(
                f"A shell in {task} is not allowed: {said}",
                hint=self._policy if missing and self._policy else "",
            )
        if status == 404:
            return NotFound(
                f"The cluster has no pod {self._pod.name} in {self._cluster.namespace}: {said}",
                hint="Is it this cluster's (--context), and does it still run?",
            )
        if status >= 500:
            return Unreachable(f"The cluster failed: {said}", hint="Run the same again.")
        return ShellRefused(f"There is no shell in {task}: {said}")


class _Connect(connect):
    """A token is for the server that was named: no redirects, no second attempts."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _line(request: Request) -> str:
    """The command with its variables and, from its first byte on, the terminal's size."""
    lines = []
    if request.terminal is not None:
        size = request.terminal.size
        lines.append(f"stty rows {size.rows} cols {size.columns} 2>/dev/null")
        lines.append(f"export TERM={shlex.quote(request.terminal.kind)}")
    lines += _exports(request.environment)
    return "\n".join([*lines, _SHELL if request.command is None else request.command])


def _exports(variables: Mapping[str, str]) -> list[str]:
    plain = {k: v for k, v in variables.items() if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", k)}
    return [f"export {name}={shlex.quote(value)}" for name, value in plain.items()]
