"""Small look-ups in what the service and its neighbours remember."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.store import Db, Row


def name_of_user(db: Db, user_id: str, domain_id: str) -> dict[str, Any]:
    """A user and its account as a notebook's reply has them."""
    user = db.one("SELECT name FROM iam_user WHERE id = ?", user_id)
    domain = db.one("SELECT name FROM iam_domain WHERE id = ?", domain_id)
    return {
        "id": user_id,
        "name": user["name"] if user else "",
        "domain": {"id": domain_id, "name": domain["name"] if domain else ""},
    }


def pool_name(db: Db, pool_id: str) -> str:
    """What a pool is called; empty when it is gone."""
    row = db.one("SELECT name FROM modelarts_pool WHERE id = ?", pool_id)
    return row["name"] if row else ""


def mounts(db: Db, notebook_id: str) -> list[Row]:
    """The storages of a notebook, oldest first."""
    return db.all(
        "SELECT * FROM modelarts_mount WHERE notebook_id = ? ORDER BY created, id", notebook_id
    )


def short_mounts(db: Db, notebook_id: str) -> list[dict[str, Any]]:
    """What is mounted, in the short form of a notebook's ``data_volumes``."""
    return [
        {
            "category": row["category"],
            "mount_path": row["mount_path"],
            "url": row["uri"],
            "status": row["status"],
            "mount_type": "DYNAMIC",
        }
        for row in mounts(db, notebook_id)
    ]
