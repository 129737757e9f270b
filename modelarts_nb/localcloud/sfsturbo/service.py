"""The service, its tables, its refusals.

Codes and messages as far as the handbook's table of SFS Turbo error codes has them.
"""

from __future__ import annotations

from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.problem import CloudError, camel
from modelarts_nb.localcloud.web.service import Service

_SCHEMA = """
CREATE TABLE sfsturbo_share (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    share_proto TEXT NOT NULL, share_type TEXT NOT NULL, hpc_bw TEXT NOT NULL,
    vpc_id TEXT NOT NULL, subnet_id TEXT NOT NULL, security_group_id TEXT NOT NULL,
    zone TEXT NOT NULL, address TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL,
    UNIQUE (project_id, name)
);
CREATE TABLE sfsturbo_folder (
    share_id TEXT NOT NULL REFERENCES sfsturbo_share ON DELETE CASCADE, path TEXT NOT NULL,
    uid INTEGER NOT NULL, gid INTEGER NOT NULL, PRIMARY KEY (share_id, path)
);
CREATE TABLE sfsturbo_quota (
    share_id TEXT NOT NULL REFERENCES sfsturbo_share ON DELETE CASCADE, path TEXT NOT NULL,
    capacity INTEGER NOT NULL, inode INTEGER NOT NULL, PRIMARY KEY (share_id, path)
);
CREATE TABLE sfsturbo_usage (
    share_id TEXT NOT NULL REFERENCES sfsturbo_share ON DELETE CASCADE, path TEXT NOT NULL,
    bytes INTEGER NOT NULL, measured REAL NOT NULL, PRIMARY KEY (share_id, path)
);
CREATE TABLE sfsturbo_task (
    id TEXT PRIMARY KEY, share_id TEXT NOT NULL REFERENCES sfsturbo_share ON DELETE CASCADE,
    feature TEXT NOT NULL, path TEXT NOT NULL, status TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '{}', began REAL NOT NULL, ended REAL
);
CREATE TABLE sfsturbo_rule (
    id TEXT PRIMARY KEY, share_id TEXT NOT NULL REFERENCES sfsturbo_share ON DELETE CASCADE,
    ip_cidr TEXT NOT NULL, rw_type TEXT NOT NULL, user_type TEXT NOT NULL,
    UNIQUE (share_id, ip_cidr)
);
CREATE TABLE sfsturbo_nic (
    share_id TEXT NOT NULL REFERENCES sfsturbo_share ON DELETE CASCADE, network TEXT NOT NULL,
    address TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
    PRIMARY KEY (share_id, network)
)
"""

SFSTURBO = Service(
    "sfsturbo",
    forbidden=lambda action: CloudError(
        403, "SFS.TURBO.0015", f"do not have the operation permission: {action}"
    ),
    invalid=lambda message: CloudError(400, "SFS.TURBO.0001", f"Parameter error: {message}"),
    shape=camel,
    schema=_SCHEMA,
)
SHARES = "/v1/{project_id}/sfs-turbo/shares"
ONE = SHARES + "/{share_id}"
RIGHT = "sfsturbo:shares:"
AVAILABLE = "200"


def find(db: Db, project_id: str, share_id: str) -> Row | None:
    """A share of a project."""
    return db.one(
        "SELECT * FROM sfsturbo_share WHERE id = ? AND project_id = ?", share_id, project_id
    )


def share(call: Call, *, ready: bool = False) -> Row:
    """The share that a call is about.

    Args:
        call: with ``share_id`` in its path.
        ready: whether it must be usable.

    Raises:
        CloudError: there is none, or it is being made.
    """
    row = find(call.db, call.project_id, call.params["share_id"])
    if row is None:
        raise CloudError(404, "SFS.TURBO.0002", "share not exist")
    if ready and row["status"] != AVAILABLE:
        raise CloudError(400, "SFS.TURBO.0011", "Cluster is doing something")
    return row
