"""A local cloud for tests and for `make run`, in their own process.

::

    with local_cloud(tmp_path) as cloud:
        client = IamClient.new_builder().with_endpoint(cloud.endpoint)...
        cloud.fault("status", path="/v1/*/notebooks", status=429)
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from modelarts_nb.localcloud.cloud import Cloud
from modelarts_nb.localcloud.running import running
from modelarts_nb.localcloud.web.signature import ALGORITHM, DATE_FORMAT, sign


@dataclass(frozen=True)
class User:
    """Somebody of the demo account."""

    name: str
    user_id: str
    ak: str
    sk: str = field(repr=False)


@dataclass(frozen=True)
class LocalCloud:
    """A cloud that answers, and what a test needs of it.

    Attributes:
        endpoint: for ``with_endpoint`` of every client.
        region: also the project's name.
        project_id: the project of the demo account.
        domain_id: the account.
        users: by name: ``administrator``, ``developer``, ``norights``, ``teammate``.
        inside: the cloud itself, to look into its state.
    """

    endpoint: str
    region: str
    project_id: str
    domain_id: str
    users: Mapping[str, User]
    inside: Cloud
    _operator: User

    def fault(self, kind: str, **how: Any) -> None:
        """Have something go wrong; see ``web.faults.Fault`` for what and how."""
        self.operate("POST", "/_local/faults", {"kind": kind, **how})

    def forward(self, seconds: int) -> None:
        """Put the cloud's clock forward by so much since its start."""
        self.operate("PUT", "/_local/clock", {"offset_seconds": seconds})

    def operate(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call of the operator's API; its answer.

        Raises:
            RuntimeError: it was refused.
        """
        return self.ask(self._operator, method, path, body)

    def ask(
        self,
        user: User,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        """A call that a user signs, without any client; its answer.

        Raises:
            RuntimeError: it was refused.
        """
        where = urlsplit(self.endpoint)
        data = b"" if body is None else json.dumps(body).encode()
        headers = signed(user, method, where.netloc, path, data, query=query)
        target = f"{path}?{urlencode(query)}" if query else path
        connection = http.client.HTTPConnection(where.netloc, timeout=30)
        try:
            connection.request(method, target, body=data, headers=headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text.decode(errors='replace')}")
        return json.loads(text) if text else None


def signed(
    user: User,
    method: str,
    host: str,
    path: str,
    body: bytes,
    *,
    query: tuple[tuple[str, str], ...] = (),
    token: str = "",
) -> dict[str, str]:
    """The headers of a request that a user signs; for calls that no client has."""
    date = time.strftime(DATE_FORMAT, time.gmtime())
    headers = {"content-type": "application/json", "host": host, "x-sdk-date": date}
    if token:
        headers["x-security-token"] = token
    names = sorted(headers)
    proof = sign(method, path, query, headers, names, body, user.sk)
    claim = f"{ALGORITHM} Access={user.ak}, SignedHeaders={';'.join(names)}, Signature={proof}"
    return {**headers, "authorization": claim}


@contextmanager
def local_cloud(folder: Path) -> Iterator[LocalCloud]:
    """A local cloud that answers while the block runs."""
    with running(folder) as found:
        access = found.access
        yield LocalCloud(
            endpoint=access["endpoint"],
            region=access["region"],
            project_id=access["project_id"],
            domain_id=access["domain_id"],
            users={name: User(name, **values) for name, values in access["users"].items()},
            inside=found.cloud,
            _operator=User("operator", "", **access["operator"]),
        )
