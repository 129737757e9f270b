"""A scripted training service at the far edge: jobs, their logs, events and metrics.

What the reference leaves open is a switch: whether ``offset`` counts pages or records, whether a
base line is part of the page, in which order lines come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.cloud.wire import Request, Response, error

ID = "11111111-2222-3333-4444-555555555555"
POOL = {"metadata": {"name": "pool-1", "labels": {"os.modelarts/name": "demo-pool"}}}


def job(name: str = "mine", id: str = ID, phase: str = "Running", **more: Any) -> dict[str, Any]:
    """A job as the service sends it."""
    status = {
        "phase": phase,
        "secondary_phase": phase,
        "duration": 65_000,
        "tasks": ["worker-0", "worker-1"],
        "start_time": 1_767_268_800_000,
        **more.pop("status", {}),
    }
    return {
        "kind": "job",
        "metadata": {
            "id": id,
            "name": name,
            "create_time": 1_767_268_800_000,
            "user_name": "ada",
            "workspace_id": "0",
        },
        "status": status,
        "algorithm": {"engine": {"image_url": "team/image:1"}, "command": "sleep 600"},
        "spec": {"resource": {"pool_id": "pool-1", "pool_name": "demo-pool", "node_count": 2}},
        **more,
    }


class Service:
    """Answers like the training service.

    Attributes:
        phases: what the first job goes through: one more each time that it is shown.
        lines: by task, what it has said.
    """

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self.jobs = list(jobs or (job(),))
        self.phases: list[str] = []
        self.lines: dict[str, list[str]] = {"worker-0": [], "worker-1": []}
        self.events: list[dict[str, Any]] = []
        self.metrics: dict[str, list[dict[str, Any]]] = {}
        self.pools: list[dict[str, Any]] = [POOL]
        self.refuse: Callable[[Request], Response | None] = lambda _request: None
        self.looked: Callable[[], None] = lambda: None
        self.created: list[dict[str, Any]] = []
        self.counts_records = False
        self.base_included = False
        self.oldest_first = False
        self.first_number = 1

    def __call__(self, request: Request) -> Response:
        if refused := self.refuse(request):
            return refused
        words = request.path.split("/")[3:]
        if words == ["training-job-searches"]:
            return self._search(request.json)
        if words == ["pools"]:
            return Response(200, {"items": self.pools})
        if words == ["training-jobs"]:
            return self._create(request.json)
        found = next((j for j in self.jobs if j["metadata"]["id"] == words[1]), None)
        if found is None:
            return error(400, "ModelArts.2775", "The training job does not exist.")
        if words[2:] == ["actions"]:
            assert request.json == {"action_type": "terminate"}
            found["status"]["phase"] = "Terminating"
            return Response(202, found)
        if words[2:3] == ["logs"]:
            return self._page(self.lines[words[3]], request.query)
        if words[2:] == ["events"]:
            return self._events(request.query)
        if words[2:3] == ["metrics"]:
            metrics = self.metrics.get(words[3])
            return Response(204) if metrics is None else Response(200, {"metrics": metrics})
        self.looked()
        if self.phases:
            found["status"]["phase"] = self.phases.pop(0)
        return Response(200, found)

    def _cut(self, items: list[Any], offset: int, limit: int) -> list[Any]:
        begin = offset if self.counts_records else offset * limit
        return items[begin : begin + limit]

    def _search(self, asked: dict[str, Any]) -> Response:
        assert 1 <= asked["limit"] <= 50
        items = self._cut(self.jobs, asked["offset"], asked["limit"])
        return Response(200, {"total": len(self.jobs), "count": len(items), "items": items})

    def _create(self, asked: dict[str, Any]) -> Response:
        self.created.append(asked)
        made = job(asked["metadata"]["name"], phase="Creating")
        self.jobs.insert(0, made)
        return Response(201, made)

    def _events(self, query: dict[str, str]) -> Response:
        found = [e for e in self.events if query.get("level") in (None, e["level"])]
        if not self.oldest_first:
            found = found[::-1]
        page = self._cut(found, int(query["offset"]), int(query["limit"]))
        return Response(200, {"total": len(found), "events": page})

    def _page(self, lines: list[str], query: dict[str, str]) -> Response:
        if not lines:
            return Response(204)
        count, order = int(query["lines"]), query["order"]
        assert 1 <= count <= 500
        numbered = list(enumerate(lines, self.first_number))
        if "base_line" in query:
            base, more = int(query["base_line"]), self.base_included
            if order == "asc":
                numbered = [n for n in numbered if n[0] > base or (more and n[0] == base)]
            else:
                numbered = [n for n in numbered if n[0] < base or (more and n[0] == base)]
        page = numbered[:count] if order == "asc" and "base_line" in query else numbered[-count:]
        if order == "desc" and not self.oldest_first:
            page.reverse()
        return Response(
            200,
            {
                "start_line": str(page[0][0]) if page else query.get("base_line", "0"),
                "end_line": str(page[-1][0]) if page else query.get("base_line", "0"),
                "lines": len(page),
                "content": "\n".join(text for _, text in page),
            },
        )
