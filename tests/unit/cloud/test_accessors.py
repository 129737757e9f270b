"""Temporary keys: where they come from, and what is said when they do not come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelarts_nb import config
from modelarts_nb.cloud import sdk
from modelarts_nb.cloud.client import open_cloud
from modelarts_nb.cloud.errors import CloudUnreachable, NoCredentials
from tests.unit.cloud.wire import Request, Response, Wire, error

KEYS = {
    "access": "AK-TEMPORARY",
    "secret": "SK-TEMPORARY",
    "securitytoken": "token-1",
    "expires_at": "2099-01-01T00:00:00.000000Z",
}
Answer = Response | None


@pytest.fixture
def keyless(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """A cloud that is known, without any key for it."""
    for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
        monkeypatch.delenv(name)
    return wire


def ask() -> Any:
    return open_cloud().call("modelarts", "list_notebooks")


class Exchange:
    """An identity service that gives keys for a token, and the notebook service."""

    def __init__(self, notebooks: Response) -> None:
        self.notebooks = notebooks
        self.refused: Answer = None

    def __call__(self, request: Request) -> Response:
        if request.path.endswith("/id-token/tokens"):
            found = {"X-Subject-Token": "unscoped"}
            return self.refused or Response(201, {"token": {}}, found)
        if request.path.endswith("/securitytokens"):
            return Response(201, {"credential": KEYS})
        return self.notebooks


@pytest.fixture
def federated(keyless: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """A token of an identity provider instead of keys."""
    (tmp_path / "token").write_text("id-token-1")
    monkeypatch.setenv("HUAWEICLOUD_SDK_IDP_ID", "provider-1")
    monkeypatch.setenv("HUAWEICLOUD_SDK_ID_TOKEN_FILE", str(tmp_path / "token"))
    exchange = Exchange(Response(200, {"total": 0}))
    keyless.script = exchange
    return exchange


def test_a_token_of_an_identity_provider_is_exchanged_for_keys(
    federated: Exchange, keyless: Wire
) -> None:
    assert ask() == {"total": 0}
    assert "Access=AK-TEMPORARY" in keyless.seen[-1].headers["authorization"]
    assert keyless.seen[-1].headers["x-security-token"] == "token-1"


def test_the_answer_with_the_keys_is_never_taken_for_the_answer_that_was_asked_for(
    federated: Exchange,
) -> None:
    # given a service that says nothing, after keys for it were had
    federated.notebooks = Response(drop=True)

    with pytest.raises(CloudUnreachable) as raised:
        ask()

    assert "SK-TEMPORARY" not in str(raised.value.to_dict())


def test_a_token_that_is_not_taken_is_said_to_be_about_keys(federated: Exchange) -> None:
    federated.refused = error(401, "IAM.0001", "The token is too old.")

    with pytest.raises(NoCredentials, match="HUAWEICLOUD_SDK_IDP_ID") as raised:
        ask()

    assert "too old" in raised.value.cause


def test_a_file_of_a_token_that_is_not_there_is_said(
    federated: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_ID_TOKEN_FILE", "/nowhere/token")

    with pytest.raises(NoCredentials) as raised:
        ask()

    assert "/nowhere/token" in raised.value.cause


@pytest.mark.parametrize("name", ["HUAWEICLOUD_SDK_IDP_ID", "HUAWEICLOUD_SDK_ID_TOKEN_FILE"])
def test_half_an_identity_is_an_error(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "alone")

    with pytest.raises(NoCredentials, match="belong together"):
        open_cloud()


def test_a_pod_gets_its_keys_from_where_it_was_told(
    keyless: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("pod-token")
    monkeypatch.setenv("HC_CONTAINER_CREDENTIALS_FULL_URI", f"{keyless.url}/pod")
    monkeypatch.setenv("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    keyless.script = lambda r: Response(
        200, {"credential": KEYS} if r.path == "/pod" else {"total": 0}
    )

    assert ask() == {"total": 0}
    assert keyless.seen[0].headers["authorization"] == "pod-token"
    assert "Access=AK-TEMPORARY" in keyless.seen[-1].headers["authorization"]


def test_a_machine_gets_its_keys_from_the_metadata_service_when_a_setting_says_so(
    keyless: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    internal = sdk.load("huaweicloudsdkcore.auth.internal")
    monkeypatch.setattr(internal.MetadataAccessor, "_METADATA_ENDPOINT", keyless.url)
    config.save("Cloud", "metadata", True)
    keyless.script = lambda r: Response(
        200, {"credential": KEYS} if r.path.endswith("/securitykey") else {"total": 0}
    )

    assert ask() == {"total": 0}
    assert "Access=AK-TEMPORARY" in keyless.seen[-1].headers["authorization"]


def test_a_metadata_service_that_is_not_there_is_no_fault_of_the_cloud(
    keyless: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    internal = sdk.load("huaweicloudsdkcore.auth.internal")
    monkeypatch.setattr(internal.MetadataAccessor, "_METADATA_ENDPOINT", "http://127.0.0.1:9")
    config.save("Cloud", "metadata", True)

    with pytest.raises(NoCredentials, match="the metadata service"):
        ask()
