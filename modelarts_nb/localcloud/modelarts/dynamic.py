"""Dynamic storage: attaching OBS and SFS Turbo to a running notebook, under ``/data``."""

from __future__ import annotations

import contextlib
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.authority import need_agency
from modelarts_nb.localcloud.modelarts.lifecycle import identity_of
from modelarts_nb.localcloud.modelarts.notebooks import Notebook, find, named
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.sfspolicy import need_folder
from modelarts_nb.localcloud.modelarts.sources import efs_source, obs_source
from modelarts_nb.localcloud.modelarts.tables import mounts
from modelarts_nb.localcloud.modelarts.volumes import need_network
from modelarts_nb.localcloud.plane.errors import PlaneError
from modelarts_nb.localcloud.plane.storage import mount, name_under_data, unmount
from modelarts_nb.localcloud.store import Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields

_ALL = "/v1/{project_id}/notebooks/{instance_id}/storage"
_ONE = _ALL + "/{storage_id}"


@SERVICE.route("POST", _ALL, action="modelarts:notebook:mountStorage")
def attach(call: Call) -> Any:
    """Begin to mount; the reply says MOUNTING."""
    notebook, fields = named(call, "instance_id"), Fields(call.body())
    if notebook.status != "RUNNING":
        raise refusal("6327", notebook.id)
    category = fields.choice("category", "OBS", "OBSFS", "EFS")
    uri = fields.text("uri", most=256)
    path = fields.text("mount_path", most=256)
    name = name_under_data(path)
    if name is None:
        raise refusal("6927", path)
    efs_id = fields.text("efs_id", most=64) if category == "EFS" else None
    source = _source(call, notebook, uri, efs_id)
    if any(name_under_data(row["mount_path"]) == name for row in mounts(call.db, notebook.id)):
        raise refusal("6927", f"{path}, which is in use,")
    storage_id = str(uuid.uuid4())
    # A parallel file system that was asked for as OBS is answered as what it is.
    shown_category = "OBSFS" if category == "OBS" else category
    call.db.run(
        "INSERT INTO modelarts_mount VALUES (?, ?, ?, ?, ?, ?, 'MOUNTING', NULL, ?)",
        storage_id,
        notebook.id,
        shown_category,
        uri,
        efs_id,
        path,
        call.cloud.now(),
    )
    call.afterwards(partial(mounting, call.cloud, storage_id, source))
    return _shown(_row(call, storage_id, notebook))


def _source(call: Call, notebook: Notebook, uri: str, efs_id: str | None) -> Path:
    """The folder behind a URI, once everything that must be so is so."""
    agency = need_agency(call, notebook.user_id, "storage")
    if efs_id is None:
        return obs_source(call, uri, agency)
    if not notebook.pool_id:
        raise refusal("6702", "EFS of a notebook outside of a dedicated pool")
    folder, inner = efs_source(call, uri, efs_id)
    need_network(call, notebook.pool_id, efs_id)
    need_folder(call, efs_id, inner, notebook.pool_id)
    return folder


def mounting(cloud: Cloud, storage_id: str, source: Path) -> None:
    """MOUNTING to MOUNTED or MOUNT_FAILED. The event ``storage.mount`` makes it fail."""
    cloud.stopping.wait(runtime(cloud).pace.mounting)
    with cloud.store.read() as db:
        row = db.one("SELECT * FROM modelarts_mount WHERE id = ?", storage_id)
        notebook = find(db, row["notebook_id"]) if row else None
    if row is None or notebook is None:
        return
    reason = _mounted(cloud, notebook, row, source)
    with cloud.store.write() as db:
        db.run(
            "UPDATE modelarts_mount SET status = ?, failure_reason = ? WHERE id = ?",
            "MOUNT_FAILED" if reason else "MOUNTED",
            reason or None,
            storage_id,
        )


def _mounted(cloud: Cloud, notebook: Notebook, row: Row, source: Path) -> str:
    """Make it visible; why not, or nothing."""
    fault = cloud.faults.event("storage.mount")
    if fault is not None:
        return str(fault.body or "The storage does not answer.")
    with runtime(cloud).alone(notebook.id):
        try:
            if row["category"] != "EFS":
                # A folder of a bucket exists as soon as somebody names it.
                source.mkdir(parents=True, exist_ok=True)
            mount(identity_of(cloud, notebook).folders, row["mount_path"], source)
        except (PlaneError, OSError) as error:
            return str(error)
    return ""


