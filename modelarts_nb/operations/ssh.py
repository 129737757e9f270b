"""Into a notebook: what takes both rooms, notebooks and SSH, since they do not know each other.

From here to others: ``ssh_hosts.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.errors import ModelArtsNbError, UsageError
from modelarts_nb.notebook import life
from modelarts_nb.notebook.lease import LEAST_HOURS, MOST_HOURS
from modelarts_nb.notebook.listing import list_notebooks, look
from modelarts_nb.notebook.model import RUNNING, Notebook
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh import keys
from modelarts_nb.ssh.attaching import attach
from modelarts_nb.ssh.endpoint import SshEndpoint, find_endpoint
from modelarts_nb.ssh.errors import MustBeStopped
from modelarts_nb.ssh.keypairs import KeyPair, Scope, find_pair
from modelarts_nb.ssh.laptop import DEFAULT_KEY, Laptop, laptop_block
from modelarts_nb.ssh.publickey import read_key


@dataclass(frozen=True)
class SshSetup:
    """How one gets into a notebook. ``in_force``: its key pairs open it now; False: from its next
    start on; None: nothing was changed. ``laptop`` is None while it has no address."""

    endpoint: SshEndpoint
    in_force: bool | None
    laptop: Laptop | None


def show(
    *,
    notebook: str | None = None,
    key_file: str = DEFAULT_KEY,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> SshSetup:
    """How one gets into a notebook, and what to paste on the laptop.

    Args:
        notebook: its id or name; None: this one.
        key_file: the private key's file on the laptop.

    Raises:
        UsageError: the file's name cannot be written in OpenSSH's settings.
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    endpoint = find_endpoint(cloud, resolve(cloud, notebook, progress), progress)
    return SshSetup(endpoint, None, laptop_block(endpoint, key_file))


