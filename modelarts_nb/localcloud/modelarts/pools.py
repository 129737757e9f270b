"""Dedicated pools, their networks, and clusters of pools, as Kubernetes-like objects.

Example data: there are no machines behind them. Making, changing and deleting pools is refused
after the right to do so was asked for.
"""

from __future__ import annotations

import uuid
from typing import Any

from modelarts_nb.localcloud.iam.service import stamp
from modelarts_nb.localcloud.modelarts.paging import paged
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.service import SERVICE
from modelarts_nb.localcloud.modelarts.workspaces import visible
from modelarts_nb.localcloud.sfsturbo.networks import associations
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call

_POOLS = "/v2/{project_id}/pools"
_NETWORKS = "/v1/{project_id}/networks"


def add_network(db: Db, project_id: str, name: str, cidr: str, now: float) -> str:
    """A network of a project; its id, which is also its ``metadata.name``."""
    network_id = f"{name}-{uuid.uuid4()}"[:63]
    db.run(
        "INSERT INTO modelarts_network VALUES (?, ?, ?, ?, ?)",
        network_id,
        project_id,
        name,
        cidr,
        now,
    )
    return network_id


def add_pool(
    db: Db, project_id: str, name: str, network: str, flavor: str, nodes: int, now: float
) -> str:
    """A dedicated pool in the default workspace; its id, which is also its ``metadata.name``."""
    pool_id = f"pool-{uuid.uuid4()}"
    values = (pool_id, project_id, name, "0", network, flavor, nodes, now)
    db.run("INSERT INTO modelarts_pool VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values)
    return pool_id


def pool_row(call: Call, pool_id: str) -> Row:
    """A pool of the project that the caller may use.

    Raises:
        CloudError: there is none.
    """
    row = call.db.one(
        "SELECT * FROM modelarts_pool WHERE id = ? AND project_id = ?", pool_id, call.project_id
    )
    if row is None or row["workspace_id"] not in visible(call):
        raise refusal("6404", f"The pool {pool_id}")
    return row


def _pool(row: Row) -> dict[str, Any]:
    count = {"flavor": row["flavor"], "count": row["nodes"], "maxCount": row["nodes"]}
    return {
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": {
            "name": row["id"],
            "creationTimestamp": stamp(row["created"]),
            "labels": {
                "os.modelarts/name": row["name"],
                "os.modelarts/workspace.id": row["workspace_id"],
                "os.modelarts/tenant.project.id": row["project_id"],
            },
            "annotations": {"os.modelarts/description": "", "os.modelarts/billing.mode": "0"},
        },
        "spec": {
            "type": "Dedicate",
            "scope": ["Notebook", "Train"],
            "resources": [count],
            "network": {"name": row["network"]},
            "jobFlavors": [],
        },
        "status": {
            "phase": "Running",
            "message": "",
            "resources": {"available": [count], "creating": [], "abnormal": [], "deleting": []},
            "scope": [
                {"scopeType": "Notebook", "state": "Enabled"},
                {"scopeType": "Train", "state": "Enabled"},
            ],
        },
    }


def _pools(call: Call) -> list[Row]:
    rows = call.db.all(
        "SELECT * FROM modelarts_pool WHERE project_id = ? ORDER BY created, id", call.project_id
    )
    seen = visible(call)
    return [row for row in rows if row["workspace_id"] in seen]


@SERVICE.route("GET", _POOLS, action="modelarts:pool:list")
def list_pools(call: Call) -> Any:
    """The dedicated pools; the public one is everybody's and not listed."""
    workspace, status = call.request.get("workspaceId"), call.request.get("status")
    rows = [r for r in _pools(call) if workspace in {None, "", r["workspace_id"]}]
    wanted = status in {None, "", "created", "Running"}
    return {"apiVersion": "v2", "kind": "PoolList", "items": [_pool(r) for r in rows if wanted]}


@SERVICE.route("GET", _POOLS + "/{pool_name}", action="modelarts:pool:get")
def show_pool(call: Call) -> Any:
    """One pool, by its ``metadata.name``."""
    return _pool(pool_row(call, call.params["pool_name"]))