@SERVICE.route("GET", _ALL, action="modelarts:notebook:listMountedStorages")
def list_storages(call: Call) -> Any:
    """What is attached to a notebook."""
    rows = mounts(call.db, named(call, "instance_id").id)
    size = len(rows)
    return {
        "data": [_shown(row) for row in rows],
        "total": size,
        "current": 0,
        "pages": 1 if rows else 0,
        "size": size,
    }


@SERVICE.route("GET", _ONE, action="modelarts:notebook:getMountedStorage")
def show_storage(call: Call) -> Any:
    """One of them."""
    return _shown(_row(call, call.params["storage_id"], named(call, "instance_id")))


@SERVICE.route("DELETE", _ONE, action="modelarts:notebook:unmountStorage")
def detach(call: Call) -> Any:
    """Begin to unmount; the reply says UNMOUNTING; afterwards it is not found (6404)."""
    notebook = named(call, "instance_id")
    row = _row(call, call.params["storage_id"], notebook)
    if row["status"] not in {"MOUNTED", "MOUNT_FAILED", "UNMOUNT_FAILED"}:
        raise refusal("6357", row["status"])
    call.db.run("UPDATE modelarts_mount SET status = 'UNMOUNTING' WHERE id = ?", row["id"])
    call.afterwards(partial(unmounting, call.cloud, row["id"], row["status"] == "MOUNT_FAILED"))
    return _shown(_row(call, row["id"], notebook))


def unmounting(cloud: Cloud, storage_id: str, never_mounted: bool = False) -> None:
    """UNMOUNTING to gone or UNMOUNT_FAILED. The event ``storage.unmount`` makes it fail.

    Args:
        cloud: where.
        storage_id: which.
        never_mounted: what is at the path is not this storage, so it is left alone.
    """
    cloud.stopping.wait(runtime(cloud).pace.mounting)
    with cloud.store.read() as db:
        row = db.one("SELECT * FROM modelarts_mount WHERE id = ?", storage_id)
        notebook = find(db, row["notebook_id"]) if row else None
    if row is None or notebook is None:
        return
    reason = "" if never_mounted else _unmounted(cloud, notebook, row)
    with cloud.store.write() as db:
        if reason:
            db.run(
                "UPDATE modelarts_mount SET status = 'UNMOUNT_FAILED', failure_reason = ?"
                " WHERE id = ?",
                reason,
                storage_id,
            )
        else:
            db.run("DELETE FROM modelarts_mount WHERE id = ?", storage_id)


def _unmounted(cloud: Cloud, notebook: Notebook, row: Row) -> str:
    if fault := cloud.faults.event("storage.unmount"):
        return str(fault.body or "The storage is in use.")
    with runtime(cloud).alone(notebook.id):
        try:
            unmount(identity_of(cloud, notebook).folders, row["mount_path"])
        except PlaneError as error:
            return str(error)
    return ""


def pick_up(cloud: Cloud) -> None:
    """What was under way when the cloud ended is over: mounting failed, unmounting goes on."""
    with cloud.store.write() as db:
        begun = db.all("SELECT * FROM modelarts_mount WHERE status = 'MOUNTING'")
        db.run(
            "UPDATE modelarts_mount SET status = 'MOUNT_FAILED', failure_reason ="
            " 'The local cloud ended meanwhile.' WHERE status = 'MOUNTING'"
        )
        rows = db.all("SELECT id FROM modelarts_mount WHERE status = 'UNMOUNTING'")
        notebooks = {row["id"]: find(db, row["notebook_id"]) for row in begun}
    for row in begun:
        # It may have been there already when the cloud was killed.
        if (notebook := notebooks[row["id"]]) is not None:
            with contextlib.suppress(PlaneError):
                unmount(identity_of(cloud, notebook).folders, row["mount_path"])
    for row in rows:
        cloud.in_background(partial(unmounting, cloud, row["id"]))


def _row(call: Call, storage_id: str, notebook: Notebook) -> Row:
    row = call.db.one(
        "SELECT * FROM modelarts_mount WHERE id = ? AND notebook_id = ?", storage_id, notebook.id
    )
    if row is None:
        raise refusal("6404", f"The storage {storage_id}")
    return row


def _shown(row: Row) -> dict[str, Any]:
    found = {
        "id": row["id"],
        "category": row["category"],
        "mount_path": row["mount_path"],
        "uri": row["uri"],
        "status": row["status"],
        "mount_type": "DYNAMIC",
    }
    if row["efs_id"]:
        found["efs_id"] = row["efs_id"]
    if row["failure_reason"]:
        found["failure_reason"] = row["failure_reason"]
    return found
