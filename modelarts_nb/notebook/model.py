"""A notebook instance as the cloud describes it, without what is secret (its token)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from modelarts_nb.cloud.shape import items, moment, number, obj, text, texts

RUNNING, STOPPED = "RUNNING", "STOPPED"
STARTING = frozenset({"INIT", "CREATING", "STARTING"})
FAILED = frozenset({"CREATE_FAILED", "START_FAILED", "DELETE_FAILED", "ERROR", "FROZEN", "DELETED"})
STATUSES = (
    *("INIT", "CREATING", "STARTING", "STOPPING", "DELETING", "RUNNING", "STOPPED"),
    *("SNAPSHOTTING", "CREATE_FAILED", "START_FAILED", "DELETE_FAILED", "ERROR", "DELETED"),
    "FROZEN",
)


@dataclass(frozen=True)
class Lease:
    """When the notebook stops by itself.

    The cloud counts ``duration`` from ``create_at``, both in milliseconds; what is left is
    ``create_at + duration - now``. ``remaining`` is in seconds, 0 when it is over, None when the
    notebook does not stop by itself. ``kind`` is TIMING, or IDLE (counted while nothing runs).
    """

    enabled: bool
    kind: str
    ends: str | None
    remaining: int | None


@dataclass(frozen=True)
class Image:
    """What the notebook runs."""

    id: str
    name: str
    path: str


@dataclass(frozen=True)
class Pool:
    """A dedicated pool; a notebook in the public pool has none."""

    id: str
    name: str


@dataclass(frozen=True)
class Volume:
    """Its persistent storage. ``capacity`` in GB, None where the cloud does not say."""

    category: str
    ownership: str
    mount_path: str
    capacity: int | None
    uri: str


@dataclass(frozen=True)
class Endpoint:
    """A way in: ``service`` is NOTEBOOK or SSH. ``allowed_ips`` empty: from everywhere."""

    service: str
    uri: str
    key_pairs: tuple[str, ...]
    allowed_ips: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One of the four steps of a start: 1 storage, 2 compute, 3 network, 4 initialising."""

    number: int
    status: str
    description: str


@dataclass(frozen=True)
class Notebook:
    """One instance. Times are ISO 8601 in UTC, empty where the cloud does not say."""

    id: str
    name: str
    status: str
    description: str
    flavor: str
    image: Image
    pool: Pool | None
    volume: Volume
    lease: Lease | None
    endpoints: tuple[Endpoint, ...]
    user: str
    user_id: str
    workspace: str
    url: str
    ip: str
    created: str
    updated: str
    fail_reason: str
    steps: tuple[Step, ...]


def read_notebook(value: Any) -> Notebook:
    """A notebook from the cloud's JSON; whatever is missing is empty."""
    image, volume, user = obj(value, "image"), obj(value, "volume"), obj(value, "user")
    pool = obj(value, "pool")
    tag = text(image, "tag")
    path = text(image, "swr_path")
    return Notebook(
        id=text(value, "id"),
        name=text(value, "name"),
        status=text(value, "status"),
        description=text(value, "description"),
        flavor=text(value, "flavor"),
        image=Image(
            text(image, "id"),
            text(image, "name") + (f":{tag}" if tag and text(image, "name") else ""),
            path,
        ),
        pool=Pool(text(pool, "id"), text(pool, "name")) if text(pool, "id") else None,
        volume=Volume(
            text(volume, "category"),
            text(volume, "ownership"),
            text(volume, "mount_path"),
            number(volume, "capacity"),
            text(volume, "uri"),
        ),
        lease=read_lease(value["lease"]) if obj(value, "lease") else None,
        endpoints=tuple(
            Endpoint(
                text(e, "service") or text(e, "dev_service"),
                # A web address may end in the token.
                text(e, "uri").partition("?")[0],
                texts(e, "key_pair_names"),
                texts(e, "allowed_access_ips"),
            )
            for e in items(value, "endpoints")
        ),
        user=text(user, "name"),
        user_id=text(user, "id") or text(value, "user_id"),
        workspace=text(value, "workspace_id"),
        url=text(value, "url").partition("?")[0],
        ip=text(value, "ip"),
        created=moment(number(value, "create_at")),
        updated=moment(number(value, "update_at")),
        fail_reason=text(value, "fail_reason"),
        steps=tuple(
            Step(number(s, "step") or 0, text(s, "status"), text(s, "description"))
            for s in items(value, "action_progress")
        ),
    )


def read_lease(value: Any, now_ms: float | None = None) -> Lease:
    """A lease from the cloud's JSON, measured now.

    Args:
        value: ``{"create_at": ms, "duration": ms, "enable": true, "type": "TIMING"}``.
        now_ms: epoch milliseconds; None: this machine's clock.
    """
    created, duration = number(value, "create_at"), number(value, "duration")
    kind = text(value, "type").upper() or "TIMING"
    enabled = obj(value).get("enable") is not False
    # -1 is how Terraform spells "never".
    if not enabled or created is None or duration is None or duration < 0:
        return Lease(False, kind, None, None)
    ends = created + duration
    now = time.time() * 1000 if now_ms is None else now_ms
    return Lease(True, kind, moment(ends), max(0, int((ends - now) / 1000)))
