"""The store of key pairs: whose they are, who sees them.

A pair of scope ``user`` is its owner's alone; one of scope ``domain`` is everybody's in the
account. A name is free for somebody who sees no pair of that name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from modelarts_nb.localcloud.keypairs.keys import fingerprint, make_key, read_public
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call, Caller

Scope = Literal["user", "domain"]
NAME = r"[A-Za-z0-9_-]{1,255}"

SCHEMA = """
CREATE TABLE keypair_pair (
    id INTEGER PRIMARY KEY AUTOINCREMENT, project_id TEXT NOT NULL, owner_id TEXT NOT NULL,
    name TEXT NOT NULL, scope TEXT NOT NULL, public_key TEXT NOT NULL, fingerprint TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', private_key TEXT, created REAL NOT NULL,
    updated REAL NOT NULL
);
CREATE UNIQUE INDEX keypair_name ON keypair_pair (project_id, scope, name,
    CASE scope WHEN 'user' THEN owner_id ELSE '' END)
"""


class NameTaken(Exception):
    """The caller sees a pair of this name already."""


@dataclass(frozen=True)
class NewPair:
    """A pair that was made or imported; ``private`` is empty for an imported one."""

    row: Row
    private: str = field(repr=False)


def owner(caller: Caller) -> str:
    """Whose pairs a caller's are: the user's, also in an agency's session that was opened for one.

    Those of a service's session are the agency's.
    """
    return caller.user_id or caller.agency_id


def visible(db: Db, project_id: str, owner_id: str) -> list[Row]:
    """The pairs that somebody sees, by name."""
    return db.all(
        "SELECT * FROM keypair_pair WHERE project_id = ? AND (scope = 'domain' OR owner_id = ?)"
        " ORDER BY name, scope DESC",
        project_id,
        owner_id,
    )


def find(db: Db, project_id: str, owner_id: str, name: str) -> Row | None:
    """The pair of a name that somebody may use: their own first, else the account's."""
    rows = visible(db, project_id, owner_id)
    return next((row for row in rows if row["name"] == name), None)


def create(call: Call, name: str, scope: Scope, public_key: str) -> NewPair:
    """Make a pair, or import the public half of one.

    Args:
        call: who asks, where.
        name: of the form ``NAME``.
        scope: who shall see it.
        public_key: to import; empty makes a new key.

    Raises:
        NameTaken: the caller sees one of this name.
        KeyRefused: the public key is none that the cloud takes.
    """
    db, project_id = call.db, call.project_id
    if find(db, project_id, owner(call.caller), name) is not None:
        raise NameTaken
    private = ""
    if public_key:
        public = read_public(public_key)
    else:
        made = make_key("Generated-by-Local-Cloud")
        public, private = made.public, made.private
    now = call.cloud.now()
    db.run(
        "INSERT INTO keypair_pair (project_id, owner_id, name, scope, public_key, fingerprint,"
        " created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        project_id,
        owner(call.caller),
        name,
        scope,
        public,
        fingerprint(public),
        now,
        now,
    )
    row = find(db, project_id, owner(call.caller), name)
    if row is None:
        raise RuntimeError("the pair that was just made is not there")
    return NewPair(row, private)


def delete(db: Db, pair: Row) -> None:
    """Delete a pair. What was started with it goes on until it asks for the pair again."""
    db.run("DELETE FROM keypair_pair WHERE id = ?", pair["id"])
