"""Who gets in: ``ma-user`` with one of the notebook's keys; and what may be forwarded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import asyncssh

from modelarts_nb.localcloud.plane.identity import USER
from modelarts_nb.localcloud.plane.ssh.session import Session

# The public keys (OpenSSH text) that open this notebook now; asked at every login.
Keys = Callable[[], Iterable[str]]
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Gate(asyncssh.SSHServer):
    """One connection's door keeper.

    Args:
        keys: the public keys that open.
        session: makes what one gets behind the door.
    """

    def __init__(self, keys: Keys, session: Callable[[], Session]) -> None:
        self._keys = keys
        self._session = session

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return False

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if username != USER:
            return False
        return key.public_data in await asyncio.to_thread(self._accepted)

    def _accepted(self) -> set[bytes]:
        accepted = set()
        for text in self._keys():
            try:
                accepted.add(asyncssh.import_public_key(text).public_data)
            except asyncssh.KeyImportError:
                continue  # a pair that this machine's library cannot read opens nothing
        return accepted

    def session_requested(self) -> Session:
        return self._session()

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> bool:
        # What VS Code and PyCharm need, and no way into the network.
        return dest_host in _LOOPBACK
