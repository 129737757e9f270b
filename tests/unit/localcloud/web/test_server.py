"""What the sockets take and refuse, before any service is asked."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from huaweicloudsdkiam.v3 import (
    KeystoneCreateGroupOption,
    KeystoneCreateGroupRequest,
    KeystoneCreateGroupRequestBody,
    KeystoneListAuthProjectsRequest,
    KeystoneListGroupsRequest,
)

from modelarts_nb.localcloud.testing import LocalCloud, signed
from tests.unit.localcloud.clients import Clients


def raw(local: LocalCloud, text: str) -> str:
    """What the server answers to these very bytes, until it closes the connection."""
    where = urlsplit(local.endpoint)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
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
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(text.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    assert status(answer) == code


def test_a_header_that_says_who_calls_may_be_there_only_once(local: LocalCloud) -> None:
    text = lines(local).replace("\r\n\r\n", "\r\nX-Project-Id: a\r\nX-Project-Id: b\r\n\r\n")

    assert status(raw(local, text)) == 400


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
