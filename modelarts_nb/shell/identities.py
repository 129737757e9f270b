"""The private keys that are offered to a container: those kept here, those our agent holds, and
what the console let one download, where it lies in ``~/.ssh`` under the pair's name."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

import asyncssh

from modelarts_nb.shell.errors import LoginRefused
from modelarts_nb.ssh import agent
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.privatekeys import PrivateKey, every

# OpenSSH's server hangs up after six (MaxAuthTries).
_MOST = 5


@contextlib.asynccontextmanager
async def offered(places: Places, names: Sequence[str]) -> AsyncIterator[list[asyncssh.SSHKeyPair]]:
    """The keys, those of the job's own pairs first, usable while the block lasts.

    Args:
        places: of this home.
        names: the job's key pairs.

    Raises:
        LoginRefused: there is none that can be used.
    """
    here = sorted(every(places.keys), key=lambda key: key.name not in names)
    plain = [name for name in names if "/" not in name]
    downloaded = [places.ssh / f"{name}{end}" for name in plain for end in ("", ".pem")]
    found: list[asyncssh.SSHKeyPair] = []
    async with contextlib.AsyncExitStack() as stack:
        held = await _held(places, stack)
        for key in here:
            if key.locked:
                found += [pair for pair in held if _same(pair, key)]
                continue
            with contextlib.suppress(OSError, asyncssh.KeyImportError):
                found += asyncssh.load_keypairs([asyncssh.read_private_key(key.path)])
        for path in downloaded:
            with contextlib.suppress(OSError, asyncssh.KeyImportError):
                found[:0] = asyncssh.load_keypairs([asyncssh.read_private_key(path)])
        # What the agent was given by hand is as good.
        blobs = {pair.public_data for pair in found}
        found += [pair for pair in held if pair.public_data not in blobs]
        if not found:
            raise _nothing(here, names)
        yield found[:_MOST]


async def _held(places: Places, stack: contextlib.AsyncExitStack) -> list[asyncssh.SSHKeyPair]:
    if not agent.answers(places):
        return []
    try:
        client = await asyncssh.connect_agent(str(places.agent))
        stack.callback(client.close)
        return list(await client.get_keys())
    except (OSError, ValueError, asyncssh.Error):
        return []  # it has just ended


def _same(pair: asyncssh.SSHKeyPair, key: PrivateKey) -> bool:
    try:
        return asyncssh.import_public_key(key.public).public_data == pair.public_data
    except asyncssh.KeyImportError:
        return False


def _nothing(here: Sequence[PrivateKey], names: Sequence[str]) -> LoginRefused:
    pairs = ", ".join(names) or "none that the cloud names"
    locked = [key.name for key in here if key.locked]
    if locked:
        return LoginRefused(
            f"The private keys here are locked: {', '.join(locked)}. The job's key pairs: {pairs}.",
            hint="`ma ssh unlock` asks for the passphrase, once per start.",
        )
    return LoginRefused(
        f"There is no private key here. The job's key pairs: {pairs}.",
        hint="`ma ssh unlock` brings keys back that were kept on the disk. Else make a pair "
        "(`ma ssh keys create NAME`) and submit the job with it (`--key-pair NAME`): those of a "
        "running job cannot be changed.",
    )
