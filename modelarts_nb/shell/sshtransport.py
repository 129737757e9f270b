"""SSH into a container, with asyncssh."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncssh

from modelarts_nb.shell.errors import LoginRefused, ShellRefused, Unreachable
from modelarts_nb.shell.hostpins import HostPins, mark_of
from modelarts_nb.shell.identities import offered
from modelarts_nb.shell.session import Request, Session
from modelarts_nb.shell.sshsession import SshSession
from modelarts_nb.ssh.address import Address
from modelarts_nb.ssh.places import Places

# Seconds: to connect and to log in; between two signs of life, of which three may be missed.
CONNECT_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 15.0
_MISSED = 3
# Bytes under way, and in one packet: larger ones cost less Python (measured, benchmarks/shell.py).
_WINDOW, _PACKET = 2 << 20, 240 << 10
# In hardware nearly everywhere, and in one call of the library.
_CIPHERS = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com"
# Kinds of host keys and how they sign; what OpenSSH 8.0 and later have (no SHA-1).
_HOST_KEYS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}


@dataclass(frozen=True)
class SshPlace:
    """Where SSH leads to: a task of a job, its address, and the names of the job's key pairs."""

    job: str
    task: str
    address: Address
    key_pairs: Sequence[str] = ()


class SshTransport:
    """See ``Transport``. One connection, made with the first session.

    Args:
        place: where to.
        places: of this home: keys, agent and pinned host keys.
        connect_seconds: to connect and log in.
        keep_alive_seconds: between two signs of life; a connection that misses three is lost.
    """

    name = "ssh"

    def __init__(
        self,
        place: SshPlace,
        places: Places,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        self._place, self._places = place, places
        self._connect_seconds, self._keep_alive = connect_seconds, keep_alive_seconds
        self._connection: asyncssh.SSHClientConnection | None = None
        self._connecting = asyncio.Lock()

    async def open(self, request: Request) -> Session:
        connection = await self._connected()
        terminal = request.terminal
        size = terminal.size if terminal else None
        try:
            session: SshSession
            _, session = await connection.create_session(  # type: ignore[assignment]
                SshSession,
                request.command,
                request_pty="force" if terminal else False,
                term_type=terminal.kind if terminal else None,
                term_size=(size.columns, size.rows, size.width, size.height) if size else None,
                term_modes=dict(terminal.modes) if terminal else {},
                env={name.encode(): value.encode() for name, value in request.environment.items()},
                encoding=None,
                window=_WINDOW,
                max_pktsize=_PACKET,
            )
        except asyncssh.ChannelOpenError as error:
            if connection.is_closed():
                raise self._unreachable(asyncssh.ConnectionLost(str(error))) from error
            raise ShellRefused(
                f"The server in {self._place.task} opens no session.",
                hint="It may have too many open already, or allow no terminal: try a command.",
                cause=str(error),
            ) from error
        except (asyncssh.Error, OSError) as error:
            raise self._unreachable(error) from error
        return session

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
            await connection.wait_closed()

    async def _connected(self) -> asyncssh.SSHClientConnection:
        async with self._connecting:
            if self._connection is not None and not self._connection.is_closed():
                return self._connection
            pins = HostPins(self._places, mark_of(self._place.job, self._place.task))
            known = pins.known()
            async with offered(self._places, self._place.key_pairs) as keys:
                try:
                    self._connection = await asyncio.wait_for(
                        self._connect(pins, known, keys), self._connect_seconds
                    )
                except (asyncssh.Error, OSError, asyncio.TimeoutError) as error:
                    raise self._understood(error, pins, len(keys)) from error
            return self._connection

    async def _connect(
        self,
        pins: HostPins,
        known: list[asyncssh.SSHKey],
        keys: Sequence[asyncssh.SSHKeyPair],
    ) -> asyncssh.SSHClientConnection:
        address = self._place.address
        met: list[asyncssh.SSHKey] = []

        class Door(asyncssh.SSHClient):
            """Takes the host key of who was not met before."""

            def validate_host_public_key(
                self, host: str, addr: str, port: int, key: asyncssh.SSHKey
            ) -> bool:
                met.append(key)
                return not known

        connection = await asyncssh.connect(
            address.host,
            address.port,
            username=address.user,
            client_factory=Door,
            client_keys=keys,
            agent_path=None,
            config=None,
            known_hosts=(known, [], []),
            server_host_key_algs=_preferred(known),
            password_auth=False,
            kbdint_auth=False,
            gss_auth=False,
            gss_kex=False,
            encryption_algs=_CIPHERS + ",aes256-ctr,aes128-ctr",
            compression_algs=None,
            keepalive_interval=self._keep_alive,
            keepalive_count_max=_MISSED,
        )
        # Only now is it proven that the server has the private half.
        if not known and met:
            try:
                pins.pin(met[-1])
            except BaseException:
                connection.abort()
                raise
        return connection

    def _understood(self, error: Exception, pins: HostPins, keys: int) -> Exception:
        task = self._place.task
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return pins.changed(task)
        if isinstance(error, asyncssh.KeyExchangeFailed):
            return Unreachable(
                f"{task} and this machine share no way to talk.",
                hint="The image's OpenSSH is too old: 8.0 or later is needed.",
                cause=str(error),
            )
        if isinstance(error, asyncssh.PermissionDenied):
            pairs = ", ".join(self._place.key_pairs) or "not told by the cloud"
            return LoginRefused(
                f"{task} takes none of the {keys} private keys here. Its key pairs: {pairs}.",
                hint="The private half of one of these pairs must be here (`ma ssh keys list`, "
                "`ma ssh unlock`), or submit the job with a pair of yours.",
                cause=str(error),
            )
        return self._unreachable(error)

    def _unreachable(self, error: Exception) -> Unreachable:
        address = self._place.address
        where = f"{self._place.task} ({address.host}:{address.port})"
        if isinstance(error, asyncio.TimeoutError):
            return Unreachable(
                f"{where} does not answer within {self._connect_seconds:.0f} s.",
                hint="A firewall or proxy may close the port (30000 to 32767).",
            )
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(
                f"Nobody listens at {where}.",
                hint="The container may be starting or ending: `ma job show` says what it does.",
            )
        if isinstance(error, (asyncssh.ConnectionLost, ConnectionResetError)):
            return Unreachable(
                f"{where} closed the connection before a word was said.",
                hint="Ten connections may be open already, or this address is not allowed.",
                cause=str(error),
            )
        return Unreachable(
            f"{where} cannot be reached: {error}.",
            hint="Run the same again; `ma job show` says whether the job runs.",
        )


def _preferred(known: Sequence[asyncssh.SSHKey]) -> list[str]:
    """Kinds of host keys, the pinned ones first: a server that has several shows that one."""
    pinned = {key.get_algorithm() for key in known}
    ordered = sorted(_HOST_KEYS, key=lambda kind: kind not in pinned)
    return [signing for kind in ordered for signing in _HOST_KEYS[kind]]
