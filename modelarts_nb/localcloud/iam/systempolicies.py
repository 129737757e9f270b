"""System policies and roles: those that the seed names, as far as they touch what is offered here.

What they hold is public only by description (seed tables 2-2, 2-3, 2-21); this is the description
in statements. "ModelArts CommonOperations" is everything but managing dedicated pools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelarts_nb.localcloud.iam.account import add_role
from modelarts_nb.localcloud.store import Db


def _policy(*allowed: str, denied: tuple[str, ...] = ()) -> dict[str, Any]:
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": list(allowed)}]
    if denied:
        statements.append({"Effect": "Deny", "Action": list(denied)})
    return {"Version": "1.1", "Statement": statements}


def _role(*allowed: str) -> dict[str, Any]:
    return {**_policy(*allowed), "Version": "1.0"}


@dataclass(frozen=True)
class SystemPolicy:
    """One of them; ``kind`` is AX for global services, XA for projects, AA for both."""

    name: str
    kind: str
    catalog: str
    document: dict[str, Any]


_POOL_CHANGES = ("modelarts:pool:create", "modelarts:pool:update", "modelarts:pool:delete")
_READ = ("get*", "list*", "show*", "check*")


def _read_only(service: str) -> tuple[str, ...]:
    return tuple(f"{service}:*:{verb}" for verb in _READ)


SYSTEM_POLICIES = (
    SystemPolicy("ModelArts FullAccess", "XA", "ModelArts", _policy("modelarts:*:*")),
    SystemPolicy(
        "ModelArts CommonOperations",
        "XA",
        "ModelArts",
        _policy("modelarts:*:*", denied=_POOL_CHANGES),
    ),
    SystemPolicy(
        "ModelArts Dependency Access",
        "XA",
        "ModelArts",
        _policy("ecs:serverKeypairs:*", "kps:domainKeypairs:get", "kps:domainKeypairs:list",
                "sfsturbo:shares:getShare", "sfsturbo:shares:getAllShares", "swr:*:*",
                "smn:*:*", "aom:*:*"),
    ),
    SystemPolicy("OBS Administrator", "AX", "OBS", _policy("obs:*:*")),
    SystemPolicy(
        "OBS OperateAccess",
        "AX",
        "OBS",
        _policy("obs:bucket:ListAllMyBuckets", "obs:bucket:HeadBucket", "obs:bucket:ListBucket",
                "obs:bucket:GetBucketLocation", "obs:object:*"),
    ),
    SystemPolicy("SWR OperateAccess", "XA", "SWR", _policy("swr:*:*")),
    SystemPolicy("KMS CMKFullAccess", "XA", "KMS", _policy("kms:*:*")),
    SystemPolicy("CES FullAccess", "XA", "CES", _policy("ces:*:*")),
    SystemPolicy("CES ReadOnlyAccess", "XA", "CES", _policy(*_read_only("ces"))),
    SystemPolicy("SMN FullAccess", "XA", "SMN", _policy("smn:*:*")),
    SystemPolicy("SFS FullAccess", "XA", "SFS", _policy("sfs:*:*")),
    SystemPolicy("EPS ReadOnlyAccess", "AX", "EPS", _policy(*_read_only("eps"))),
    SystemPolicy("SWR FullAccess", "XA", "SWR", _policy("swr:*:*")),
    SystemPolicy("SWR Administrator", "XA", "SWR", _role("swr:*:*")),
    SystemPolicy("ECS FullAccess", "XA", "ECS", _policy("ecs:*:*")),
    SystemPolicy("ECS ReadOnlyAccess", "XA", "ECS", _policy(*_read_only("ecs"))),
    SystemPolicy("DEW KeypairFullAccess", "XA", "KPS", _policy("kps:*:*", "ecs:serverKeypairs:*")),
    SystemPolicy(
        "DEW KeypairReadOnlyAccess",
        "XA",
        "KPS",
        _policy(*_read_only("kps"), "ecs:serverKeypairs:get", "ecs:serverKeypairs:list"),
    ),
    SystemPolicy("SFS Turbo FullAccess", "XA", "SFSTurbo", _policy("sfsturbo:*:*")),
    SystemPolicy(
        "SFS Turbo ReadOnlyAccess", "XA", "SFSTurbo", _policy(*_read_only("sfsturbo"))
    ),
    SystemPolicy("SMN Administrator", "XA", "SMN", _role("smn:*:*")),
    SystemPolicy("CTS Administrator", "XA", "CTS", _role("cts:*:*")),
    SystemPolicy("VPC FullAccess", "XA", "VPC", _policy("vpc:*:*")),
    SystemPolicy("AOM FullAccess", "XA", "AOM", _policy("aom:*:*")),
    SystemPolicy("IAM ReadOnlyAccess", "AX", "IAM", _policy(*_read_only("iam"))),
    SystemPolicy("Security Administrator", "AX", "BASE", _role("iam:*:*")),
    SystemPolicy("Agent Operator", "AX", "BASE", _role("iam:tokens:assume")),
    SystemPolicy("Tenant Administrator", "AA", "BASE", _role("*:*:*")),
    SystemPolicy(
        "Tenant Guest", "AA", "BASE", _role(*(f"*:*:{verb}" for verb in _READ))
    ),
)  # fmt: skip


def add_system_policies(db: Db, now: float) -> None:
    """Make them known; done once, with the state."""
    for policy in SYSTEM_POLICIES:
        add_role(
            db, None, policy.name, policy.kind, policy.document, now, catalog=policy.catalog
        )  # fmt: skip
