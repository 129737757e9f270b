"""Quotas of folders, and how much is in them."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.iam.service import stamp
from modelarts_nb.localcloud.sfsturbo.folders import full, missing, path_of
from modelarts_nb.localcloud.sfsturbo.service import ONE, RIGHT, SFSTURBO, share
from modelarts_nb.localcloud.sfsturbo.tree import Measured, measure, root
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError

_QUOTA = ONE + "/fs/dir-quota"
_TASKS = ONE + "/fs/{feature}/tasks"
_MIB = 1024**2
# The cloud measures a folder at most every five minutes (SDK's docstring).
_CACHE_SECONDS = 300.0


def _measured(call: Call, row: Row, names: tuple[str, ...]) -> Measured:
    try:
        return measure(root(call.cloud.folder, row), names)
    except OSError:
        raise missing(names) from None


def _quota(call: Call, row: Row, names: tuple[str, ...]) -> Row | None:
    return call.db.one(
        "SELECT * FROM sfsturbo_quota WHERE share_id = ? AND path = ?", row["id"], full(names)
    )


def _asked_for(call: Call) -> tuple[Row, tuple[str, ...], int, int]:
    row, fields = share(call, ready=True), Fields(call.body())
    names = path_of(fields.text("path", most=1024))
    # One that is left out counts as 0, which lets nobody write (facts 1.8).
    return row, names, fields.number("capacity", 0), fields.number("inode", 0)


@SFSTURBO.route("POST", _QUOTA, action=RIGHT + "createFsDirQuota")
def create_quota(call: Call) -> Any:
    """Limit a folder, in MB and inodes."""
    row, names, capacity, inode = _asked_for(call)
    _measured(call, row, names)
    try:
        call.db.run(
            "INSERT INTO sfsturbo_quota VALUES (?, ?, ?, ?)",
            row["id"],
            full(names),
            capacity,
            inode,
        )
    except sqlite3.IntegrityError:
        raise CloudError(400, "SFS.TURBO.0112", "quota already exist") from None
    return _shown(call, row, names)


@SFSTURBO.route("PUT", _QUOTA, action=RIGHT + "updateFsDirQuota")
def update_quota(call: Call) -> Any:
    """Limit a folder otherwise."""
    row, names, capacity, inode = _asked_for(call)
    changed = call.db.run(
        "UPDATE sfsturbo_quota SET capacity = ?, inode = ? WHERE share_id = ? AND path = ?",
        capacity,
        inode,
        row["id"],
        full(names),
    )
    if not changed:
        raise CloudError(404, "SFS.TURBO.0001", "quota not exist")
    return _shown(call, row, names)


@SFSTURBO.route("GET", _QUOTA, action=RIGHT + "showFsDirQuota")
def show_quota(call: Call) -> Any:
    """A folder's limits and what is used of them."""
    return _shown(call, share(call, ready=True), path_of(call.request.get("path")))


@SFSTURBO.route("DELETE", _QUOTA, action=RIGHT + "deleteFsDirQuota")
def delete_quota(call: Call) -> Any:
    """Limit a folder no more."""
    row = share(call, ready=True)
    names = path_of(Fields(call.body()).text("path", most=1024))
    if not call.db.run(
        "DELETE FROM sfsturbo_quota WHERE share_id = ? AND path = ?", row["id"], full(names)
    ):
        raise CloudError(404, "SFS.TURBO.0001", "quota not exist")
    return Reply(204)


def _shown(call: Call, row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    found, quota = _measured(call, row, names), _quota(call, row, names)
    if quota is None:
        raise CloudError(404, "SFS.TURBO.0001", "quota not exist")
    return {
        "path": full(names),
        "capacity": quota["capacity"],
        "inode": quota["inode"],
        "used_capacity": -(-found.used // _MIB),
        "used_inode": found.inodes,
    }


@SFSTURBO.route("GET", ONE + "/fs/dir-usage", action=RIGHT + "showFsDirUsage")
def show_usage(call: Call) -> Any:
    """The bytes below a folder, up to five minutes old."""
    row, names = share(call, ready=True), path_of(call.request.get("path"))
    known = call.db.one(
        "SELECT * FROM sfsturbo_usage WHERE share_id = ? AND path = ?", row["id"], full(names)
    )
    now = call.cloud.now()
    if known is not None and now - known["measured"] < _CACHE_SECONDS:
        return {"dir_usage": {"used_capacity": known["bytes"]}}
    used = _measured(call, row, names).used

    def remember() -> None:
        with call.cloud.store.write() as db:
            db.run(
                "INSERT OR REPLACE INTO sfsturbo_usage SELECT ?, ?, ?, ? WHERE EXISTS"
                " (SELECT 1 FROM sfsturbo_share WHERE id = ?)",
                row["id"],
                full(names),
                used,
                now,
                row["id"],
            )

    # A call that reads may not write; what it found is written after it.
    call.afterwards(remember)
    return {"dir_usage": {"used_capacity": used}}


@SFSTURBO.route("POST", _TASKS, action=RIGHT + "createFsTask")
def create_task(call: Call) -> Any:
    """Count what is in a folder, in the background."""
    row = share(call, ready=True)
    _known(call)
    names = path_of(Fields(call.body()).text("path", most=1024))
    task_id = str(uuid.uuid4())
    call.db.run(
        "INSERT INTO sfsturbo_task (id, share_id, feature, path, status, began)"
        " VALUES (?, ?, 'dir-usage', ?, 'DOING', ?)",
        task_id,
        row["id"],
        full(names),
        call.cloud.now(),
    )
    call.afterwards(lambda: _count(call.cloud, row, task_id, names))
    return Reply(202, {"task_id": task_id})


def _known(call: Call) -> None:
    if call.params["feature"] != "dir-usage":
        raise BadRequest("The local cloud knows only the feature dir-usage.")


def _count(cloud: Cloud, row: Row, task_id: str, names: tuple[str, ...]) -> None:
    try:
        found = measure(root(cloud.folder, row), names)
        kinds = ("dir", "regular", "pipe", "char", "block", "socket", "symlink")
        status, result = (
            "SUCCESS",
            {
                "path": full(names),
                "used_capacity": found.used,
                "file_count": {kind: found.count[kind] for kind in kinds},
                "message": "",
            },
        )
    except OSError:
        status, result = "FAIL", {"path": full(names), "message": f"path {full(names)} not exist"}
    with cloud.store.write() as db:
        db.run(
            "UPDATE sfsturbo_task SET status = ?, result = ?, ended = ? WHERE id = ?",
            status,
            json.dumps(result),
            cloud.now(),
            task_id,
        )


@SFSTURBO.route("GET", _TASKS + "/{task_id}", action=RIGHT + "showFsTask")
def show_task(call: Call) -> Any:
    """How far a count is."""
    _known(call)
    row = call.db.one(
        "SELECT * FROM sfsturbo_task WHERE id = ? AND share_id = ?",
        call.params["task_id"],
        share(call)["id"],
    )
    if row is None:
        raise CloudError(400, "SFS.TURBO.0106", "Invalid task id.")
    return {
        "task_id": row["id"],
        "status": row["status"],
        "dir_usage": json.loads(row["result"]),
        "begin_time": _time(row["began"]),
        "end_time": _time(row["ended"]) if row["ended"] else "",
    }


def _time(seconds: float) -> str:
    return stamp(seconds)[:19].replace("T", " ")
