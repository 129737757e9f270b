"""What a job reads and writes: folders of buckets, copied in and out, and mounted shares."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.sources import below, bucket_folder
from modelarts_nb.localcloud.sfsturbo.shares import share_folder
from modelarts_nb.localcloud.web.call import Call

_BUCKET = re.compile(r"(?:obs:/)?/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/.*)?", re.DOTALL)
_SHARE = re.compile(r"([0-9A-Za-z.-]+):(/.*)", re.DOTALL)


def split(url: str) -> tuple[str, str]:
    """Bucket and path of ``obs://bucket/path/`` or ``/bucket/path/``.

    Raises:
        CloudError: it is no such path.
    """
    found = _BUCKET.fullmatch(url)
    if found is None or "\0" in url:
        raise refusal("2791", url)
    return found[1], (found[2] or "").lstrip("/")


def folder_of(cloud: Cloud, url: str) -> Path:
    """Where it is on this machine.

    Raises:
        CloudError: the path leads out of the bucket.
    """
    bucket, inner = split(url)
    return below(bucket_folder(cloud, bucket), inner)


def need_bucket(call: Call, url: str, *, there: bool) -> None:
    """Go on only if ModelArts' agency may use the bucket; ``there``: and the path exists.

    Raises:
        CloudError: no such path, no such bucket, or no right.
    """
    bucket, _ = split(url)
    agency = need_agency(call, call.caller.user_id, "OBS")
    row = call.db.one(
        "SELECT 1 FROM modelarts_bucket WHERE name = ? AND domain_id = ?",
        bucket,
        call.caller.domain_id,
    )
    resource = f"obs:*:*:bucket:{bucket}"
    may = call.cloud.decide(call.db, agency, "obs:bucket:ListBucket", {}, resource)
    if row is None or not may.allowed:
        raise refusal("2773", url)
    if there and not folder_of(call.cloud, url).exists():
        raise refusal("2773", url)


def share_of(call: Call, path: str) -> tuple[str, str, Path]:
    """Id, folder in the share and folder on this machine of ``address:/folder`` of an SFS Turbo.

    Raises:
        CloudError: there is no such share or folder.
    """
    found = _SHARE.fullmatch(path)
    if found is None:
        raise refusal("2788", f"nfs_server_path {path}")
    row = call.db.one(
        "SELECT id FROM sfsturbo_share WHERE project_id = ? AND address = ?",
        call.project_id,
        found[1],
    )
    root = share_folder(call.cloud, call.db, call.project_id, row["id"]) if row else None
    if row is None or root is None:
        raise refusal("2788", f"nfs_server_path {path}")
    inner = str(PurePosixPath(found[2]))
    folder = below(root, inner.lstrip("/"))
    if not folder.is_dir():
        raise refusal("2788", f"nfs_server_path {path}")
    return row["id"], inner, folder
