"""The project's file systems of SFS Turbo, and which of them is meant."""

from __future__ import annotations

from typing import Any

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudNotFound
from modelarts_nb.cloud.naming import is_id, only
from modelarts_nb.cloud.shape import items, text
from modelarts_nb.progress import SILENT, Progress
from modelarts_nb.storage.model import Share

_STATUS = {"100": "creating", "200": "available", "303": "create failed", "800": "frozen"}
_PAGE = 1000


def list_shares(*, cloud: Cloud | None = None, progress: Progress = SILENT) -> list[Share]:
    """The project's file systems of SFS Turbo.

    Raises:
        CloudError: the cloud refused or could not be reached.
    """
    cloud = cloud or open_cloud()
    found: list[Share] = []
    while True:
        answer = cloud.call(
            "sfsturbo", "list_shares", limit=_PAGE, offset=len(found), progress=progress
        )
        page = [_share(value) for value in items(answer, "shares")]
        found += page
        if len(page) < _PAGE:
            return found


def find_share(cloud: Cloud, share: str, progress: Progress = SILENT) -> str:
    """The id of a file system.

    Args:
        share: its id or its name.

    Raises:
        CloudNotFound: there is none of this name.
        CloudConflict: several have this name.
        CloudError: the cloud refused or could not be reached.
    """
    if is_id(share):
        return share
    same = [s.id for s in list_shares(cloud=cloud, progress=progress) if share in (s.name, s.id)]
    none = CloudNotFound(
        f"There is no file system {share!r} of SFS Turbo.",
        hint="`ma storage shares` shows which there are.",
    )
    return only(same, f"file systems are called {share!r}", none)


def _share(value: Any) -> Share:
    status = text(value, "status")
    return Share(
        id=text(value, "id"),
        name=text(value, "name"),
        status=_STATUS.get(status, status),
        size=_decimal(text(value, "size")),
        free=_decimal(text(value, "avail_capacity")),
        export=text(value, "export_location"),
        kind=text(value, "share_type"),
    )


def _decimal(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