def setup(
    public_key: str,
    *,
    name: str | None = None,
    scope: Scope = "user",
    notebook: str | None = None,
    allow: Sequence[str] | None = None,
    restart: bool = False,
    key_file: str = DEFAULT_KEY,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> SshSetup:
    """Import the laptop's public key and have it open a notebook. Can be repeated.

    Args:
        public_key: its line, or the path of its file.
        name: of the key pair; None: from the key's comment.
        scope: whose the pair is: ``user`` or ``domain`` (everybody's in the account).
        notebook: its id or name; None: this one.
        allow: addresses or networks that may connect; None: as it was.
        restart: stop the notebook if it runs, and start it again: what runs in it ends.
        key_file: the private key's file on the laptop, for what is to be pasted there.

    Raises:
        KeyRefused: the key is private, or not RSA.
        UsageError: a value cannot be; or this very notebook should restart.
        MustBeStopped: the service changes only a stopped notebook; the key is imported.
        CloudError: the cloud refused or could not be reached.
    """
    key = read_key(public_key)
    cloud = cloud or open_cloud()
    endpoint = _endpoint(cloud, notebook, restart, progress)
    laptop_block(endpoint, key_file)
    pair = keys.have_pair(cloud, key, name, scope, progress)
    return _give(cloud, endpoint, [pair.name], allow, restart, key_file, progress)


def use(
    key_pairs: Sequence[str],
    *,
    notebook: str | None = None,
    allow: Sequence[str] | None = None,
    restart: bool = False,
    key_file: str = DEFAULT_KEY,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> SshSetup:
    """Have these key pairs, and no others, open a notebook: the way out of 6786 and 6789.

    Args:
        key_pairs: names of pairs that you may use.
        notebook, allow, restart, key_file: see ``setup``.

    Raises:
        CloudNotFound: there is no such pair that you may use. Nothing was changed.
        UsageError, MustBeStopped, CloudError: see ``setup``.
    """
    cloud = cloud or open_cloud()
    endpoint = _endpoint(cloud, notebook, restart, progress)
    for name in key_pairs:
        find_pair(cloud, name, progress)
    return _give(cloud, endpoint, list(key_pairs), allow, restart, key_file, progress)


def delete_key(
    name: str,
    *,
    force: bool = False,
    cloud: Cloud | None = None,
    progress: Progress = SILENT,
) -> KeyPair:
    """Delete a key pair, with its private half where it is kept here.

    Args:
        force: also where it opens a notebook of yours.

    Raises:
        CloudConflict: it opens a notebook, which could not be started any more.
        ModelArtsNbError: whatever ``ssh.keys.delete_key`` raises.
    """
    cloud = cloud or open_cloud()
    if not force:
        opened = [
            n.name
            for n in list_notebooks(cloud=cloud, progress=progress)
            if any(name in end.key_pairs for end in n.endpoints)
        ]
        if opened:
            raise CloudConflict(
                f"The key pair {name} opens {', '.join(opened)}: without it nobody gets in.",
                hint="Give it another one first (`ma ssh use OTHER --notebook NAME`), or --force.",
            )
    return keys.delete_key(name, cloud=cloud, progress=progress)


def _endpoint(cloud: Cloud, notebook: str | None, restart: bool, progress: Progress) -> SshEndpoint:
    endpoint = find_endpoint(cloud, resolve(cloud, notebook, progress), progress)
    if restart and endpoint.id == cloud.place.instance and endpoint.status == RUNNING:
        raise UsageError(
            "This is the very notebook: stopping it would end this command too, and nobody would "
            "start it again.",
            hint="Without --restart the change counts from its next start on. Or run this on "
            "another machine.",
        )
    return endpoint


def _give(
    cloud: Cloud,
    endpoint: SshEndpoint,
    names: list[str],
    allow: Sequence[str] | None,
    restart: bool,
    key_file: str,
    progress: Progress,
) -> SshSetup:
    before = look(cloud, endpoint.id, progress)
    stopped = restart and before.status == RUNNING
    if stopped:
        life.stop(endpoint.id, cloud=cloud, progress=progress)
    try:
        done = attach(cloud, endpoint.id, names, allowed_ips=allow, progress=progress)
    except MustBeStopped as error:
        if endpoint.id == cloud.place.instance:
            error.hint = "Run this on another machine with --restart, or use the console."
        raise
    except ModelArtsNbError:
        if stopped:
            _undo_stop(cloud, before, progress)
        raise
    if stopped:
        _start_again(cloud, before, progress)
        done = find_endpoint(cloud, endpoint.id, progress)
    unchanged = (done.key_pairs, done.allowed_ips) == (endpoint.key_pairs, endpoint.allowed_ips)
    in_force = True if stopped else (None if unchanged else False)
    return SshSetup(done, in_force, laptop_block(done, key_file))


def _undo_stop(cloud: Cloud, before: Notebook, progress: Progress) -> None:
    """Start what was stopped in vain; also for a user who does not want to wait any more."""
    try:
        _start_again(cloud, before, SILENT, wait=False)
    except ModelArtsNbError as error:
        progress.log(f"{before.name} is stopped: {error.message}")


def _start_again(cloud: Cloud, before: Notebook, progress: Progress, wait: bool = True) -> None:
    """With the time that was left, in whole hours as the service takes them."""
    hours: float | None = None
    kind = before.lease
    if kind is not None and kind.remaining is not None:
        hours = min(MOST_HOURS, max(LEAST_HOURS, math.ceil(kind.remaining / 3600)))
    elif kind is not None:
        # A start cannot be asked for "never", and the service's default is one hour.
        hours = MOST_HOURS
        progress.log(
            f"{before.name} had no end; now it stops after {hours:.0f} h unless that is extended "
            "(`ma notebook keep-alive`) or taken away in the console"
        )
    idle = kind is not None and kind.kind == "IDLE"
    lease: Literal["idle"] | None = "idle" if idle else None
    life.start(before.id, hours=hours, lease=lease, wait=wait, cloud=cloud, progress=progress)
