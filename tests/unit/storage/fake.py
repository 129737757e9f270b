"""A scripted storage service at the far edge: one notebook, its storages, one share's folders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.cloud.wire import Request, Response, error

ID = "11111111-2222-3333-4444-555555555555"
SHARE = "0e51c7d5-d90e-475a-b5d0-ecf896da3b0d"
OBS = "obs://bucket/folder/"


def storage(path: str = "/data/mine/", **more: Any) -> dict[str, Any]:
    """A storage as the service sends it."""
    return {
        "id": "s-1",
        "category": "OBSFS",
        "mount_path": path,
        "uri": OBS,
        "status": "MOUNTED",
        "mount_type": "DYNAMIC",
        **more,
    }


class Service:
    """``then`` is what a storage that is under way becomes, one look after the other."""

    def __init__(self, *storages: dict[str, Any]) -> None:
        self.notebook: dict[str, Any] = {"id": ID, "name": "mine", "status": "RUNNING"}
        self.storages = {s["id"]: s for s in storages}
        self.then: list[dict[str, Any]] = []
        self.folders: dict[str, dict[str, Any]] = {}
        self.quotas: dict[str, dict[str, Any]] = {}
        self.policy: list[str] | None = None
        self.network: dict[str, Any] = {}
        self.refuse: Callable[[Request], Response | None] = lambda _request: None

    def __call__(self, request: Request) -> Response:
        return self.refuse(request) or self.answer(request)

    def answer(self, request: Request) -> Response:
        """Carry it out."""
        words = request.path.split("/")[3:]
        if words[0] == "sfs-turbo":
            return self._share(request, words[-1])
        if words[0] == "workspaces":
            return self._policy(request)
        if words[0] == "pools":
            return Response(200, {"spec": {"network": {"name": "net-1"}}})
        if words[0] == "networks":
            return Response(200, {"status": {"connectionStatus": self.network}})
        if words[2:] == []:
            return Response(200, self.notebook)
        return self._storage(request, words[3] if len(words) > 3 else "")

    def _storage(self, request: Request, id: str) -> Response:
        if request.method == "POST":
            made = {"id": f"s-{len(self.storages) + 1}", "status": "MOUNTING", **request.json}
            self.storages[made["id"]] = made
            return Response(200, made)
        if not id:
            found = list(self.storages.values())
            return Response(200, {"data": found, "total": len(found)})
        if id not in self.storages:
            return error(400, "ModelArts.6404", "no such mount")
        if request.method == "DELETE":
            self.storages[id]["status"] = "UNMOUNTING"
        elif self.then:
            self.storages[id].update(self.then.pop(0))
        elif self.storages[id]["status"] == "UNMOUNTING":
            self.storages.pop(id)
            return error(400, "ModelArts.6404", "no such mount")
        return Response(200, self.storages[id])

    def _share(self, request: Request, what: str) -> Response:
        if what == "detail":
            share = {"id": SHARE, "name": "team", "status": "200", "size": "500"}
            return Response(200, {"shares": [{**share, "avail_capacity": "123.5"}]})
        body = request.json if request.body else {}
        path = body.get("path") or request.query["path"]
        if what == "dir" and request.method == "POST":
            self.folders[path] = {"path": path, "mode": body["mode"], **body}
            return Response(204)
        if what == "dir-quota" and request.method in ("POST", "PUT"):
            assert (request.method == "PUT") is (path in self.quotas)
            self.quotas[path] = body
            return Response(204)
        table = {"dir": self.folders, "dir-quota": self.quotas}.get(what, {})
        if what == "dir-usage":
            return Response(200, {"dir_usage": {"used_capacity": 4096}})
        if path not in table:
            status = 404 if what == "dir" else 400
            return error(status, "SFS.TURBO.0001", "no such folder")
        return Response(200, table[path])

    def _policy(self, request: Request) -> Response:
        if self.policy is None:
            return error(403, "ModelArts.0112", "no")
        return Response(200, {"results": [self._verdict(r) for r in request.json["requests"]]})

    def _verdict(self, asked: dict[str, Any]) -> dict[str, Any]:
        path = asked["service_attributes"]["modelarts:sfsPath"]
        folders = [folder.rstrip("/") for folder in self.policy or []]
        verdict = "allow" if not self.policy or path in folders else "deny"
        condition = {"key": "modelarts:sfsPath", "operator": "StringEqualsIfExists"}
        cause = {"policy_name": "team", "condition": [{**condition, "value": self.policy}]}
        return {"action_id": asked["action_id"], "verdict": verdict, "cause": [cause]}
