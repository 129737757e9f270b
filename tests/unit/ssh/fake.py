"""KPS, ECS and the notebook service at the far edge: two services with one store of key pairs, each
of which can be forbidden, and notebooks whose SSH endpoint can be changed."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.unit.cloud.wire import Request, Response, error
from tests.unit.notebook.fake import Service as Notebooks

PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nTOPSECRET0123456789\n-----END RSA PRIVATE KEY-----\n"


class Pairs:
    """Answers for all three.

    Attributes:
        closed: the services (``kps``, ``ecs``) to which there is no right.
        private: what is given of a pair that is made; None: nothing.
        stopped_only: endpoints cannot be changed while a notebook runs.
        busy: something else is going on with every notebook.
        lost: what is made is made, and the answer does not arrive.
        kps_only: pairs of these names are not known to ECS.
        unusable: pairs of these names are another user's when they are attached.
    """

    def __init__(self) -> None:
        self.notebooks = Notebooks()
        self.pairs: list[dict[str, Any]] = []
        self.closed: set[str] = set()
        self.asked: list[str] = []
        self.changes: list[dict[str, Any]] = []
        self.private: str | None = PRIVATE
        self.page = 50
        self.stopped_only = False
        self.busy = False
        self.lost = False
        self.kps_only: set[str] = set()
        self.unusable: set[str] = set()

    def have(self, name: str, public: str = "", scope: str = "user") -> dict[str, Any]:
        """A pair that exists."""
        md5 = hashlib.md5(name.encode()).hexdigest()
        made = {
            "name": name,
            "scope": scope,
            "public_key": public or f"ssh-rsa AAAA{name}",
            "fingerprint": ":".join(md5[i : i + 2] for i in range(0, 32, 2)),
            "type": "ssh",
        }
        self.pairs.append(made)
        return made

    def names(self) -> list[str]:
        """Of all pairs."""
        return [pair["name"] for pair in self.pairs]

    def __call__(self, request: Request) -> Response:
        words = request.path.strip("/").split("/")
        if words[2] == "notebooks":
            changed = request.method == "PUT" and "endpoints" in request.json
            return self._change(words[3], request.json) if changed else self.notebooks(request)
        kind = "kps" if words[2] == "keypairs" else "ecs"
        self.asked.append(f"{kind} {request.method}")
        if kind in self.closed:
            return error(403, "SYS.0403", f"no right to {kind}")
        if request.method == "POST":
            made = self._add(kind, request.json["keypair"])
            return Response(drop=True) if self.lost else made
        if request.method == "DELETE":
            if kind == "ecs" and words[3] in self.kps_only:
                return error(404, "Ecs.0005", "not found")
            self.pairs = [p for p in self.pairs if p["name"] != words[3]]
            return Response(204)
        seen = [
            p
            for p in self.pairs
            if kind == "kps" or (p["scope"] == "user" and p["name"] not in self.kps_only)
        ]
        if kind == "ecs":
            shown = [{k: p[k] for k in ("name", "public_key", "fingerprint")} for p in seen]
            return Response(200, {"keypairs": [{"keypair": pair} for pair in shown]})
        start = int(request.query.get("marker", 0))
        rows, more = seen[start : start + self.page], len(seen) > start + self.page
        info = {"next_marker": str(start + self.page)} if more else {}
        return Response(200, {"keypairs": [{"keypair": p} for p in rows], "page_info": info})

    def _add(self, kind: str, asked: dict[str, Any]) -> Response:
        if asked["name"] in self.names():
            return error(409, "KPS.0409", "exists")
        assert kind == "kps" or "scope" not in asked
        given = asked.get("public_key", "")
        made = self.have(asked["name"], given, asked.get("scope", "user"))
        private = {"private_key": self.private} if not given and self.private else {}
        return Response(200, {"keypair": {**made, **private}})

    def _change(self, id: str, body: dict[str, Any]) -> Response:
        found = self.notebooks.instances[id]
        if self.busy:
            return error(400, "ModelArts.6357", "another operation is in progress")
        if self.stopped_only and found["status"] == "RUNNING":
            return error(400, "ModelArts.6347", "cannot be changed in this status")
        (end,) = body["endpoints"]
        if bad := self.unusable & set(end["key_pair_names"]):
            return error(400, "ModelArts.6786", f"key pair {bad.pop()} is another user's")
        self.changes.append(body)
        found["endpoints"] = [{**end, "uri": "ssh://ma-user@127.0.0.1:31248"}]
        return Response(200, found)
