"""Giving a notebook the key pairs that open it."""

from __future__ import annotations

from collections.abc import Sequence

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.errors import CloudConflict
from modelarts_nb.errors import UsageError
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh.endpoint import SshEndpoint, find_endpoint
from modelarts_nb.ssh.errors import MustBeStopped

# "The parameter cannot be changed in the current status."
_NOT_WHILE_IT_RUNS = "ModelArts.6347"


def attach(
    cloud: Cloud,
    id: str,
    names: Sequence[str],
    *,
    allowed_ips: Sequence[str] | None = None,
    progress: Progress = SILENT,
) -> SshEndpoint:
    """Have these key pairs, and no others, open a notebook from its next start on.

    Args:
        id: of the instance.
        names: of key pairs that the caller may use.
        allowed_ips: addresses or networks that may connect; None: as it was.

    Raises:
        UsageError: no names.
        MustBeStopped: this service changes the endpoint only of a stopped notebook. Nothing was
            changed.
        CloudForbidden: a pair was deleted or is another user's (6786, 6789).
        CloudError: the cloud refused or could not be reached.
    """
    if not names:
        raise UsageError("A notebook's SSH endpoint needs a key pair.")
    endpoint = find_endpoint(cloud, id, progress)
    addresses = list(endpoint.allowed_ips if allowed_ips is None else allowed_ips)
    if (
        endpoint.exists
        and endpoint.key_pairs == tuple(names)
        and endpoint.allowed_ips == tuple(addresses)
    ):
        progress.log(f"{endpoint.name} is opened by {', '.join(names)} already")
        return endpoint
    end = {"service": "SSH", "key_pair_names": list(names)}
    if addresses:
        # The SDK's model has no such field; the service has (Terraform sends it).
        end["allowed_access_ips"] = addresses
    progress.phase("attaching")
    try:
        cloud.call(
            "modelarts",
            "update_notebook",
            id=id,
            body={"endpoints": [end]},
            repeatable=True,
            progress=progress,
        )
    except CloudConflict as error:
        if endpoint.status != "RUNNING" or error.error_code != _NOT_WHILE_IT_RUNS:
            raise
        raise MustBeStopped(
            f"{endpoint.name or id} must be stopped before its key pairs can be changed.",
            hint="Say --restart: it is stopped, changed and started again; what runs in it ends.",
            cause=error.message,
        ) from error
    return find_endpoint(cloud, id, progress)
