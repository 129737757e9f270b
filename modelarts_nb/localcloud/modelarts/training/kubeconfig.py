"""The cluster's API of one local cloud, and a kubeconfig for each user of the demo account.

In the cloud a ModelArts Lite cluster hands such a file out. Tokens are new at every start and worth
nothing afterwards.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.modelarts.runtime import runtime
from modelarts_nb.localcloud.modelarts.training.cluster import TrainingCluster
from modelarts_nb.localcloud.modelarts.training.runtime import NAMESPACE, training
from modelarts_nb.localcloud.state import KEYS

SUFFIX = ".kubeconfig"
_CLUSTER = "modelarts-local"


def open_cluster(cloud: Cloud) -> None:
    """Begin to answer, and write ``keys/NAME.kubeconfig``."""
    from modelarts_nb.localcloud.plane.exec.certificate import tls
    from modelarts_nb.localcloud.plane.exec.server import ExecServer

    found = training(cloud)
    context, authority = tls(runtime(cloud).folder)
    found.server = ExecServer(TrainingCluster(cloud), context)
    folder = cloud.folder / KEYS
    folder.mkdir(mode=0o700, exist_ok=True)
    with cloud.store.read() as db:
        users = db.all("SELECT id, name FROM iam_user WHERE NOT is_root")
    for user in users:
        token = secrets.token_urlsafe(32)
        found.tokens[token] = user["id"]
        content = kubeconfig(found.server.endpoint, authority, user["name"], token)
        _write(folder / f"{user['name']}{SUFFIX}", json.dumps(content, indent=2) + "\n")


def close_cluster(cloud: Cloud) -> None:
    """End all sessions, answer no more, remove the files."""
    found = training(cloud)
    if found.server is not None:
        found.server.stop()
        found.server = None
    found.tokens.clear()
    for file in (cloud.folder / KEYS).glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            file.unlink()


def kubeconfig(endpoint: str, authority: str, user: str, token: str) -> dict[str, Any]:
    """A kubeconfig, as JSON, which is YAML too."""
    encoded = base64.b64encode(authority.encode()).decode()
    context = {"cluster": _CLUSTER, "user": user, "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": _CLUSTER,
                "cluster": {"server": endpoint, "certificate-authority-data": encoded},
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": _CLUSTER, "context": context}],
        "current-context": _CLUSTER,
    }


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(fresh, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
