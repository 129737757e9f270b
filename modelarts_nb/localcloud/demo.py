"""The demo account: made once with the state; its keys are new at every start."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.iam import account
from modelarts_nb.localcloud.iam.service import KEYSTONE
from modelarts_nb.localcloud.iam.systempolicies import add_system_policies
from modelarts_nb.localcloud.sfsturbo.shares import add_share
from modelarts_nb.localcloud.store import Db

DOMAIN = "demo"
ADMINISTRATOR = "administrator"
DEVELOPER = "developer"
NO_RIGHTS = "norights"
TEAMMATE = "teammate"
AGENCY = "modelarts_agency"
SHARE = "team-share"
_FOLDERS = ("datasets", "checkpoints")

_ADMINISTRATORS = (
    "Tenant Administrator",
    "Security Administrator",
)
# What the seed gives developers: 2.3.2.3, and 2.3.3's Policy3, which hides others' notebooks.
_DEVELOPERS = (
    "ModelArts CommonOperations",
    "ModelArts Dependency Access",
    "SFS Turbo FullAccess",
    "DEW KeypairFullAccess",
    "OBS Administrator",
    "Agent Operator",
)
_AGENCY = ("OBS Administrator", "SFS Turbo ReadOnlyAccess", "VPC FullAccess", "AOM FullAccess")
_DEVELOPERS_OWN = (
    (
        "Developers see projects and users",
        "AX",
        {"Effect": "Allow", "Action": ["iam:users:listUsers", "iam:projects:listProjects"]},
    ),
    (
        "Developers do not manage pools",
        "XA",
        {
            "Effect": "Deny",
            "Action": [
                "modelarts:pool:create",
                "modelarts:pool:update",
                "modelarts:pool:delete",
                "modelarts:notebook:listAllNotebooks",
            ],
        },
    ),
)
_AGENCY_OWN = {
    "Effect": "Allow",
    "Action": [
        "modelarts:notebook:get",
        "modelarts:notebook:list",
        "modelarts:notebook:update",
        "modelarts:notebook:stop",
        "modelarts:notebook:updateStopPolicy",
        "modelarts:notebook:mountStorage",
        "modelarts:notebook:unmountStorage",
        "modelarts:notebook:getMountedStorage",
        "modelarts:notebook:listMountedStorages",
    ],
}


@KEYSTONE.at_start
def make_account(cloud: Cloud) -> None:
    """Make the account where there is none yet, and forget the keys of the last start."""
    with cloud.store.write() as db:
        account.drop_keys(db)
        if db.one("SELECT 1 FROM iam_domain") is None:
            _make(cloud, db)


def _make(cloud: Cloud, db: Db) -> None:
    now = cloud.now()
    add_system_policies(db, now)
    trusted = (account.add_domain(db, account.SERVICE_DOMAIN), account.SERVICE_DOMAIN)
    domain_id = account.add_domain(db, DOMAIN)
    project_id = account.add_project(db, domain_id, cloud.region)
    account.add_user(db, domain_id, DOMAIN, now, root=True, description="the account itself")
    everywhere: tuple[account.ScopeKind, str] = ("all_projects", domain_id)

    admins = account.add_group(db, domain_id, "administrators", now)
    developers = account.add_group(db, domain_id, "developers", now)
    for name in _ADMINISTRATORS:
        account.grant(db, account.role_named(db, name), ("group", admins), everywhere, now)
    for name in _DEVELOPERS:
        account.grant(db, account.role_named(db, name), ("group", developers), everywhere, now)
    for name, kind, statement in _DEVELOPERS_OWN:
        document = {"Version": "1.1", "Statement": [statement]}
        role_id = account.add_role(db, domain_id, name, kind, document, now)
        account.grant(db, role_id, ("group", developers), everywhere, now)

    members = ((ADMINISTRATOR, admins), (DEVELOPER, developers), (TEAMMATE, developers))
    for name, group_id in members:
        account.join(db, account.add_user(db, domain_id, name, now), group_id)
    account.add_user(db, domain_id, NO_RIGHTS, now, description="in no group")

    agency_id = account.add_agency(
        db, domain_id, AGENCY, trusted, now, description="what ModelArts may do for the account"
    )
    document = {"Version": "1.1", "Statement": [_AGENCY_OWN]}
    notebooks = account.add_role(db, domain_id, "Notebooks manage themselves", "XA", document, now)
    for role_id in (notebooks, *(account.role_named(db, name) for name in _AGENCY)):
        account.grant(db, role_id, ("agency", agency_id), everywhere, now)
    share_id = add_share(cloud, db, project_id, SHARE, 500)
    for name in _FOLDERS:
        (cloud.folder / "sfsturbo" / share_id / name).mkdir(parents=True)


def access_of(cloud: Cloud) -> dict[str, Any]:
    """New keys for everyone of the demo account, and where the cloud is: ``access.json``.

    Returns:
        ``endpoint``, ``region``, ``domain_id``, ``project_id``, ``agency``, ``operator`` (``ak``,
        ``sk``) and ``users``: by name ``{user_id, ak, sk}``.
    """
    with cloud.store.write() as db:
        project = db.one(
            "SELECT p.* FROM iam_project p JOIN iam_domain d ON d.id = p.domain_id"
            " WHERE d.name = ?",
            DOMAIN,
        )
        if project is None:
            raise RuntimeError("the demo account has no project")
        users = {}
        for row in db.all(
            "SELECT * FROM iam_user WHERE domain_id = ? AND NOT is_root", project["domain_id"]
        ):
            key = account.add_key(db, row["id"], cloud.now())
            users[row["name"]] = {"user_id": row["id"], "ak": key.access, "sk": key.secret}
    return {
        **cloud.facts,
        "endpoint": cloud.endpoint,
        "region": cloud.region,
        "domain_id": project["domain_id"],
        "domain_name": DOMAIN,
        "project_id": project["id"],
        "agency": AGENCY,
        "users": users,
        "operator": {"ak": cloud.operator.access, "sk": cloud.operator.secret},
    }
