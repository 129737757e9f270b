"""How a notebook looks on the wire (``NotebookResp`` and what the SDK drops of it)."""

from __future__ import annotations

from typing import Any

from modelarts_nb.localcloud.modelarts.catalog import CUSTOM_FLAVOR, image
from modelarts_nb.localcloud.modelarts.notebooks import Notebook
from modelarts_nb.localcloud.modelarts.tables import name_of_user, pool_name, short_mounts
from modelarts_nb.localcloud.store import Db
from modelarts_nb.localcloud.web.call import Call

_STEPS = ("storage", "compute", "network", "init")


def shown(call: Call, notebook: Notebook) -> dict[str, Any]:
    """The notebook for its caller."""
    return rendered(call.db, call.cloud.endpoint, notebook)


def rendered(db: Db, endpoint: str, notebook: Notebook) -> dict[str, Any]:
    """The notebook as JSON; ``endpoint`` is the local cloud's."""
    running = notebook.status == "RUNNING"
    # Nothing answers there: the local cloud starts no Jupyter in a notebook.
    url = f"{endpoint}/{notebook.id}/lab" if running else ""
    found = {
        "id": notebook.id,
        "name": notebook.name,
        "description": notebook.description,
        "status": notebook.status,
        "fail_reason": notebook.fail_reason,
        "action_progress": _progress(notebook.status),
        "feature": notebook.feature,
        "flavor": notebook.flavor,
        "image": image(notebook.image_id).shown(),
        "lease": lease(notebook),
        "endpoints": _endpoints(notebook, url),
        "url": url,
        "token": notebook.token if running else "",
        "volume": _volume(notebook.volume),
        "data_volumes": short_mounts(db, notebook.id),
        "billing_items": ["COMPUTE"],
        "workspace_id": notebook.workspace_id,
        "user_id": notebook.user_id,
        "user": name_of_user(db, notebook.user_id, notebook.domain_id),
        "hooks": {"container_hooks": notebook.hooks},
        "is_need_credentials": True,
        "create_at": notebook.created,
        "update_at": notebook.updated,
        "tags": [],
    }
    if notebook.pool_id:
        found["pool"] = {"id": notebook.pool_id, "name": pool_name(db, notebook.pool_id)}
    if notebook.flavor == CUSTOM_FLAVOR:
        found["custom_spec"] = notebook.custom_spec
    return found


def lease(notebook: Notebook) -> dict[str, Any]:
    """The lease: what is left is ``create_at + duration - now``."""
    return {
        "create_at": notebook.created,
        "update_at": notebook.updated,
        "duration": notebook.lease_duration,
        "enable": notebook.lease_enable,
        "type": notebook.lease_type,
    }


def _endpoints(notebook: Notebook, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"service": "NOTEBOOK", "dev_service": "NOTEBOOK", "uri": url, "key_pair_names": []}
    ]
    if notebook.ssh is not None:
        open_now = notebook.status == "RUNNING" and notebook.listening
        found.append(
            {
                "service": "SSH",
                "dev_service": "SSH",
                "uri": f"ssh://ma-user@127.0.0.1:{notebook.ssh_port}" if open_now else "",
                "key_pair_names": notebook.ssh["key_pair_names"],
                "allowed_access_ips": notebook.ssh["allowed_access_ips"],
            }
        )
    return found


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    """Without the folder on this machine, which is nobody's business."""
    return {"mount_path": "/home/ma-user/work/", "read_only": False, "mount_type": "STATIC"} | {
        key: value for key, value in volume.items() if value is not None and key != "folder"
    }


def _progress(status: str) -> list[dict[str, Any]]:
    """The four steps of a start: done when it runs, under way while it starts."""
    if status not in {"INIT", "CREATING", "STARTING", "RUNNING"}:
        return []
    done = {"INIT": 0, "CREATING": 1, "STARTING": 3, "RUNNING": 4}[status]
    return [
        {
            "step": number,
            "description": name,
            "status": "COMPLETED"
            if number <= done
            else ("PROCESSING" if number == done + 1 else "WAITING"),
        }
        for number, name in enumerate(_STEPS, 1)
    ]
