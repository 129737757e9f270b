"""What an administrator changes and takes away again: users, groups, policies, agencies, grants."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam import v3, v5
from huaweicloudsdksfsturbo.v1 import ListSharesRequest, SFSTurboClient

from modelarts_nb.localcloud.iam.account import SERVICE_DOMAIN
from modelarts_nb.localcloud.testing import LocalCloud
from tests.unit.localcloud.clients import Clients

LIST_SHARES = v3.ServiceStatement(effect="Allow", action=["sfsturbo:shares:getAllShares"])


def sees_shares(clients: Clients, user: str = "norights", **keys: str) -> bool:
    """May they list shares? What there is a policy for in these tests."""
    client = clients.of(SFSTurboClient, user, **keys)
    try:
        client.list_shares(ListSharesRequest())
    except ClientRequestException as error:
        if error.status_code != 403:
            raise
        return False
    return True


@pytest.fixture
def group(clients: Clients, local: LocalCloud) -> str:
    """A group with one member, who may do nothing without it."""
    option = v3.KeystoneCreateGroupOption(domain_id=local.domain_id, name="group02", description="")
    admin = clients.iam()
    body = v3.KeystoneCreateGroupRequestBody(option)
    made = admin.keystone_create_group(v3.KeystoneCreateGroupRequest(body)).group
    member = local.users["norights"].user_id
    admin.keystone_add_user_to_group(v3.KeystoneAddUserToGroupRequest(made.id, member))
    return str(made.id)


Scoped = Callable[[Any, dict[str, str]], Any]
# What is granted where: grant, list, revoke; and whether it gives rights in a project.
SCOPES: dict[str, tuple[Scoped, Scoped, Scoped, bool]] = {
    "project": (
        lambda admin, ids: admin.keystone_associate_group_with_project_permission(
            v3.KeystoneAssociateGroupWithProjectPermissionRequest(**of(ids, "project"))
        ),
        lambda admin, ids: admin.keystone_list_project_permissions_for_group(
            v3.KeystoneListProjectPermissionsForGroupRequest(**of(ids, "project", role=False))
        ),
        lambda admin, ids: admin.keystone_remove_project_permission_from_group(
            v3.KeystoneRemoveProjectPermissionFromGroupRequest(**of(ids, "project"))
        ),
        True,
    ),
    "domain": (
        lambda admin, ids: admin.keystone_associate_group_with_domain_permission(
            v3.KeystoneAssociateGroupWithDomainPermissionRequest(**of(ids, "domain"))
        ),
        lambda admin, ids: admin.keystone_list_domain_permissions_for_group(
            v3.KeystoneListDomainPermissionsForGroupRequest(**of(ids, "domain", role=False))
        ),
        lambda admin, ids: admin.keystone_remove_domain_permission_from_group(
            v3.KeystoneRemoveDomainPermissionFromGroupRequest(**of(ids, "domain"))
        ),
        False,
    ),
    "all projects": (
        lambda admin, ids: admin.update_domain_group_inherit_role(
            v3.UpdateDomainGroupInheritRoleRequest(**of(ids, "domain"))
        ),
        lambda admin, ids: admin.keystone_list_all_project_permissions_for_group(
            v3.KeystoneListAllProjectPermissionsForGroupRequest(**of(ids, "domain", role=False))
        ),
        lambda admin, ids: admin.delete_domain_group_inherited_role(
            v3.DeleteDomainGroupInheritedRoleRequest(**of(ids, "domain"))
        ),
        True,
    ),
}


def of(ids: dict[str, str], scope: str, *, role: bool = True, who: str = "group") -> dict[str, str]:
    wanted = [f"{scope}_id", f"{who}_id", *(["role_id"] if role else [])]
    return {name: ids[name] for name in wanted}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_grant_to_a_group_counts_until_it_is_revoked(
    clients: Clients, local: LocalCloud, group: str, scope: str
) -> None:
    grant, list_, revoke, effective = SCOPES[scope]
    admin = clients.iam()
    ids = {
        "project_id": local.project_id,
        "domain_id": local.domain_id,
        "group_id": group,
        "role_id": clients.add_policy("list shares", "XA", LIST_SHARES),
    }

    grant(admin, ids)
    assert [role.id for role in list_(admin, ids).roles] == [ids["role_id"]]
    assert sees_shares(clients) is effective

    revoke(admin, ids)
    assert list_(admin, ids).roles == []
    assert not sees_shares(clients)
    with pytest.raises(ClientRequestException) as refused:
        revoke(admin, ids)
    assert refused.value.status_code == 404


def test_a_right_ends_with_membership_policy_or_user(
    clients: Clients, local: LocalCloud, group: str
) -> None:
    admin, member = clients.iam(), local.users["norights"].user_id
    role = clients.add_policy("list shares", "XA", LIST_SHARES)
    ids = {"project_id": local.project_id, "group_id": group, "role_id": role}
    SCOPES["project"][0](admin, ids)
    assert sees_shares(clients)

    # when the policy is made to say something else
    change_policy(admin, role, v3.ServiceStatement(effect="Allow", action=["sfsturbo:a:b"]))
    assert not sees_shares(clients)
    change_policy(admin, role, LIST_SHARES)
    assert sees_shares(clients)

    # when the user leaves the group
    admin.keystone_remove_user_from_group(v3.KeystoneRemoveUserFromGroupRequest(group, member))
    assert not sees_shares(clients)
    admin.keystone_add_user_to_group(v3.KeystoneAddUserToGroupRequest(group, member))

    # when the policy is deleted, what it granted goes with it
    admin.delete_custom_policy(v3.DeleteCustomPolicyRequest(role))
    assert not sees_shares(clients)
    assert SCOPES["project"][1](admin, ids).roles == []

    # when the user is deleted, their keys are worth nothing
    admin.keystone_delete_user(v3.KeystoneDeleteUserRequest(member))
    with pytest.raises(ClientRequestException) as refused:
        clients.of(SFSTurboClient, "norights").list_shares(ListSharesRequest())
    assert refused.value.status_code == 401
    names = {u.name for u in admin.keystone_list_users(v3.KeystoneListUsersRequest()).users}
    assert "norights" not in names
    assert "developer" in names


def change_policy(admin: Any, role: str, statement: v3.ServiceStatement) -> None:
    option = v3.ServicePolicyRoleOption(
        display_name="list shares",
        type="XA",
        description="changed",
        policy=v3.ServicePolicy(version="1.1", statement=[statement]),
    )
    body = v3.UpdateCloudServiceCustomPolicyRequestBody(option)
    request = v3.UpdateCloudServiceCustomPolicyRequest(role, body)
    admin.update_cloud_service_custom_policy(request)


def test_a_policy_is_not_changed_into_one_that_is_not_understood(clients: Clients) -> None:
    role = clients.add_policy("list shares", "XA", LIST_SHARES)
    wrong = v3.ServiceStatement(effect="Allow", action=["obs:bucket:ListBucket"])

    with pytest.raises(ClientRequestException) as refused:
        change_policy(clients.iam(), role, wrong)

    assert refused.value.status_code == 400
    kept = clients.iam().show_custom_policy(v3.ShowCustomPolicyRequest(role)).role
    assert kept.description == "for a test"


def test_the_account_itself_is_not_deleted_and_system_policies_stay(clients: Clients) -> None:
    admin = clients.iam()
    root = admin.keystone_list_users(v3.KeystoneListUsersRequest(name="demo")).users[0].id
    listing = v3.KeystoneListPermissionsRequest(display_name="OBS Administrator")
    system = admin.keystone_list_permissions(listing).roles[0].id

    with pytest.raises(ClientRequestException) as refused:
        admin.keystone_delete_user(v3.KeystoneDeleteUserRequest(root))
    assert refused.value.status_code == 400
    with pytest.raises(ClientRequestException) as refused:
        admin.delete_custom_policy(v3.DeleteCustomPolicyRequest(system))
    assert refused.value.status_code == 404


def agency(clients: Clients, name: str = "another") -> Any:
    option = v3.CreateAgencyOption(
        name=name,
        domain_id=clients.cloud.domain_id,
        trust_domain_name=SERVICE_DOMAIN,
        duration="FOREVER",
    )
    request = v3.CreateAgencyRequest(v3.CreateAgencyRequestBody(option))
    return clients.iam().create_agency(request).agency


def test_an_agency_lives_and_its_keys_die_with_it(clients: Clients, local: LocalCloud) -> None:
    admin, made = clients.iam(), agency(clients)
    assert admin.show_agency(v3.ShowAgencyRequest(made.id)).agency.name == "another"
    with pytest.raises(ClientRequestException) as refused:
        agency(clients)
    assert refused.value.status_code == 409

    # given keys of it, which may do nothing until it is granted something in the project
    identity = v3.AgencyAuthIdentity(
        methods=["assume_role"],
        assume_role=v3.IdentityAssumerole(agency_name="another", domain_id=local.domain_id),
    )
    body = v3.CreateTemporaryAccessKeyByAgencyRequestBody(v3.AgencyAuth(identity))
    request = v3.CreateTemporaryAccessKeyByAgencyRequest(body)
    key = clients.iam("developer").create_temporary_access_key_by_agency(request).credential
    keys = {"ak": key.access, "sk": key.secret, "token": key.securitytoken}
    assert not sees_shares(clients, **keys)

    role = clients.add_policy("list shares", "XA", LIST_SHARES)
    where = {"project_id": local.project_id, "agency_id": made.id}
    admin.associate_agency_with_project_permission(
        v3.AssociateAgencyWithProjectPermissionRequest(**where, role_id=role)
    )
    listed = admin.list_project_permissions_for_agency(
        v3.ListProjectPermissionsForAgencyRequest(**where)
    )
    assert [one.id for one in listed.roles] == [role]
    assert sees_shares(clients, **keys)
    admin.remove_project_permission_from_agency(
        v3.RemoveProjectPermissionFromAgencyRequest(**where, role_id=role)
    )
    assert not sees_shares(clients, **keys)

    admin.delete_agency(v3.DeleteAgencyRequest(made.id))
    with pytest.raises(ClientRequestException) as refused:
        clients.of(SFSTurboClient, **keys).list_shares(ListSharesRequest())
    assert refused.value.status_code == 401


def test_an_agency_is_granted_the_accounts_services_and_all_projects(
    clients: Clients, local: LocalCloud
) -> None:
    admin, role = clients.iam(), clients.add_policy("list shares", "XA", LIST_SHARES)
    where = {"domain_id": local.domain_id, "agency_id": agency(clients).id}
    which = {**where, "role_id": role}

    def granted() -> tuple[int, int]:
        own = v3.ListDomainPermissionsForAgencyRequest(**where)
        everywhere = v3.ListAllProjectsPermissionsForAgencyRequest(**where)
        return (
            len(admin.list_domain_permissions_for_agency(own).roles),
            len(admin.list_all_projects_permissions_for_agency(everywhere).roles),
        )

    admin.associate_agency_with_domain_permission(
        v3.AssociateAgencyWithDomainPermissionRequest(**which)
    )
    assert granted() == (1, 0)
    admin.associate_agency_with_all_projects_permission(
        v3.AssociateAgencyWithAllProjectsPermissionRequest(**which)
    )
    assert granted() == (1, 1)
    admin.remove_domain_permission_from_agency(v3.RemoveDomainPermissionFromAgencyRequest(**which))
    assert granted() == (0, 1)
    admin.remove_all_projects_permission_from_agency(
        v3.RemoveAllProjectsPermissionFromAgencyRequest(**which)
    )
    assert granted() == (0, 0)


def test_what_is_granted_is_seen_in_the_shapes_of_v5_too(
    clients: Clients, local: LocalCloud, group: str
) -> None:
    role = clients.add_policy("list shares", "XA", LIST_SHARES)
    admin, fifth = clients.iam(), clients.of(v5.IamClient, "administrator")
    ids = {"project_id": local.project_id, "group_id": group, "role_id": role}
    SCOPES["project"][0](admin, ids)
    clients.grant("norights", role)

    mine = v5.ListAttachedUserPoliciesV5Request(user_id=local.users["norights"].user_id)
    theirs = v5.ListAttachedGroupPoliciesV5Request(group_id=group)
    for attached in (
        fifth.list_attached_user_policies_v5(mine),
        fifth.list_attached_group_policies_v5(theirs),
    ):
        assert [p.policy_id for p in attached.attached_policies] == [role]
    member = local.users["norights"].user_id
    groups = fifth.list_groups_v5(v5.ListGroupsV5Request(user_id=member)).groups
    assert [one.group_name for one in groups] == ["group02"]
    version = fifth.get_policy_version_v5(v5.GetPolicyVersionV5Request(role, "v1")).policy_version
    assert json.loads(version.document)["Statement"][0]["Action"] == LIST_SHARES.action


def test_ones_own_keys_and_projects_are_listed_without_a_right(
    clients: Clients, local: LocalCloud
) -> None:
    me, other = local.users["norights"], local.users["developer"]
    client = clients.iam("norights")

    keys = client.list_permanent_access_keys(v3.ListPermanentAccessKeysRequest(me.user_id))
    assert [key.access for key in keys.credentials] == [me.ak]
    projects = client.keystone_list_projects_for_user(
        v3.KeystoneListProjectsForUserRequest(me.user_id)
    )
    assert [project.id for project in projects.projects] == [local.project_id]

    with pytest.raises(ClientRequestException, match="iam:credentials:listCredentials"):
        client.list_permanent_access_keys(v3.ListPermanentAccessKeysRequest(other.user_id))
    with pytest.raises(ClientRequestException, match="listProjectsForUser"):
        client.keystone_list_projects_for_user(v3.KeystoneListProjectsForUserRequest(other.user_id))
