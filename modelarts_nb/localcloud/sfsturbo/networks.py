"""Which networks of dedicated pools reach which shares.

SFS Turbo has no call for it: ModelArts ties the two together for its users, with the rights
``sfsturbo:shares:addShareNic`` and its like (seed table 2-19).
"""

from __future__ import annotations

from typing import Any, Literal

from modelarts_nb.localcloud.store import Db, Row

Kind = Literal["VpcPort", "Peering"]
Status = Literal["Active", "Abnormal", "Creating", "Deleting"]


def associate(
    db: Db, share_id: str, network: str, *, kind: Kind = "VpcPort", status: Status = "Active"
) -> None:
    """Tie a share to a network, or say how an existing tie is.

    Args:
        db: the transaction.
        share_id: the share.
        network: the id of the network.
        kind: how they are connected.
        status: only ``Active`` lets pools of the network mount the share.
    """
    count = db.one("SELECT count(*) AS n FROM sfsturbo_nic")
    number = (count["n"] if count else 0) + 2
    db.run(
        "INSERT INTO sfsturbo_nic VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET kind = excluded.kind, status = excluded.status",
        share_id,
        network,
        f"172.16.{number // 250}.{number % 250}",
        kind,
        status,
    )


def dissociate(db: Db, share_id: str, network: str) -> bool:
    """Untie a share from a network; whether it was tied to it."""
    return bool(
        db.run("DELETE FROM sfsturbo_nic WHERE share_id = ? AND network = ?", share_id, network)
    )


def networks_of(db: Db, share_id: str) -> list[Row]:
    """The ties of a share: ``network``, ``address``, ``kind``, ``status``."""
    return db.all("SELECT * FROM sfsturbo_nic WHERE share_id = ? ORDER BY network", share_id)


def associations(db: Db, project_id: str, network: str) -> list[dict[str, Any]]:
    """The shares that a network reaches, as ModelArts' ``sfsTurboStatus`` lists them."""
    rows = db.all(
        "SELECT s.name, s.id, n.kind, n.address, n.status FROM sfsturbo_share s"
        " JOIN sfsturbo_nic n ON n.share_id = s.id WHERE s.project_id = ? AND n.network = ?"
        " ORDER BY s.name",
        project_id,
        network,
    )
    return [
        {
            "name": row["name"],
            "sfsId": row["id"],
            "connectionType": row["kind"],
            "ipAddr": row["address"],
            "status": row["status"],
        }
        for row in rows
    ]
