"""Faults on demand, as an unmodified client meets them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    ConnectionException,
    ServerResponseException,
)
from huaweicloudsdkiam.v3 import (
    KeystoneCreateGroupOption,
    KeystoneCreateGroupRequest,
    KeystoneCreateGroupRequestBody,
    KeystoneListAuthProjectsRequest,
    KeystoneListGroupsRequest,
)

from modelarts_nb.localcloud.testing import LocalCloud
from tests.unit.localcloud.clients import Clients


def ask(clients: Clients) -> Any:
    return clients.iam().keystone_list_auth_projects(KeystoneListAuthProjectsRequest())


def make(clients: Clients, name: str) -> Any:
    option = KeystoneCreateGroupOption(domain_id=clients.cloud.domain_id, name=name)
    body = KeystoneCreateGroupRequestBody(option)
    return clients.iam().keystone_create_group(KeystoneCreateGroupRequest(body))


def groups(clients: Clients) -> set[str]:
    found = clients.iam().keystone_list_groups(KeystoneListGroupsRequest()).groups
    return {group.name for group in found}


def test_a_server_error_comes_as_often_as_asked_for_and_no_more(
    clients: Clients, local: LocalCloud
) -> None:
    body = {"error_code": "ModelArts.6102", "error_msg": "server error"}
    local.fault("status", path="/v3/auth/*", times=2, status=500, body=body)

    for _ in range(2):
        with pytest.raises(ServerResponseException) as refused:
            ask(clients)
        assert refused.value.error_code == "ModelArts.6102"
    assert len(ask(clients).projects) == 1


def test_too_many_requests_come_with_the_servers_words(clients: Clients, local: LocalCloud) -> None:
    body = {"error_code": "ModelArts.2799", "error_msg": "slow down"}
    local.fault("status", method="POST", status=429, body=body, headers={"Retry-After": "1"})

    with pytest.raises(ClientRequestException) as refused:
        make(clients, "late")

    assert (refused.value.status_code, refused.value.error_msg) == (429, "slow down")
    assert "late" not in groups(clients)


def test_a_connection_is_dropped_before_anything_is_done(
    clients: Clients, local: LocalCloud
) -> None:
    local.fault("drop", method="POST")

    with pytest.raises(ConnectionException):
        make(clients, "lost")

    assert "lost" not in groups(clients)


def test_a_connection_is_dropped_once_everything_is_done(
    clients: Clients, local: LocalCloud
) -> None:
    local.fault("drop_after", method="POST")

    with pytest.raises(ConnectionException):
        make(clients, "made")

    assert "made" in groups(clients)


def test_an_answer_comes_late(clients: Clients, local: LocalCloud) -> None:
    local.fault("delay", seconds=0.2)
    began = time.monotonic()

    ask(clients)

    assert time.monotonic() - began >= 0.2


def test_another_path_and_method_are_spared(clients: Clients, local: LocalCloud) -> None:
    local.fault("status", path="/v1/*", status=500)
    local.fault("status", method="DELETE", status=500)

    assert ask(clients)
    assert local.operate("GET", "/_local/status")["faults"] == 2
    local.operate("DELETE", "/_local/faults")
    assert local.operate("GET", "/_local/faults") == {"faults": []}


def test_only_a_request_that_is_signed_uses_a_fault_up(clients: Clients, local: LocalCloud) -> None:
    local.fault("status", status=500)

    with pytest.raises(ClientRequestException):
        clients.iam(ak="A" * 20, sk="s").keystone_list_auth_projects(
            KeystoneListAuthProjectsRequest()
        )

    assert local.operate("GET", "/_local/status")["faults"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"kind": "status", "status": 99},
        {"kind": "delay", "seconds": -1},
        {"kind": "drop", "times": 0},
        {"kind": "drop", "often": 1},
        {"kind": "drop", "headers": {"a": 1}},
    ],
)
def test_a_fault_that_is_none_is_refused(local: LocalCloud, wrong: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="400"):
        local.fault(**wrong)
