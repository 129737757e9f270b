"""IAM through the SDK's own client: projects, users, groups, policies, grants."""

from __future__ import annotations

from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiam import v5
from huaweicloudsdkiam.v3 import (
    IamClient,
    KeystoneAddUserToGroupRequest,
    KeystoneAssociateGroupWithDomainPermissionRequest,
    KeystoneAssociateGroupWithProjectPermissionRequest,
    KeystoneCreateGroupOption,
    KeystoneCreateGroupRequest,
    KeystoneCreateGroupRequestBody,
    KeystoneCreateUserOption,
    KeystoneCreateUserRequest,
    KeystoneCreateUserRequestBody,
    KeystoneListAuthDomainsRequest,
    KeystoneListGroupsForUserRequest,
    KeystoneListPermissionsRequest,
    KeystoneListProjectsRequest,
    KeystoneListUsersRequest,
    KeystoneShowPermissionRequest,
    KeystoneShowUserRequest,
    ListCustomPoliciesRequest,
    ServiceStatement,
    ShowCustomPolicyRequest,
    ShowDomainRoleAssignmentsRequest,
    ShowPermanentAccessKeyRequest,
)
from huaweicloudsdksfsturbo.v1 import ListSharesRequest, SFSTurboClient

from modelarts_nb.localcloud.testing import LocalCloud
from tests.unit.localcloud.clients import Clients

LIST_SHARES = ServiceStatement(effect="Allow", action=["sfsturbo:shares:getAllShares"])


