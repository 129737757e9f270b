"""The SSH endpoint of one notebook: a port on loopback and what listens there."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Sequence
from typing import Any

import asyncssh

from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.ssh.files import Files
from modelarts_nb.localcloud.plane.ssh.gate import Gate, Keys
from modelarts_nb.localcloud.plane.ssh.hostkey import host_key
from modelarts_nb.localcloud.plane.ssh.session import Session
from modelarts_nb.localcloud.plane.ssh.shell import serve_shell

MOST_CONNECTIONS = 10  # facts 3.5: develop-modelarts-0299
_LOGIN_SECONDS = 60
log = logging.getLogger("localcloud.ssh")


class Endpoint:
    """Listens for one notebook. All methods belong to the loop that opened it.

    Args:
        identity: whose shell one gets.
        keys: the public keys that open it, asked at every login.
        allowed: addresses or networks that may connect; none given: all of this machine.
    """

    def __init__(self, identity: Identity, keys: Keys, allowed: Sequence[str] = ()) -> None:
        self._identity = identity
        self._keys = keys
        self._allowed = [ipaddress.ip_network(text, strict=False) for text in allowed]
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._shells: set[asyncio.Task[Any]] = set()

    def open(self, port: int = 0) -> int:
        """Listen on this port, or on another when it is taken; returns the port.

        Raises:
            OSError: no port at all.
        """
        self._options = asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: Gate(self._keys, self._session),
            server_host_keys=[host_key(self._identity.folders.root)],
            encoding=None,
            login_timeout=_LOGIN_SECONDS,
            agent_forwarding=False,
            x11_forwarding=False,
        )
        self._socket = _listen(port)
        self._accepting = asyncio.create_task(self._accept(self._socket))
        found: int = self._socket.getsockname()[1]
        return found

    async def close(self) -> None:
        """End all connections and what runs in them; give the port back."""
        accepting = [self._accepting] if self._accepting else []
        # Shells before their connections: each waits for its process, which is not to be left.
        for tasks in (accepting, self._shells, self._connections):
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()

    def _session(self) -> Session:
        return Session(self._shell, lambda channel: Files(channel, self._identity.folders))

    async def _shell(self, session: Session) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._shells.add(task)
            task.add_done_callback(self._shells.discard)
        await serve_shell(session, self._identity)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                log.warning("an SSH connection could not be accepted: %s", error)
                await asyncio.sleep(0.1)  # out of descriptors: let some be given back
                continue
            if len(self._connections) >= MOST_CONNECTIONS or not self._may(address[0]):
                connection.close()  # before a word is said, as a firewall or sshd would
                continue
            task = asyncio.create_task(self._serve(connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: socket.socket) -> None:
        # The socket belongs to the loop's transport: closing it here would leave its number
        # registered for whoever gets it next.
        try:
            session = await asyncssh.run_server(connection, options=self._options)
        except (OSError, asyncssh.Error, asyncio.TimeoutError) as error:
            log.info("an SSH login failed: %s", error)
            return
        try:
            await session.wait_closed()
        finally:
            session.abort()

    def _may(self, address: str) -> bool:
        return not self._allowed or any(
            ipaddress.ip_address(address) in network for network in self._allowed
        )


def _listen(port: int) -> socket.socket:
    for wanted in dict.fromkeys((port, 0)):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", wanted))
        except OSError:
            listening.close()
            if wanted == 0:
                raise
            continue
        listening.listen(64)
        listening.setblocking(False)
        return listening
    raise AssertionError("unreachable")
