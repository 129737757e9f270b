"""A scripted notebook service at the far edge: a few instances, their states and their hooks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.unit.cloud.wire import Request, Response, error

ID = "11111111-2222-3333-4444-555555555555"


def instance(id: str = ID, name: str = "mine", **more: Any) -> dict[str, Any]:
    """A notebook as the service sends it."""
    now = int(time.time() * 1000)
    return {
        "id": id,
        "name": name,
        "status": "RUNNING",
        "description": "",
        "flavor": "modelarts.vm.cpu.2u",
        "image": {"id": "img-1", "name": "pytorch", "tag": "2.1", "swr_path": "swr/x/pytorch:2.1"},
        "volume": {"category": "EFS", "ownership": "MANAGED", "mount_path": "/home/ma-user/work/"},
        "lease": {"create_at": now, "duration": 3_600_000, "enable": True, "type": "TIMING"},
        "token": "tok-secret",
        "url": "https://x/lab?token=tok-secret",
        "user": {"id": "u-1", "name": "ada"},
        "create_at": now,
        **more,
    }


class Service:
    """Answers like the notebook service; ``path`` is what a started or stopped one goes through."""

    def __init__(self, *instances: dict[str, Any]) -> None:
        self.instances = {i["id"]: i for i in instances or (instance(),)}
        self.path: list[dict[str, Any]] = []
        self.refuse: Callable[[Request], Response | None] = lambda _request: None
        self.keeps_unmentioned_hooks = False

    def __call__(self, request: Request) -> Response:
        return self.refuse(request) or self.answer(request)

    def answer(self, request: Request) -> Response:
        """Carry it out."""
        words = request.path.split("/")[4:]
        if not words or words == ["all"]:
            return self._list(request)
        found = self.instances.get(words[0])
        if found is None:
            return error(400, "ModelArts.6309", "The instance does not exist.")
        if request.method == "POST":
            found["status"] = {"start": "STARTING", "stop": "STOPPING"}[words[1]]
        elif request.method == "PATCH":
            duration = int(request.query["duration"])
            assert request.json["duration"] == duration
            lease = found["lease"]
            passed = int(time.time() * 1000) - lease["create_at"]
            lease.update(duration=passed + duration, type=request.json["type"])
            return Response(200, lease)
        elif request.method == "PUT":
            self._update(found, request.json)
        elif words[1:] == ["lease"]:
            return Response(200, found["lease"])
        elif self.path and found["status"] not in ("RUNNING", "STOPPED"):
            found.update(self.path.pop(0))
        return Response(200, found)

    def _list(self, request: Request) -> Response:
        query = request.query
        fits = [
            i
            for i in self.instances.values()
            if query.get("name", "") in i["name"] and query.get("status", "") in ("", i["status"])
        ]
        offset, limit = int(query.get("offset", 0)), int(query["limit"])
        assert limit in (10, 20, 50)
        return Response(200, {"data": fits[offset : offset + limit], "total": len(fits)})

    def _update(self, found: dict[str, Any], body: dict[str, Any]) -> None:
        hooks = body["hooks"]["container_hooks"]
        if self.keeps_unmentioned_hooks:
            hooks = {**found["hooks"]["container_hooks"], **hooks}
        if "hooks" in found:
            found["hooks"] = {"container_hooks": hooks}
        else:
            found["unseen"] = hooks
