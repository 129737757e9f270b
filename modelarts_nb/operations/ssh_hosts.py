"""From here to notebooks: OpenSSH's settings, pinned host keys, and why a login does not work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudAnswerInvalid, CloudForbidden
from modelarts_nb.cloud.instances import resolve
from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.errors import ModelArtsNbError
from modelarts_nb.notebook.listing import list_notebooks
from modelarts_nb.notebook.model import Notebook
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh import diagnosis, keeping, knownhosts
from modelarts_nb.ssh.address import parse_uri
from modelarts_nb.ssh.clientconfig import Host, alias_for, mark_for, write
from modelarts_nb.ssh.diagnosis import SshCheck, key_of
from modelarts_nb.ssh.endpoint import SshEndpoint
from modelarts_nb.ssh.keypairs import list_pairs
from modelarts_nb.ssh.places import Places, find_places
from modelarts_nb.ssh.privatekeys import every


@dataclass(frozen=True)
class ConfigWritten:
    """``hosts``: what can be typed after ``ssh`` here now. ``left_out``: notebooks and why."""

    file: str
    changed: bool
    hosts: tuple[str, ...]
    left_out: tuple[str, ...]


def write_config(
    *, cloud: Cloud | None = None, disk: Disk | None = None, progress: Progress = SILENT
) -> ConfigWritten:
    """Write the block for connections from this notebook to others of yours that run. The hook
    brings it back after a restart.

    Raises:
        BlockDamaged: our marks in the file are not as we wrote them. Nothing was changed.
        CloudError: the cloud refused or could not be reached. Nothing was changed.
        AccessDenied, DiskFull, DiskFailure: the home refused. Nothing was changed.
    """
    cloud, places = cloud or open_cloud(), find_places()
    progress.phase("looking")
    here = every(places.keys)
    try:
        pairs = list_pairs(cloud, progress)
    except CloudForbidden:
        pairs = []  # then names have to do
    hosts: list[Host] = []
    left_out: list[str] = []
    for notebook in list_notebooks(cloud=cloud, progress=progress):
        try:
            endpoint, mark = _endpoint_of(notebook), mark_for(notebook.id)
        except CloudAnswerInvalid as error:
            left_out.append(f"{notebook.name}: {error.message}")
            continue
        key = key_of(here, endpoint, pairs)
        if not endpoint.exists:
            left_out.append(f"{endpoint.name}: it has no SSH endpoint (`ma ssh use`)")
        elif endpoint.address is None:
            left_out.append(f"{endpoint.name}: {endpoint.status}, it has no address")
        elif key is None:
            names = ", ".join(endpoint.key_pairs)
            left_out.append(f"{endpoint.name}: no private key of {names} is here")
        else:
            alias = alias_for(endpoint.name, endpoint.id, [host.alias for host in hosts])
            # Always with our agent: after a restart the same key may take a passphrase.
            hosts.append(Host(alias, mark, endpoint.address, str(key.path), agent=True))
    progress.phase("writing")
    with _survives(places, disk, progress, block=True):
        changed = write("notebooks", hosts, places)
    aliases = tuple(host.alias for host in hosts)
    return ConfigWritten(str(places.config), changed, aliases, tuple(left_out))


def forget_host(
    *,
    notebook: str | None = None,
    cloud: Cloud | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> bool:
    """Forget the host key of a notebook that was pinned here, as after a restart that changed it.

    Returns:
        False where none was pinned.

    Raises:
        OpenSshFailed: ``ssh-keygen`` is missing or refused.
        CloudError: the name cannot be looked up.
    """
    cloud, places = cloud or open_cloud(), find_places()
    mark = resolve(cloud, notebook, progress)
    with _survives(places, disk, progress):
        return knownhosts.forget(places, mark)


def check(
    *,
    notebook: str | None = None,
    said: str | None = None,
    cloud: Cloud | None = None,
    disk: Disk | None = None,
    progress: Progress = SILENT,
) -> SshCheck:
    """Why does SSH to a notebook not work? See ``ssh.check``; ``notebook`` may be a name."""
    cloud = cloud or open_cloud()
    id = resolve(cloud, notebook, progress)
    with _survives(find_places(), disk, progress):
        return diagnosis.check(notebook=id, said=said, cloud=cloud, progress=progress)


@contextlib.contextmanager
def _survives(
    places: Places, disk: Disk | None, progress: Progress, *, block: bool = False
) -> Iterator[None]:
    """Host keys that an earlier container pinned count within, and those pinned within (and the
    block) are kept on the disk. What goes wrong there is only said: SSH itself needs no disk."""
    try:
        where = disk or open_disk()
        keeping.bring_back_pins(places, where)
    except ModelArtsNbError as error:
        progress.log(f"a restart will lose hosts and their keys: {error.message}")
        yield
        return
    yield
    try:
        keeping.save_pins(places, where)
        if block:
            keeping.save_block(places, where)
    except ModelArtsNbError as error:
        progress.log(f"a restart will lose hosts and their keys: {error.message}")


def _endpoint_of(notebook: Notebook) -> SshEndpoint:
    end = next((e for e in notebook.endpoints if e.service == "SSH"), None)
    return SshEndpoint(
        id=notebook.id,
        name=notebook.name,
        status=notebook.status,
        user=notebook.user,
        exists=end is not None,
        address=parse_uri(end.uri) if end is not None and end.uri else None,
        key_pairs=end.key_pairs if end is not None else (),
        allowed_ips=end.allowed_ips if end is not None else (),
    )
