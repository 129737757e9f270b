"""Key pairs with both their halves: the cloud's, and the private one where it is kept here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import (
    CloudAnswerInvalid,
    CloudError,
    CloudForbidden,
    CloudNotFound,
    CloudUnreachable,
)
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import ModelArtsNbError, NotFound
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh import agent, privatekeys
from modelarts_nb.ssh.errors import PassphraseWrong
from modelarts_nb.ssh.keypairs import (
    KeyPair,
    Scope,
    check_name,
    create_pair,
    delete_pair,
    find_pair,
    import_pair,
    list_pairs,
)
from modelarts_nb.ssh.places import find_places
from modelarts_nb.ssh.publickey import PublicKey, name_for, read_key, same_key
from modelarts_nb.ssh.secret import Secret


@dataclass(frozen=True)
class KeptKey:
    """A private key on the disk. ``locked``: it takes a passphrase after every restart."""

    name: str
    path: str
    locked: bool


@dataclass(frozen=True)
class Unlocked:
    """What can be used now, and what the passphrase did not open."""

    opened: tuple[str, ...]
    refused: tuple[str, ...]


def list_keys(
    *, cloud: Cloud | None = None, disk: Disk | None = None, progress: Progress = SILENT
) -> list[KeyPair]:
    """The key pairs that the user may use, and where private halves of them are.

    Raises:
        CloudForbidden: neither KPS nor ECS may be asked.
        CloudError: the cloud could not be reached.
    """
    where = _where(disk)
    return [
        replace(pair, private=where(pair.name))
        for pair in list_pairs(cloud or open_cloud(), progress)
    ]


def import_key(
    public_key: str,
    *,
    name: str | None = None,
    scope: Scope = "user",
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> KeyPair:
    """Import a public key as a key pair; one that is there already is found, not made twice.

    Args:
        public_key: its line, or the path of its file.
        name: of the pair; None: from the key's comment.
        scope: ``user``, one's own; ``domain``, for everybody in the account.

    Raises:
        KeyRefused: it is private, or not RSA.
        UsageError: the name cannot be a pair's.
        CloudConflict: the name is in use for another key.
        CloudError: the cloud refused or could not be reached.
    """
    return have_pair(cloud or open_cloud(), read_key(public_key), name, scope, progress)


def have_pair(
    cloud: Cloud, key: PublicKey, name: str | None, scope: Scope, progress: Progress
) -> KeyPair:
    """The pair of a public key, imported where it is not there. See ``import_key``."""
    wanted = check_name(name or name_for(key))
    progress.phase("importing")
    there = [
        pair
        for pair in list_pairs(cloud, progress)
        if (same_key(pair.public_key, key.line) or pair.fingerprint == key.md5)
        and name in (None, pair.name)
        # What is everybody's is one's own, too.
        and (pair.scope == scope or scope == "user")
    ]
    if there:
        found = min(there, key=lambda pair: pair.scope != scope)
        whose = ", which is everybody's" if found.scope != scope else ""
        progress.log(f"the key is there already, as {found.name}{whose}")
        return found
    return import_pair(cloud, wanted, key, scope, progress)


def create_key(
    name: str,
    *,
    scope: Scope = "user",
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> KeyPair:
    """Have the cloud make a pair, and keep its private half (which is given once) in the home, for
    connections from this notebook.

    Raises:
        UsageError: the name cannot be a pair's.
        NameTaken: a private key of this name is kept here already.
        CloudConflict: the name is in use.
        AccessDenied, DiskFull, DiskFailure: it could not be kept; then there is no pair either.
        CloudError: the cloud refused or could not be reached.
    """
    check_name(name)
    cloud, places = cloud or open_cloud(), find_places()
    privatekeys.reserve(places, name)
    was_there = _found(cloud, name)
    progress.phase("creating")
    try:
        pair, private = create_pair(cloud, name, scope, progress)
    except (CloudUnreachable, CloudAnswerInvalid) as error:
        # The answer was lost, and with it the private half of what may have been made.
        if not was_there and _undone(cloud, name, progress):
            error.hint = "Run the same again: the pair that was made meanwhile was deleted."
        raise
    try:
        privatekeys.put(places, name, private, pair.public_key)
    except BaseException:
        _deleted(cloud, pair, progress)
        raise
    return replace(pair, private=("home",))


def _found(cloud: Cloud, name: str) -> KeyPair | None:
    """The pair of a name; None where there is none, or no right to look."""
    try:
        return find_pair(cloud, name, SILENT)
    except (CloudNotFound, CloudForbidden):
        return None


def _undone(cloud: Cloud, name: str, progress: Progress) -> bool:
    """Delete the pair of a name that was free, if it is there now."""
    try:
        made = _found(cloud, name)
    except CloudError:
        return False
    return made is not None and _deleted(cloud, made, progress)


def _deleted(cloud: Cloud, pair: KeyPair, progress: Progress) -> bool:
    """Delete a pair whose private half nobody has: it opens nothing."""
    try:
        delete_pair(cloud, pair, SILENT)
    except CloudError as error:
        progress.log(f"{pair.name} is left in the cloud, of no use: {error.message}")
        return False
    return True


def delete_key(
    name: str,
    *,
    cloud: Cloud | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> KeyPair:
    """Delete a pair in the cloud, then its private half wherever it is kept here; an agent of ours
    forgets it.

    Returns:
        What was deleted; ``private`` says from where.

    Raises:
        CloudNotFound: there is no such pair, and no private key of this name.
        CloudError: the cloud refused or could not be reached; nothing was deleted.
        AccessDenied, DiskFailure: the pair is gone, the private half could not be removed.
    """
    cloud = cloud or open_cloud()
    kept = _where(disk)(name)
    try:
        pair = find_pair(cloud, name, progress)
        progress.phase("deleting")
        delete_pair(cloud, pair, progress)
    except CloudNotFound:
        if not kept:
            raise
        progress.log(f"{name} is not in the cloud any more")
        pair = KeyPair(name, "user", (), "", "")
    if "home" in kept:
        places = find_places()
        if (key := privatekeys.find(places.keys, name)) is not None:
            agent.release(places, key)
        privatekeys.remove(places.keys, name)
    if "disk" in kept:
        privatekeys.remove(privatekeys.vault(disk or open_disk()), name)
    return replace(pair, private=kept)


def keep_key(
    name: str,
    *,
    passphrase: str | None = None,
    disk_is_mine: bool = False,
    disk: Disk | None = None,
) -> KeptKey:
    """Keep a private key of the home on the disk, protected by a passphrase.

    Args:
        passphrase: at least eight characters; asked again once after every start (``unlock``).
        disk_is_mine: nobody else can mount this disk, so none is needed.

    Raises:
        NotFound: there is no such private key.
        UsageError: neither of the two was given.
        PassphraseWrong: it is too short, or the key has another one.
        ModelArtsNbError: disk or OpenSSH refused; the disk is as it was.
    """
    secret = Secret(passphrase) if passphrase else None
    where = disk or open_disk()
    key = privatekeys.keep(find_places(), where, check_name(name), secret, alone=disk_is_mine)
    return KeptKey(key.name, str(key.path), key.locked)


def unlock(
    *, passphrase: str | None = None, name: str | None = None, disk: Disk | None = None
) -> Unlocked:
    """Bring keys back from the disk and have our agent hold those with a passphrase, until the
    container ends.

    Args:
        passphrase: of these keys; None: only those without are brought back.
        name: one key; None: all of them.

    Raises:
        NotFound: there is no such key on the disk.
        PassphraseWrong: it opens none of them.
        ModelArtsNbError: disk, home or OpenSSH refused.
    """
    where, places = disk or open_disk(), find_places()
    wanted = [k for k in privatekeys.every(privatekeys.vault(where)) if name in (None, k.name)]
    if not wanted:
        raise NotFound(
            f"There is no key {name!r} on the disk." if name else "There are no keys on the disk.",
            hint="`ma ssh keys keep NAME` keeps one there.",
        )
    opened, refused = [], []
    wrong: PassphraseWrong | None = None
    for kept in wanted:
        key = privatekeys.bring_back(places, kept)
        try:
            if key.locked:
                agent.hold(places, key, Secret(passphrase or ""))
            opened.append(key.name)
        except PassphraseWrong as error:
            wrong = error
            refused.append(key.name)
    if wrong is not None and not opened:
        raise wrong
    return Unlocked(tuple(opened), tuple(refused))


def lock() -> Unlocked:
    """Have our agent forget all opened keys, and end it.

    Returns:
        As ``unlock``, with nothing opened.
    """
    places = find_places()
    agent.end(places)
    locked = [key.name for key in privatekeys.every(places.keys) if key.locked]
    return Unlocked((), tuple(locked))


def _where(disk: Disk | None) -> Callable[[str], tuple[str, ...]]:
    """Says where a private half is kept. A disk that is not there keeps none."""
    home = {key.name for key in privatekeys.every(find_places().keys)}
    try:
        kept = {key.name for key in privatekeys.every(privatekeys.vault(disk or open_disk()))}
    except ModelArtsNbError:
        kept = set()
    return lambda name: tuple(
        where for where, names in (("home", home), ("disk", kept)) if name in names
    )