@SERVICE.route("POST", _POOLS, action="modelarts:pool:create")
def create_pool(call: Call) -> Any:  # noqa: ARG001
    """There are no machines to make a pool of."""
    raise refusal("6360", "the local cloud has no nodes for another pool")


@SERVICE.route("PATCH", _POOLS + "/{pool_name}", action="modelarts:pool:update")
def update_pool(call: Call) -> Any:
    """Nothing of a pool can be changed."""
    pool_row(call, call.params["pool_name"])
    raise refusal("6360", "the local cloud has no other nodes for the pool")


@SERVICE.route("DELETE", _POOLS + "/{pool_name}", action="modelarts:pool:delete")
def delete_pool(call: Call) -> Any:
    """A pool could not be made again."""
    pool_row(call, call.params["pool_name"])
    raise refusal("6357", "the local cloud does not delete its example pools")


def _network(db: Db, row: Row) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Network",
        "metadata": {
            "name": row["id"],
            "creationTimestamp": stamp(row["created"]),
            "labels": {"os.modelarts/name": row["name"], "os.modelarts/workspace.id": "0"},
            "annotations": {},
        },
        "spec": {"cidr": row["cidr"], "connection": {"peerConnectionList": []}},
        "status": {
            "phase": "Active",
            "connectionStatus": {
                "peerConnectionStatus": [],
                "sfsTurboStatus": associations(db, row["project_id"], row["id"]),
            },
        },
    }


@SERVICE.route("GET", _NETWORKS, action="modelarts:network:list")
def list_networks(call: Call) -> Any:
    """The project's networks and which shares they reach."""
    rows = call.db.all(
        "SELECT * FROM modelarts_network WHERE project_id = ? ORDER BY created, id", call.project_id
    )
    return {
        "apiVersion": "v1",
        "kind": "NetworkList",
        "metadata": {"remainingItemCount": 0},
        "items": [_network(call.db, row) for row in rows],
    }


@SERVICE.route("GET", _NETWORKS + "/{network_name}", action="modelarts:network:get")
def show_network(call: Call) -> Any:
    """One network, by its ``metadata.name``."""
    row = call.db.one(
        "SELECT * FROM modelarts_network WHERE id = ? AND project_id = ?",
        call.params["network_name"],
        call.project_id,
    )
    if row is None:
        raise refusal("6404", f"The network {call.params['network_name']}")
    return _network(call.db, row)


def reaches(db: Db, pool: Row, share_id: str) -> bool:
    """Whether the network of a pool is associated with a share, and the connection works."""
    return any(
        found["sfsId"] == share_id and found["status"] == "Active"
        for found in associations(db, pool["project_id"], pool["network"])
    )


@SERVICE.route("GET", "/v1/{project_id}/authoring/clusters", action="modelarts:pool:list")
def list_clusters(call: Call) -> Any:
    """Pools as notebooks are placed on them: ``MANAGED`` is the public one."""
    kind = call.request.get("type")
    if kind not in {"MANAGED", "DEDICATED"}:
        raise refusal("0104", "type must be MANAGED or DEDICATED")
    shown = [_cluster(call, row) for row in _pools(call)] if kind == "DEDICATED" else [_public()]
    return paged(call, shown, sizes=None)


def _public() -> dict[str, Any]:
    return {"pool_id": "public", "status": "ACTIVE", "type": "MANAGED", "is_allow_root": False}


def _cluster(call: Call, row: Row) -> dict[str, Any]:
    return {
        "logic_cluster_id": row["id"],
        "pool_id": row["id"],
        "status": "ACTIVE",
        "type": "DEDICATED",
        "workspace_id": row["workspace_id"],
        "project_id": row["project_id"],
        "domain_id": call.caller.domain_id,
        "is_allow_root": False,
        "create_at": str(int(row["created"] * 1000)),
        "update_at": str(int(row["created"] * 1000)),
    }
