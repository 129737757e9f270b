"""A notebook as the service remembers it, and whose it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from modelarts_nb.localcloud.iam.access import has_role
from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.workspaces import visible
from modelarts_nb.localcloud.store import Db, Row
from modelarts_nb.localcloud.web.call import Call

ALL = "modelarts:notebook:listAllNotebooks"
# Nothing may be done to a notebook while it is in one of these.
BUSY = {"INIT", "CREATING", "STARTING", "STOPPING", "DELETING", "SNAPSHOTTING"}


@dataclass
class Notebook:
    """One notebook; fields as on the wire, times in milliseconds since the epoch (UTC).

    Attributes:
        pairs: the key pairs that open the SSH endpoint since the last start.
        started_by: the user who started it last: whose key pairs those are.
        lease_asked: the milliseconds that were asked for last.
    """

    id: str
    project_id: str
    domain_id: str
    user_id: str
    name: str
    description: str
    flavor: str
    image_id: str
    created: int
    updated: int
    volume: dict[str, Any]
    status: str = "INIT"
    fail_reason: str = ""
    feature: str = "NOTEBOOK"
    pool_id: str = ""
    workspace_id: str = "0"
    custom_spec: dict[str, Any] | None = None
    hooks: dict[str, dict[str, str]] = field(default_factory=dict)
    endpoints: list[dict[str, Any]] = field(default_factory=list)
    lease_type: str = "TIMING"
    lease_enable: bool = True
    lease_duration: int = 0
    lease_asked: int = 3_600_000
    token: str = ""
    pairs: list[str] = field(default_factory=list)
    started_by: str = ""
    ssh_port: int = 0
    listening: bool = False

    @property
    def ssh(self) -> dict[str, Any] | None:
        """The SSH endpoint as it was asked for, or None."""
        return next((e for e in self.endpoints if e["service"] == "SSH"), None)

    def lease_end(self) -> int:
        """When it is stopped, in milliseconds since the epoch."""
        return self.created + self.lease_duration

    def renew(self, now: int, asked: int) -> None:
        """Let the lease end ``asked`` milliseconds from now; -1: never.

        ``duration`` counts from the creation: what is left is created + duration - now.
        """
        self.lease_asked = asked
        self.lease_enable = asked != -1
        self.lease_duration = -1 if asked == -1 else now - self.created + asked
        self.updated = now


def add(db: Db, notebook: Notebook) -> None:
    """Remember a new one."""
    db.run(
        "INSERT INTO modelarts_notebook VALUES (?, ?, ?, ?)",
        notebook.id,
        notebook.project_id,
        notebook.created,
        json.dumps(asdict(notebook)),
    )


def save(db: Db, notebook: Notebook) -> None:
    """Remember what has changed."""
    document = json.dumps(asdict(notebook))
    db.run("UPDATE modelarts_notebook SET document = ? WHERE id = ?", document, notebook.id)


def forget(db: Db, notebook_id: str) -> None:
    """It is no more."""
    db.run("DELETE FROM modelarts_notebook WHERE id = ?", notebook_id)


def find(db: Db, notebook_id: str) -> Notebook | None:
    """A notebook, whoever's; None when there is none."""
    row = db.one("SELECT document FROM modelarts_notebook WHERE id = ?", notebook_id)
    return None if row is None else _read(row)


def every(db: Db, project_id: str | None = None) -> list[Notebook]:
    """All of a project, or of the whole cloud, oldest first."""
    rows = db.all(
        "SELECT document FROM modelarts_notebook WHERE ? IS NULL OR project_id = ?"
        " ORDER BY created, id",
        project_id,
        project_id,
    )
    return [_read(row) for row in rows]


def _read(row: Row) -> Notebook:
    return Notebook(**json.loads(row["document"]))


def named(call: Call, parameter: str = "id") -> Notebook:
    """The notebook of a call's path, which the caller may know of.

    Raises:
        CloudError: there is none, or it is somebody else's and the caller may not see it.
    """
    notebook = find(call.db, call.params[parameter])
    if notebook is None or notebook.project_id != call.project_id:
        raise refusal("6309", call.params[parameter])
    # A right to see all opens no workspace that is closed to the caller.
    if notebook.workspace_id not in visible(call) or not (owns(call, notebook) or sees_all(call)):
        raise refusal("6309", call.params[parameter])
    return notebook


def owns(call: Call, notebook: Notebook) -> bool:
    """Whether it is the caller's own. An agency that acts for nobody acts for the account."""
    caller = call.caller
    if caller.kind == "agency" and not caller.user_id:
        return notebook.domain_id == caller.domain_id
    return notebook.user_id == caller.user_id


def sees_all(call: Call) -> bool:
    """Whether the caller may see and use everybody's: administrators, and who was given the right.

    The seed's 2.3.4: with the right one may start others' notebooks and log in to them, having
    replaced their key pairs.
    """
    return has_role(call.db, call.caller, "Tenant Administrator", ALL) or call.allowed(ALL)
