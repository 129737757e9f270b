"""What the sockets take and refuse, before any service is asked."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from huaweicloudsdkiam.v3 import (
    KeystoneCreateGroupOption,
    KeystoneCreateGroupRequest,
    KeystoneCreateGroupRequestBody,
    KeystoneListAuthProjectsRequest,
    KeystoneListGroupsRequest,
)

from modelarts_nb.localcloud.iam.account import add_temporary_key
from modelarts_nb.localcloud.testing import LocalCloud, User, signed
from tests.unit.localcloud.clients import Clients


def raw(local: LocalCloud, text: str) -> str:
    """What the server answers to these very bytes, until it closes the connection."""
    where = urlsplit(local.endpoint)
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def lines(local: LocalCloud, path: str = "/v3/auth/projects", **headers: str) -> str:
    """A request of the administrator, with other or further headers."""
    host = urlsplit(local.endpoint).netloc
    found = signed(local.users["administrator"], "GET", host, path, b"") | headers
    text = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in found.items())
    return f"GET {path} HTTP/1.1\r\n{text}\r\n"


def status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def test_a_signed_request_is_answered(local: LocalCloud) -> None:
    answer = raw(local, lines(local))

    assert status(answer) == 200
    assert "Server: modelarts-nb-local-cloud" in answer


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1", "localhost:1", ""])
def test_a_request_for_another_host_is_refused(local: LocalCloud, host: str) -> None:
    # given a name of somebody else that leads to this machine, with a valid signature or not
    assert status(raw(local, lines(local, host=host))) == 421


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"transfer_encoding": "chunked"}, 411),
        ({"content_length": "-1"}, 400),
        ({"content_length": "99999999999"}, 413),
        ({"content_length": "5"}, 400),
        ({"x_thing": "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")}, 400),
    ],
)
def test_a_request_that_is_not_as_it_should_be_is_refused(
    local: LocalCloud, headers: dict[str, str], code: int
) -> None:
    text = lines(local, **headers)
    where = urlsplit(local.endpoint)
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        connection.sendall(text.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    assert status(answer) == code


def test_a_header_that_says_who_calls_may_be_there_only_once(local: LocalCloud) -> None:
    text = lines(local).replace("\r\n\r\n", "\r\nX-Project-Id: a\r\nX-Project-Id: b\r\n\r\n")

    assert status(raw(local, text)) == 400


@dataclass(frozen=True)
class Sent:
    """A request on its way."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def text(self) -> str:
        sizes = {"content-length": str(len(self.body)), "connection": "close"}
        lines_ = "".join(f"{name}: {value}\r\n" for name, value in (self.headers | sizes).items())
        return f"{self.method} {self.target} HTTP/1.1\r\n{lines_}\r\n{self.body.decode()}"

    def saying(self, **headers: str) -> Sent:
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers=self.headers | new)


def new_group(local: LocalCloud, name: str, user: User, token: str = "") -> Sent:
    """A request that makes a group, signed by its sender."""
    host = urlsplit(local.endpoint).netloc
    body = json.dumps({"group": {"name": name, "domain_id": local.domain_id}}).encode()
    query = (("reason", "none"),)
    headers = signed(user, "POST", host, "/v3/groups", body, query=query, token=token)
    return Sent("POST", "/v3/groups?reason=none", headers, body)


def an_hour_old(sent: Sent) -> Sent:
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 3600))
    return sent.saying(x_sdk_date=date)


CHANGES: dict[str, Callable[[Sent], Sent]] = {
    "the body": lambda r: replace(r, body=r.body.replace(b"mine", b"ours")),
    "the query": lambda r: replace(r, target=r.target.replace("none", "some")),
    "more in the query": lambda r: replace(r, target=r.target + "&more=1"),
    "the method": lambda r: replace(r, method="PUT"),
    "the path": lambda r: replace(r, target=r.target.replace("groups", "users")),
    "a signed header": lambda r: r.saying(content_type="application/json; v=2"),
    "the date": an_hour_old,
    "a header that says who calls": lambda r: r.saying(x_domain_id="another"),
    "the token": lambda r: r.saying(x_security_token="another"),
    "no signature": lambda r: r.saying(authorization=""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_on_the_way_is_refused_and_does_nothing(
    local: LocalCloud, what: str
) -> None:
    # given a request with temporary keys, as a notebook has them
    admin = local.users["administrator"]
    with local.inside.store.write() as db:
        key, token = add_temporary_key(db, local.inside.now(), 900, user_id=admin.user_id)
    user = User("administrator", admin.user_id, key.access, key.secret)
    request = new_group(local, "mine", user, token)

    answer = raw(local, CHANGES[what](request).text())

    assert (status(answer), "APIGW.0301" in answer) == (401, True)
    with local.inside.store.read() as db:
        assert db.one("SELECT 1 FROM iam_group WHERE name IN ('mine', 'ours')") is None
    # and as it was sent it is believed
    assert status(raw(local, request.text())) == 201


def test_an_unsigned_request_is_refused_wherever_it_goes(local: LocalCloud) -> None:
    host = urlsplit(local.endpoint).netloc

    for path in ("/v3/auth/projects", "/_local/status", "/no/such/thing"):
        answer = raw(local, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert status(answer) == 401
        assert "APIGW.0301" in answer


def test_a_call_that_the_local_cloud_does_not_have_is_refused_as_such(local: LocalCloud) -> None:
    answer = raw(local, lines(local, "/v1/x/moon"))

    assert status(answer) == 404
    assert "APIGW.0101" in answer


def test_the_operators_calls_are_not_for_users(local: LocalCloud) -> None:
    assert status(raw(local, lines(local, "/_local/status"))) == 403


def test_a_connection_is_kept_for_the_next_request(clients: Clients) -> None:
    client = clients.iam()

    for _ in range(3):
        client.keystone_list_auth_projects(KeystoneListAuthProjectsRequest())

    pool = client.get_http_client()._session.get_adapter("http://x").poolmanager.pools
    assert [pool[key].num_connections for key in pool.keys()] == [1]  # noqa: SIM118


def test_many_at_once_lose_nothing(clients: Clients, local: LocalCloud) -> None:
    client = clients.iam()

    def add(number: int) -> None:
        option = KeystoneCreateGroupOption(domain_id=local.domain_id, name=f"g{number}")
        body = KeystoneCreateGroupRequestBody(option)
        client.keystone_create_group(KeystoneCreateGroupRequest(body))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))

    groups = client.keystone_list_groups(KeystoneListGroupsRequest()).groups
    assert {f"g{number}" for number in range(40)} <= {group.name for group in groups}
