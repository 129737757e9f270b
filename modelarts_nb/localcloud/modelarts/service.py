"""The service: its words for a refusal and its tables."""

from __future__ import annotations

from modelarts_nb.localcloud.modelarts.refusals import refusal
from modelarts_nb.localcloud.modelarts.training.schema import SCHEMA as JOBS
from modelarts_nb.localcloud.web.service import Service

SCHEMA = """
CREATE TABLE modelarts_identity (cloud TEXT NOT NULL);
INSERT INTO modelarts_identity VALUES (lower(hex(randomblob(16))));
CREATE TABLE modelarts_notebook (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, created INTEGER NOT NULL, document TEXT NOT NULL
);
CREATE INDEX modelarts_notebook_project ON modelarts_notebook (project_id, created);
CREATE TABLE modelarts_mount (
    id TEXT PRIMARY KEY,
    notebook_id TEXT NOT NULL REFERENCES modelarts_notebook ON DELETE CASCADE,
    category TEXT NOT NULL, uri TEXT NOT NULL, efs_id TEXT, mount_path TEXT NOT NULL,
    status TEXT NOT NULL, failure_reason TEXT, created REAL NOT NULL
);
CREATE TABLE modelarts_bucket (
    name TEXT PRIMARY KEY, domain_id TEXT NOT NULL, file_system INTEGER NOT NULL
);
CREATE TABLE modelarts_pool (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, workspace_id TEXT NOT NULL,
    network TEXT NOT NULL, flavor TEXT NOT NULL, nodes INTEGER NOT NULL, created REAL NOT NULL
);
CREATE TABLE modelarts_network (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, cidr TEXT NOT NULL,
    created REAL NOT NULL
);
CREATE TABLE modelarts_workspace (
    id TEXT NOT NULL, project_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
    owner_id TEXT NOT NULL, owner TEXT NOT NULL, auth_type TEXT NOT NULL, grants TEXT NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY (project_id, id),
    UNIQUE (project_id, name)
);
CREATE TABLE modelarts_authorization (
    project_id TEXT NOT NULL, user_id TEXT NOT NULL, user_name TEXT NOT NULL,
    user_type TEXT NOT NULL, agency TEXT NOT NULL, created INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE TABLE modelarts_mode (domain_id TEXT PRIMARY KEY, mode TEXT NOT NULL)
"""

SERVICE = Service(
    "modelarts",
    forbidden=lambda action: refusal("0112", action),
    invalid=lambda message: refusal("6400", message),
    schema=f"{SCHEMA};{JOBS}",
    wrong_project=lambda project_id: refusal("0210", project_id),
)
