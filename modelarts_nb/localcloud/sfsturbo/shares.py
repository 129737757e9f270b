"""Shares: list, show, make, delete; and who mounts them."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import uuid
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.iam.service import stamp
from modelarts_nb.localcloud.plane.erase import erase_contents
from modelarts_nb.localcloud.plane.errors import Refused
from modelarts_nb.localcloud.sfsturbo.networks import networks_of
from modelarts_nb.localcloud.sfsturbo.service import (
    AVAILABLE,
    ONE,
    RIGHT,
    SFSTURBO,
    SHARES,
    find,
    share,
)
from modelarts_nb.localcloud.sfsturbo.tree import root
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call
from modelarts_nb.localcloud.web.fields import Fields
from modelarts_nb.localcloud.web.message import BadRequest, Reply
from modelarts_nb.localcloud.web.problem import CloudError

log = logging.getLogger("localcloud")

_GIB = 1024**3
# Sizes in GB that the cloud sells.
_LEAST, _MOST = 500, 32768


def shown(cloud: Cloud, row: Row) -> dict[str, Any]:
    """A share as the API shows it; sizes are texts, in GB."""
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "sub_status": "",
        "size": f"{row['size']:.2f}",
        "avail_capacity": f"{_free(cloud, row):.2f}",
        "export_location": f"{row['address']}:/",
        "share_proto": row["share_proto"],
        "share_type": row["share_type"],
        "expand_type": "hpc" if row["hpc_bw"] else "",
        "hpc_bw": row["hpc_bw"],
        "vpc_id": row["vpc_id"],
        "subnet_id": row["subnet_id"],
        "security_group_id": row["security_group_id"],
        "availability_zone": row["zone"],
        "region": cloud.region,
        "pay_model": "0",
        "enterprise_project_id": "0",
        "tags": [],
        "features": {"backup": {"is_support": False}},
        "created_at": _time(row["created"]),
    }


def _time(seconds: float) -> str:
    return stamp(seconds)[:19]


def _free(cloud: Cloud, row: Row) -> float:
    """GB that are left: of its size, or of this machine's disk if that is less."""
    place = root(cloud.folder, row)
    if not place.is_dir():
        return float(row["size"])
    return min(float(row["size"]), shutil.disk_usage(place).free / _GIB)


def add_share(cloud: Cloud, db: Db, project_id: str, name: str, size: int, **more: str) -> str:
    """A new share, not ready before ``open_share``; its id.

    Args:
        cloud: where.
        db: the transaction.
        project_id: whose.
        name: unique in the project.
        size: in GB.
        more: other columns.

    Raises:
        sqlite3.IntegrityError: the name is taken.
    """
    share_id = str(uuid.uuid4())
    count = db.one("SELECT count(*) AS n FROM sfsturbo_share")
    number = count["n"] + 10 if count else 10
    values = {
        "id": share_id,
        "project_id": project_id,
        "name": name,
        "size": size,
        "share_proto": "NFS",
        "share_type": "STANDARD",
        "hpc_bw": "",
        "vpc_id": "",
        "subnet_id": "",
        "security_group_id": "",
        "zone": f"{cloud.region}a",
        "address": f"192.168.{number // 250}.{number % 250}",
        "status": "100",
        "created": cloud.now(),
        **more,
    }
    db.run(
        "INSERT INTO sfsturbo_share VALUES (:id, :project_id, :name, :size, :share_proto,"
        " :share_type, :hpc_bw, :vpc_id, :subnet_id, :security_group_id, :zone, :address,"
        " :status, :created)",
        values,
    )
    return share_id


def share_folder(cloud: Cloud, db: Db, project_id: str, share_id: str) -> Path | None:
    """Where the files of a share are on this machine; None where there is no usable share."""
    row = find(db, project_id, share_id)
    return root(cloud.folder, row) if row is not None and row["status"] == AVAILABLE else None


