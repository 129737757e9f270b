"""The SDK's own clients, unmodified, signing as somebody of the local cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkiam.v3 import (
    CreateCloudServiceCustomPolicyRequest,
    CreateCloudServiceCustomPolicyRequestBody,
    IamClient,
    ServicePolicy,
    ServicePolicyRoleOption,
    ServiceStatement,
)

from modelarts_nb.localcloud.iam import account
from modelarts_nb.localcloud.testing import LocalCloud

Build = Callable[..., Any]


class Clients:
    """Clients of one local cloud, closed at the end of the test."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self._open: list[Any] = []

    def of(self, kind: Any, user: str = "developer", **keys: str) -> Any:
        """A client of some service: as a user, or with other keys (``ak``, ``sk``, ``token``)."""
        ak = keys.get("ak", self.cloud.users[user].ak)
        sk = keys.get("sk", self.cloud.users[user].sk)
        credentials = (
            GlobalCredentials(ak, sk, self.cloud.domain_id)
            if "GlobalCredentials" in kind.new_builder()._credential_type
            else BasicCredentials(ak, sk, self.cloud.project_id)
        )
        if "token" in keys:
            credentials = credentials.with_security_token(keys["token"])
        builder = kind.new_builder().with_credentials(credentials)
        client = builder.with_endpoint(self.cloud.endpoint).build()
        self._open.append(client)
        return client

    def iam(self, user: str = "administrator", **keys: str) -> Any:
        """The IAM client."""
        return self.of(IamClient, user, **keys)

    def close(self) -> None:
        """Close all of them."""
        for client in self._open:
            client.get_http_client().close()

    def add_policy(self, name: str, kind: str, *statements: ServiceStatement) -> str:
        """A custom policy; its id."""
        option = ServicePolicyRoleOption(
            display_name=name,
            type=kind,
            description="for a test",
            policy=ServicePolicy(version="1.1", statement=list(statements)),
        )
        made = self.iam().create_cloud_service_custom_policy(
            CreateCloudServiceCustomPolicyRequest(CreateCloudServiceCustomPolicyRequestBody(option))
        )
        return str(made.role.id)

    def allow(self, *actions: str) -> ServiceStatement:
        """A statement that allows actions."""
        return ServiceStatement(effect="Allow", action=list(actions))

    def grant(self, user: str, role_id: str) -> None:
        """Grant a policy to a user everywhere, through the state: the API grants to groups."""
        cloud = self.cloud
        with cloud.inside.store.write() as db:
            subject = ("user", cloud.users[user].user_id)
            account.grant(db, role_id, subject, ("all_projects", cloud.domain_id), time.time())


def words(error: ServiceResponseException) -> Any:
    """What the server said, where the SDK hands on the raw body."""
    return json.loads(error.error_msg)


def finished(done: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for what the cloud does in the background."""
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "the cloud did not finish in time"
        time.sleep(0.01)
