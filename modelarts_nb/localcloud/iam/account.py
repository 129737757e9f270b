"""What an account is made of: users, groups, policies, agencies, grants, keys, as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from modelarts_nb.localcloud.iam.secret import Secret, new_id, new_key, new_token
from modelarts_nb.localcloud.store import Db

SubjectKind = Literal["user", "group", "agency"]
ScopeKind = Literal["project", "domain", "all_projects"]

# The account of the cloud's own services, as an agency for ModelArts names it.
SERVICE_DOMAIN = "op_svc_modelarts"
MAX_AGENCIES = 50


def add_domain(db: Db, name: str) -> str:
    """A new account; its id."""
    domain_id = new_id()
    db.run("INSERT INTO iam_domain VALUES (?, ?)", domain_id, name)
    return domain_id


def add_project(db: Db, domain_id: str, name: str) -> str:
    """A new project; its id."""
    project_id = new_id()
    db.run("INSERT INTO iam_project VALUES (?, ?, ?, 1)", project_id, domain_id, name)
    return project_id


def add_user(
    db: Db,
    domain_id: str,
    name: str,
    now: float,
    *,
    description: str = "",
    root: bool = False,
    enabled: bool = True,
) -> str:
    """A new user; its id.

    Raises:
        sqlite3.IntegrityError: the name is taken.
    """
    user_id = new_id()
    values = (user_id, domain_id, name, description, int(enabled), int(root), now)
    db.run("INSERT INTO iam_user VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
    return user_id


def add_group(db: Db, domain_id: str, name: str, now: float, description: str = "") -> str:
    """A new user group; its id.

    Raises:
        sqlite3.IntegrityError: the name is taken.
    """
    group_id = new_id()
    values = (group_id, domain_id, name, description, now)
    db.run("INSERT INTO iam_group VALUES (?, ?, ?, ?, ?)", *values)
    return group_id


def join(db: Db, user_id: str, group_id: str) -> None:
    """Put a user into a group, where it may be already."""
    db.run("INSERT OR IGNORE INTO iam_membership VALUES (?, ?)", user_id, group_id)


def add_role(
    db: Db,
    domain_id: str | None,
    display_name: str,
    kind: str,
    document: Mapping[str, Any],
    now: float,
    *,
    description: str = "",
    catalog: str = "CUSTOMED",
) -> str:
    """A new policy, of the cloud where ``domain_id`` is None; its id.

    Raises:
        sqlite3.IntegrityError: the name is taken.
    """
    role_id = new_id()
    name = display_name.lower().replace(" ", "_") if domain_id is None else f"custom_{role_id}"
    values = (role_id, domain_id, name, display_name, kind, catalog, description)
    db.run(
        "INSERT INTO iam_role VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *values,
        json.dumps(document),
        now,
        now,
    )
    return role_id


def add_agency(
    db: Db,
    domain_id: str,
    name: str,
    trusted: tuple[str, str],
    now: float,
    *,
    description: str = "",
    duration: str = "FOREVER",
) -> str:
    """A new agency for a trusted account (its id and name); the agency's id.

    Raises:
        sqlite3.IntegrityError: the name is taken.
    """
    agency_id = new_id()
    values = (agency_id, domain_id, name, *trusted, description, duration, now)
    db.run("INSERT INTO iam_agency VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values)
    return agency_id


def grant(
    db: Db,
    role_id: str,
    subject: tuple[SubjectKind, str],
    scope: tuple[ScopeKind, str],
    now: float,
) -> None:
    """Put a policy in force for somebody somewhere; again is no error.

    Args:
        db: the transaction.
        role_id: the policy.
        subject: who: a kind and an id.
        scope: where: a project, an account's global services, or (id of the account) everything.
        now: seconds since the epoch.
    """
    db.run("INSERT OR IGNORE INTO iam_grant VALUES (?, ?, ?, ?, ?, ?)",
           role_id, *subject, *scope, now)  # fmt: skip


def role_named(db: Db, display_name: str, domain_id: str | None = None) -> str:
    """The id of a policy.

    Raises:
        KeyError: there is none of this name.
    """
    row = db.one(
        "SELECT id FROM iam_role WHERE display_name = ? AND domain_id IS ?", display_name, domain_id
    )
    if row is None:
        raise KeyError(display_name)
    role_id: str = row["id"]
    return role_id


def add_key(db: Db, user_id: str, now: float, description: str = "") -> Secret:
    """A permanent access key of a user."""
    key = new_key()
    db.run(
        "INSERT INTO iam_key (access, secret, user_id, description, created)"
        " VALUES (?, ?, ?, ?, ?)",
        key.access,
        key.secret,
        user_id,
        description,
        now,
    )
    return key


def add_temporary_key(
    db: Db,
    now: float,
    seconds: int,
    *,
    user_id: str = "",
    agency_id: str = "",
    session_policy: str = "",
) -> tuple[Secret, str]:
    """A temporary key of a user or of an agency (for a user), and its security token.

    Args:
        db: the transaction.
        now: seconds since the epoch.
        seconds: how long it is good.
        user_id: whose key; with an agency the user that it is for, or none.
        agency_id: whose rights the key has instead of the user's.
        session_policy: JSON of a policy that narrows it.
    """
    key, token = new_key(), new_token()
    db.run(
        "INSERT INTO iam_key (access, secret, user_id, agency_id, token, expires, session_policy,"
        " created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        key.access,
        key.secret,
        user_id or None,
        agency_id or None,
        token,
        now + seconds,
        session_policy,
        now,
    )
    return key, token


def drop_keys(db: Db) -> None:
    """Forget every key: those of an earlier start are worth nothing."""
    db.run("DELETE FROM iam_key")