def open_share(cloud: Cloud, share_id: str) -> None:
    """Make a share's folder, then call it usable; failed if the disk or a fault says so."""
    with cloud.store.write() as db:
        row = db.one("SELECT * FROM sfsturbo_share WHERE id = ?", share_id)
        if row is None:
            return
        if cloud.faults.event("sfsturbo.create"):
            status = "303"
        else:
            root(cloud.folder, row).mkdir(parents=True, exist_ok=True)
            status = AVAILABLE
        db.run("UPDATE sfsturbo_share SET status = ? WHERE id = ?", status, share_id)


@SFSTURBO.at_start
def finish_unfinished(cloud: Cloud) -> None:
    """Finish what the last run began: shares that were being made, and being deleted."""
    with cloud.store.read() as db:
        rows = db.all("SELECT * FROM sfsturbo_share")
    for row in rows:
        if row["status"] == "100":
            open_share(cloud, row["id"])
    known = {row["id"] for row in rows}
    for place in (cloud.folder / "sfsturbo").glob("*"):
        if place.name not in known:
            try:
                _erase(place)
            except (Refused, OSError) as error:
                log.warning("the files of a deleted share stay: %s", error)


@SFSTURBO.route("GET", SHARES + "/detail", action=RIGHT + "getAllShares")
def list_shares(call: Call) -> Any:
    """The project's shares."""
    limit = call.request.number("limit", 1000, least=1, most=1000)
    offset = call.request.number("offset", 0)
    rows = call.db.all(
        "SELECT * FROM sfsturbo_share WHERE project_id = ? ORDER BY created, id", call.project_id
    )
    page = rows[offset : offset + limit]
    return {"shares": [shown(call.cloud, row) for row in page], "count": len(rows)}


@SFSTURBO.route("GET", ONE, action=RIGHT + "getShare")
def show_share(call: Call) -> Any:
    """One share."""
    return shown(call.cloud, share(call))


@SFSTURBO.route("POST", SHARES, action=RIGHT + "createShare")
def create_share(call: Call) -> Any:
    """A new share, ready a moment later."""
    fields = Fields(call.body()).object("share")
    name = fields.text("name", pattern=r"[A-Za-z][A-Za-z0-9_-]{3,63}")
    size = fields.number("size", least=_LEAST, most=_MOST)
    if fields.choice("share_proto", "NFS", "CIFS") == "CIFS":
        raise BadRequest("The local cloud has no CIFS.")
    more = {key: fields.text(key, most=64) for key in ("vpc_id", "subnet_id", "security_group_id")}
    metadata = fields.object("metadata") if fields.has("metadata") else Fields({})
    try:
        share_id = add_share(
            call.cloud,
            call.db,
            call.project_id,
            name,
            size,
            share_type=fields.choice("share_type", "STANDARD", "PERFORMANCE"),
            hpc_bw=metadata.text("hpc_bw", "", most=16),
            zone=fields.text("availability_zone", most=64),
            **more,
        )
    except sqlite3.IntegrityError:
        raise CloudError(409, "SFS.TURBO.0009", "Name has existed") from None
    call.afterwards(lambda: open_share(call.cloud, share_id))
    return Reply(202, {"id": share_id, "name": name, "status": "100"})


@SFSTURBO.route("DELETE", ONE, action=RIGHT + "deleteShare")
def delete_share(call: Call) -> Any:
    """Delete a share and everything in it, unless a network still uses it."""
    row = share(call)
    if networks_of(call.db, row["id"]):
        raise CloudError(400, "SFS.TURBO.0011", "Cluster is doing something: a network uses it")
    call.db.run("DELETE FROM sfsturbo_share WHERE id = ?", row["id"])
    place = root(call.cloud.folder, row)
    call.afterwards(lambda: _erase(place))
    return Reply(202)


def _erase(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        erase_contents(descriptor)
    finally:
        os.close(descriptor)
    place.rmdir()


@SFSTURBO.route("POST", ONE + "/action", action=RIGHT + "showShareNic")
def show_clients(call: Call) -> Any:
    """The addresses from which the share is mounted: those of the networks that it is tied to."""
    row = share(call, ready=True)
    if not Fields(call.body()).has("get_client_ips"):
        raise BadRequest("The local cloud knows only the action get_client_ips.")
    return {"id": row["id"], "ips": [nic["address"] for nic in networks_of(call.db, row["id"])]}