def test_a_client_that_knows_only_a_region_finds_its_project(
    local: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given what the SDK does with `with_region` and no project id
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", local.endpoint)
    who = local.users["developer"]
    builder = SFSTurboClient.new_builder().with_credentials(BasicCredentials(who.ak, who.sk))

    client = builder.with_region(Region(local.region, local.endpoint)).build()

    assert client.list_shares(ListSharesRequest()).count == 1
    client.get_http_client().close()


def test_a_client_without_an_account_id_finds_it(
    local: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", local.endpoint)
    who = local.users["administrator"]
    builder = IamClient.new_builder().with_credentials(GlobalCredentials(who.ak, who.sk))

    client = builder.with_region(Region(local.region, local.endpoint)).build()

    (domain,) = client.keystone_list_auth_domains(KeystoneListAuthDomainsRequest()).domains
    assert domain.id == local.domain_id
    client.get_http_client().close()


def test_a_project_of_another_name_is_not_found(clients: Clients) -> None:
    found = clients.iam().keystone_list_projects(KeystoneListProjectsRequest(name="elsewhere-1"))

    assert found.projects == []


def test_who_may_not_list_users_is_told_which_right_is_missing(clients: Clients) -> None:
    with pytest.raises(ClientRequestException) as refused:
        clients.iam("norights").keystone_list_users(KeystoneListUsersRequest())

    assert refused.value.status_code == 403
    assert "iam:users:listUsers" in refused.value.error_msg
    assert refused.value.request_id


def test_everyone_may_ask_who_they_are(clients: Clients, local: LocalCloud) -> None:
    # given somebody without any right, and nothing but their keys
    who = local.users["norights"]
    client = clients.iam("norights")

    shown = client.show_permanent_access_key(ShowPermanentAccessKeyRequest(who.ak))

    assert shown.credential.user_id == who.user_id
    user = client.keystone_show_user(KeystoneShowUserRequest(shown.credential.user_id)).user
    assert user.name == "norights"
    fifth = clients.of(v5.IamClient, "norights")
    (found,) = fifth.list_users_v5(v5.ListUsersV5Request(access_key_id=who.ak)).users
    assert found.user_name == "norights"


def test_whose_another_key_is_takes_a_right(clients: Clients, local: LocalCloud) -> None:
    request = ShowPermanentAccessKeyRequest(local.users["teammate"].ak)

    with pytest.raises(ClientRequestException, match="iam:credentials:getCredential"):
        clients.iam("norights").show_permanent_access_key(request)
    assert clients.iam().show_permanent_access_key(request).credential.status == "active"


def new_user(clients: Clients, local: LocalCloud, name: str) -> str:
    option = KeystoneCreateUserOption(domain_id=local.domain_id, name=name, password="Long-1-word")
    request = KeystoneCreateUserRequest(KeystoneCreateUserRequestBody(option))
    return str(clients.iam().keystone_create_user(request).user.id)


def new_group(clients: Clients, local: LocalCloud, name: str) -> str:
    option = KeystoneCreateGroupOption(domain_id=local.domain_id, name=name, description="")
    request = KeystoneCreateGroupRequest(KeystoneCreateGroupRequestBody(option))
    return str(clients.iam().keystone_create_group(request).group.id)


def test_a_right_comes_with_a_group_a_policy_and_a_project(
    clients: Clients, local: LocalCloud
) -> None:
    # given the seed's way (2.3.2): a group, a user in it, a policy granted to it
    admin, norights = clients.iam(), local.users["norights"].user_id
    shares = clients.of(SFSTurboClient, "norights")
    group = new_group(clients, local, "group02")
    role = clients.add_policy("list shares", "XA", LIST_SHARES)
    with pytest.raises(ClientRequestException):
        shares.list_shares(ListSharesRequest())

    # when
    admin.keystone_add_user_to_group(
        KeystoneAddUserToGroupRequest(group_id=group, user_id=norights)
    )
    admin.keystone_associate_group_with_project_permission(
        KeystoneAssociateGroupWithProjectPermissionRequest(
            group_id=group, project_id=local.project_id, role_id=role
        )
    )

    # then
    assert shares.list_shares(ListSharesRequest()).count == 1


def test_a_project_right_granted_for_global_services_is_not_in_force_in_a_project(
    clients: Clients, local: LocalCloud
) -> None:
    group = new_group(clients, local, "group02")
    role = clients.add_policy("list shares", "XA", LIST_SHARES)
    admin = clients.iam()
    admin.keystone_add_user_to_group(
        KeystoneAddUserToGroupRequest(group_id=group, user_id=local.users["norights"].user_id)
    )

    admin.keystone_associate_group_with_domain_permission(
        KeystoneAssociateGroupWithDomainPermissionRequest(
            domain_id=local.domain_id, group_id=group, role_id=role
        )
    )

    with pytest.raises(ClientRequestException):
        clients.of(SFSTurboClient, "norights").list_shares(ListSharesRequest())


def test_a_name_that_is_taken_is_a_conflict(clients: Clients, local: LocalCloud) -> None:
    new_user(clients, local, "somebody")

    with pytest.raises(ClientRequestException) as refused:
        new_user(clients, local, "somebody")

    assert refused.value.status_code == 409


def condition(operator: str) -> ServiceStatement:
    return ServiceStatement(
        effect="Deny",
        action=["modelarts:notebook:create"],
        condition={operator: {"modelarts:poolType": ["public"]}},
    )


def test_a_policy_comes_back_as_it_was_made(clients: Clients) -> None:
    role = clients.add_policy("no public pool", "XA", condition("StringEquals"))

    shown = clients.iam().show_custom_policy(ShowCustomPolicyRequest(role)).role
    (listed,) = [
        found
        for found in clients.iam().list_custom_policies(ListCustomPoliciesRequest()).roles
        if found.id == role
    ]

    assert shown.display_name == listed.display_name == "no public pool"
    (statement,) = shown.policy.statement
    assert statement.condition == {"StringEquals": {"modelarts:poolType": ["public"]}}


REFUSED: dict[str, tuple[str, ServiceStatement, str]] = {
    "unknown operator": ("XA", condition("StringSimilar"), "StringSimilar"),
    "operator on numbers": ("XA", condition("NumberLessThan"), "NumberLessThan"),
    "no such effect": ("XA", ServiceStatement(effect="May", action=["obs:a:b"]), "Effect"),
    "a global action in a project policy": (
        "XA",
        ServiceStatement(effect="Allow", action=["obs:bucket:ListBucket"]),
        "obs:bucket:ListBucket",
    ),
    "a project action in a global policy": ("AX", LIST_SHARES, "sfsturbo:shares:getAllShares"),
    "no such action": (
        "XA",
        ServiceStatement(effect="Allow", action=["modelarts:notebook:attachStorage"]),
        "attachStorage",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_policy_that_is_not_understood_is_refused_when_it_is_made(
    clients: Clients, why: str
) -> None:
    kind, statement, named = REFUSED[why]

    with pytest.raises(ClientRequestException) as refused:
        clients.add_policy("wrong", kind, statement)

    assert refused.value.status_code == 400
    assert named in refused.value.error_msg


SEED_POLICIES: list[tuple[str, dict[str, Any]]] = [
    # 2.3.3, 2.3.5, 2.3.7 and 2.4.1 of the best practices
    ("AX", {"action": ["iam:users:listUsers", "iam:projects:listProjects", "obs:bucket:*"]}),
    ("XA", {"action": ["ecs:serverKeypairs:list", "swr:repository:getTag", "modelarts:*:*"]}),
    ("XA", {"action": ["modelarts:notebook:action", "modelarts:notebook:access"]}),
    ("XA", {"action": ["modelarts:*:delete*", "modelarts:trainJobLog:*"]}),
    ("XA", {"action": ["modelarts:workflow:run", "modelarts:notebook:umountStorage"]}),
    (
        "XA",
        {
            "action": ["modelarts:notebook:create"],
            "condition": {"StringEqualsIfExists": {"modelarts:sfsOption": ["readwrite"]}},
        },
    ),
]


@pytest.mark.parametrize(("kind", "statement"), SEED_POLICIES)
def test_the_policies_of_the_best_practices_can_be_made(
    clients: Clients, kind: str, statement: dict[str, Any]
) -> None:
    assert clients.add_policy("seed", kind, ServiceStatement(effect="Allow", **statement))


def test_what_a_user_may_do_can_be_found_as_the_handbook_says(
    clients: Clients, local: LocalCloud
) -> None:
    # when the recipe of facts 1.9 is followed
    admin = clients.iam()
    assigned = admin.show_domain_role_assignments(
        ShowDomainRoleAssignmentsRequest(
            domain_id=local.domain_id,
            subject_user_id=local.users["developer"].user_id,
            include_group=True,
        )
    )
    roles = [
        admin.keystone_show_permission(KeystoneShowPermissionRequest(entry.role.id)).role
        for entry in assigned.role_assignments
    ]

    # then
    names = {role.display_name for role in roles}
    assert {"ModelArts CommonOperations", "Developers do not manage pools"} <= names
    assert all(entry.is_inherited for entry in assigned.role_assignments)
    assert {role.policy.version for role in roles} == {"1.0", "1.1"}


def test_assignments_are_paged(clients: Clients, local: LocalCloud) -> None:
    def page(number: int) -> Any:
        request = ShowDomainRoleAssignmentsRequest(
            domain_id=local.domain_id, page=number, per_page=2
        )
        return clients.iam().show_domain_role_assignments(request)

    first, second = page(1), page(2)

    assert len(first.role_assignments) == len(second.role_assignments) == 2
    assert first.total_num == second.total_num > 4


def test_groups_of_a_user_and_system_policies_are_listed(
    clients: Clients, local: LocalCloud
) -> None:
    admin = clients.iam()
    request = KeystoneListGroupsForUserRequest(local.users["developer"].user_id)
    permissions = KeystoneListPermissionsRequest(display_name="OBS Administrator")

    assert [g.name for g in admin.keystone_list_groups_for_user(request).groups] == ["developers"]
    assert admin.keystone_list_permissions(permissions).total_number == 1
