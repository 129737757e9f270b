"""IAM's tables. A role is a system role, a system policy or a custom policy, as in its API."""

SCHEMA = """
CREATE TABLE iam_domain (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE iam_project (
    id TEXT PRIMARY KEY, domain_id TEXT NOT NULL REFERENCES iam_domain, name TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1, UNIQUE (domain_id, name)
);
CREATE TABLE iam_user (
    id TEXT PRIMARY KEY, domain_id TEXT NOT NULL REFERENCES iam_domain, name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', enabled INTEGER NOT NULL DEFAULT 1,
    is_root INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, UNIQUE (domain_id, name)
);
CREATE TABLE iam_group (
    id TEXT PRIMARY KEY, domain_id TEXT NOT NULL REFERENCES iam_domain, name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', created REAL NOT NULL, UNIQUE (domain_id, name)
);
CREATE TABLE iam_membership (
    user_id TEXT NOT NULL REFERENCES iam_user ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES iam_group ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE TABLE iam_role (
    id TEXT PRIMARY KEY, domain_id TEXT REFERENCES iam_domain, name TEXT NOT NULL,
    display_name TEXT NOT NULL, type TEXT NOT NULL, catalog TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', document TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL
);
CREATE UNIQUE INDEX iam_role_name ON iam_role (coalesce(domain_id, ''), display_name);
CREATE TABLE iam_agency (
    id TEXT PRIMARY KEY, domain_id TEXT NOT NULL REFERENCES iam_domain, name TEXT NOT NULL,
    trust_domain_id TEXT NOT NULL, trust_domain_name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', duration TEXT NOT NULL, created REAL NOT NULL,
    UNIQUE (domain_id, name)
);
CREATE TABLE iam_grant (
    role_id TEXT NOT NULL REFERENCES iam_role ON DELETE CASCADE,
    subject_kind TEXT NOT NULL, subject_id TEXT NOT NULL,
    scope_kind TEXT NOT NULL, scope_id TEXT NOT NULL, created REAL NOT NULL,
    PRIMARY KEY (role_id, subject_kind, subject_id, scope_kind, scope_id)
);
CREATE TABLE iam_key (
    access TEXT PRIMARY KEY, secret TEXT NOT NULL, user_id TEXT, agency_id TEXT,
    token TEXT NOT NULL DEFAULT '', expires REAL, status TEXT NOT NULL DEFAULT 'active',
    description TEXT NOT NULL DEFAULT '', session_policy TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL
)
"""
