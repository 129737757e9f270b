"""What can be mounted: buckets and shares, and the folders behind them.

There is no OBS here: a bucket is a folder of the local cloud, made with the demo account or by the
operator. A share is SFS Turbo's.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.sfsturbo.shares import share_folder
from modelarts_nb.localcloud.store import Db
from modelarts_nb.localcloud.web.call import Call, Caller
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import Reply
from modelarts_nb.localcloud.web.problem import CloudError
from modelarts_nb.localcloud.web.service import OPERATOR

_BUCKET = re.compile(r"obs://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", re.DOTALL)
_SHARE = re.compile(r"[0-9A-Za-z.-]+:(/.*)?", re.DOTALL)


def bucket_folder(cloud: Cloud, name: str) -> Path:
    """Where a bucket's objects are."""
    return runtime(cloud).folder / "buckets" / name


def add_bucket(cloud: Cloud, db: Db, domain_id: str, name: str, *, file_system: bool) -> None:
    """A new bucket; ``file_system``: a parallel file system, the only kind that can be mounted."""
    db.run("INSERT INTO modelarts_bucket VALUES (?, ?, ?)", name, domain_id, int(file_system))
    bucket_folder(cloud, name).mkdir(mode=0o700, parents=True, exist_ok=True)


def obs_source(call: Call, uri: str, agency: Caller) -> Path:
    """The folder of ``obs://bucket/dir/``, made when the bucket has no such folder yet.

    Raises:
        CloudError: no such bucket, no parallel file system, or ModelArts' agency may not use it.
    """
    found = _BUCKET.fullmatch(uri)
    if found is None:
        raise refusal("6400", f"uri {uri} must have the form obs://bucket/folder/")
    name = found[1]
    row = call.db.one(
        "SELECT * FROM modelarts_bucket WHERE name = ? AND domain_id = ?",
        name,
        call.caller.domain_id,
    )
    may = call.cloud.decide(call.db, agency, "obs:bucket:ListBucket", {}, f"obs:*:*:bucket:{name}")
    if row is None or not row["file_system"] or not may.allowed:
        raise refusal("6772", name)
    return below(bucket_folder(call.cloud, name), found[2])


def efs_source(call: Call, uri: str, efs_id: str) -> tuple[Path, str]:
    """The folder of ``<address>:/dir`` of a share, and ``/dir``.

    Raises:
        CloudError: no such share, or no such folder in it.
    """
    found = _SHARE.fullmatch(uri)
    if found is None:
        raise refusal("6400", f"uri {uri} must have the form <share>.sfsturbo.internal:/folder")
    root = share_folder(call.cloud, call.db, call.project_id, efs_id)
    if root is None:
        raise refusal("6404", f"The file system {efs_id}")
    inner = str(PurePosixPath(found[1] or "/"))
    folder = below(root, inner.lstrip("/"))
    if not folder.is_dir():
        raise refusal("6404", f"The folder {inner} of the file system")
    return folder, inner


def below(root: Path, inner: str) -> Path:
    """A folder of a bucket or share by its name in there.

    Raises:
        CloudError: the name leads out of it, by dots or by a link.
    """
    parts = [part for part in inner.split("/") if part]
    if any(part in {".", ".."} or "\0" in part for part in parts):
        raise refusal("6400", f"{inner} is not a folder's name")
    folder = root.joinpath(*parts)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise refusal("6404", inner)
    return folder


@SERVICE.route("POST", "/_local/buckets", action=OPERATOR)
def make_bucket(call: Call) -> Reply:
    """A bucket on request of the operator; OBS' own API is not offered."""
    fields = Fields(call.body())
    name = fields.text("name", pattern=r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
    domain_id = fields.text("domain_id")
    if call.db.one("SELECT 1 FROM modelarts_bucket WHERE name = ?", name):
        raise CloudError(409, "BucketAlreadyExists", "There is a bucket of this name.")
    add_bucket(call.cloud, call.db, domain_id, name, file_system=fields.flag("file_system", True))
    return Reply(201, {"name": name, "folder": str(bucket_folder(call.cloud, name))})
