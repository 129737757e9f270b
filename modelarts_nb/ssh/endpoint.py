"""The SSH endpoint of one notebook as the cloud describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.client import Cloud
from modelarts_nb.cloud.shape import items, obj, text, texts
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.ssh.address import Address, parse_uri


@dataclass(frozen=True)
class SshEndpoint:
    """How one gets into a notebook. ``exists`` is False where it has no SSH endpoint; ``address``
    is None while it does not run; ``allowed_ips`` empty: from everywhere."""

    id: str
    name: str
    status: str
    user: str
    exists: bool
    address: Address | None
    key_pairs: tuple[str, ...]
    allowed_ips: tuple[str, ...]


def find_endpoint(cloud: Cloud, id: str, progress: Progress = SILENT) -> SshEndpoint:
    """The endpoint of a notebook.

    Raises:
        CloudError: the cloud refused or could not be reached; its address makes no sense.
    """
    return read_endpoint(cloud.call("modelarts", "show_notebook", id=id, progress=progress))


def read_endpoint(value: Any) -> SshEndpoint:
    """The endpoint from the cloud's JSON of a notebook.

    Raises:
        CloudAnswerInvalid: the address makes no sense.
    """
    named = ((text(e, "service") or text(e, "dev_service"), e) for e in items(value, "endpoints"))
    end = next((e for service, e in named if service == "SSH"), None)
    uri = text(end, "uri")
    return SshEndpoint(
        id=text(value, "id"),
        name=text(value, "name"),
        status=text(value, "status"),
        user=text(obj(value, "user"), "name"),
        exists=end is not None,
        address=parse_uri(uri) if uri else None,
        key_pairs=texts(end, "key_pair_names"),
        allowed_ips=texts(end, "allowed_access_ips"),
    )
