"""ModelArts' part of the demo account, made once with the state."""

from __future__ import annotations

import uuid
from functools import partial

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.demo import AGENCY, DEVELOPER, DOMAIN, SHARE, TEAMMATE
from modelarts_nb.localcloud.modelarts import notebooks, pools
from modelarts_nb.localcloud.modelarts.authority import ALL_USERS
from modelarts_nb.localcloud.modelarts.authorizations import authorize
from modelarts_nb.localcloud.modelarts.catalog import DEFAULT_IMAGE
from modelarts_nb.localcloud.modelarts.lifecycle import identity_of, milliseconds
from modelarts_nb.localcloud.modelarts.notebooks import Notebook
from modelarts_nb.localcloud.modelarts.sources import add_bucket, bucket_folder
from modelarts_nb.localcloud.modelarts.workspaces import add_default
from modelarts_nb.localcloud.plane.storage import mount
from modelarts_nb.localcloud.sfsturbo.networks import associate
from modelarts_nb.localcloud.store import Db

BUCKET = "demo-bucket"
MOUNT = "/data/demo-bucket"
_FLAVOR = "modelarts.vm.cpu.2u"
_FILES = {
    "README.txt": "A bucket of the local cloud: what you see under /data is this folder.\n",
    "datasets/numbers.csv": "x,y\n1,2\n3,4\n",
}


def make(cloud: Cloud) -> None:
    """Make it where there is none yet."""
    with cloud.store.write() as db:
        project = db.one(
            "SELECT p.id, p.domain_id FROM iam_project p JOIN iam_domain d"
            " ON d.id = p.domain_id WHERE d.name = ?",
            DOMAIN,
        )
        if project is None or db.one("SELECT 1 FROM modelarts_workspace") is not None:
            return
        users = {
            row["name"]: row["id"]
            for row in db.all("SELECT * FROM iam_user WHERE domain_id = ?", project["domain_id"])
        }
        now = milliseconds(cloud)
        add_default(db, project["id"], (users[DOMAIN], DOMAIN), now)
        authorize(db, project["id"], (ALL_USERS,) * 3, AGENCY, now)
        pool_id = _pool(db, project["id"], cloud.now())
        add_bucket(cloud, db, project["domain_id"], BUCKET, file_system=True)
        notebook = partial(
            Notebook,
            project_id=project["id"],
            domain_id=project["domain_id"],
            flavor=_FLAVOR,
            image_id=DEFAULT_IMAGE,
            created=now,
            updated=now,
            volume={"category": "EFS", "ownership": "MANAGED", "capacity": 50},
            pool_id=pool_id,
        )
        running = notebook(
            id=str(uuid.uuid4()),
            user_id=users[DEVELOPER],
            name="demo",
            description="Running, with a bucket mounted",
            status="RUNNING",
            lease_asked=24 * 3_600_000,
        )
        stopped = notebook(
            id=str(uuid.uuid4()),
            user_id=users[TEAMMATE],
            name="teammates-notebook",
            description="Stopped",
            status="STOPPED",
        )
        for one in (running, stopped):
            notebooks.add(db, one)
        db.run(
            "INSERT INTO modelarts_mount VALUES (?, ?, 'OBSFS', ?, NULL, ?, 'MOUNTED', NULL, ?)",
            str(uuid.uuid4()),
            running.id,
            f"obs://{BUCKET}/",
            MOUNT,
            cloud.now(),
        )
        _folders(cloud, running)


def _pool(db: Db, project_id: str, now: float) -> str:
    """A dedicated pool whose network reaches the demo share."""
    network = pools.add_network(db, project_id, "demo-network", "192.168.128.0/17", now)
    share = db.one(
        "SELECT id FROM sfsturbo_share WHERE project_id = ? AND name = ?", project_id, SHARE
    )
    if share is not None:
        associate(db, share["id"], network)
    return pools.add_pool(db, project_id, "demo-pool", network, _FLAVOR, 2, now)


def _folders(cloud: Cloud, notebook: Notebook) -> None:
    bucket = bucket_folder(cloud, BUCKET)
    for name, text in _FILES.items():
        (bucket / name).parent.mkdir(parents=True, exist_ok=True)
        (bucket / name).write_text(text)
    folders = identity_of(cloud, notebook).folders
    folders.create()
    mount(folders, MOUNT, bucket)
