"""Temporary keys: of oneself, and of an agency, whose rights they have instead of the user's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam.v3 import (
    AgencyAuth,
    AgencyAuthIdentity,
    AssociateAgencyWithAllProjectsPermissionRequest,
    CreateCredentialOption,
    CreatePermanentAccessKeyRequest,
    CreatePermanentAccessKeyRequestBody,
    CreateTemporaryAccessKeyByAgencyRequest,
    CreateTemporaryAccessKeyByAgencyRequestBody,
    CreateTemporaryAccessKeyByTokenRequest,
    CreateTemporaryAccessKeyByTokenRequestBody,
    DeletePermanentAccessKeyRequest,
    IdentityAssumerole,
    IdentityToken,
    KeystoneListAuthProjectsRequest,
    ListAgenciesRequest,
    ListAllProjectsPermissionsForAgencyRequest,
    ServicePolicy,
    ServiceStatement,
    ShowPermanentAccessKeyRequest,
    TokenAuth,
    TokenAuthIdentity,
)
from huaweicloudsdkkps.v3 import KpsClient, ListKeypairsRequest
from huaweicloudsdksfsturbo.v1 import ListSharesRequest, SFSTurboClient

from modelarts_nb.localcloud.iam.identity import identify
from modelarts_nb.localcloud.testing import LocalCloud, User, signed
from modelarts_nb.localcloud.web.message import Request
from tests.unit.localcloud.clients import Clients


def keys_of(credential: Any) -> dict[str, str]:
    return {"ak": credential.access, "sk": credential.secret, "token": credential.securitytoken}


def assume(clients: Clients, user: str, name: str = "modelarts_agency", **more: Any) -> Any:
    identity = AgencyAuthIdentity(
        methods=["assume_role"],
        assume_role=IdentityAssumerole(
            agency_name=name, domain_id=clients.cloud.domain_id, duration_seconds=900
        ),
        **more,
    )
    body = CreateTemporaryAccessKeyByAgencyRequestBody(AgencyAuth(identity))
    request = CreateTemporaryAccessKeyByAgencyRequest(body)
    return clients.iam(user).create_temporary_access_key_by_agency(request).credential


def of_oneself(clients: Clients, user: str, **more: Any) -> Any:
    identity = TokenAuthIdentity(methods=["token"], token=IdentityToken(), **more)
    body = CreateTemporaryAccessKeyByTokenRequestBody(TokenAuth(identity))
    request = CreateTemporaryAccessKeyByTokenRequest(body)
    return clients.iam(user).create_temporary_access_key_by_token(request).credential


def test_a_temporary_key_of_oneself_has_ones_rights(clients: Clients) -> None:
    key = of_oneself(clients, "developer")

    client = clients.of(SFSTurboClient, **keys_of(key))

    assert client.list_shares(ListSharesRequest()).count == 1


def test_an_agencys_key_has_the_agencys_rights_and_not_the_users(clients: Clients) -> None:
    # given a developer, who may list shares and key pairs, and the agency, which may only do the
    # former
    key = keys_of(assume(clients, "developer"))

    assert clients.of(SFSTurboClient, **key).list_shares(ListSharesRequest()).count == 1
    with pytest.raises(ClientRequestException, match="kps:domainKeypairs:list"):
        clients.of(KpsClient, **key).list_keypairs(ListKeypairsRequest())
    assert clients.of(KpsClient).list_keypairs(ListKeypairsRequest()).keypairs == []


def test_a_deny_on_the_agency_binds_its_keys(clients: Clients, local: LocalCloud) -> None:
    # given the seed's step 4 of 2.3.6: the policy about the public pool also on the agency
    key = assume(clients, "developer")
    everything = ServiceStatement(effect="Allow", action=["modelarts:*:*"])
    public = ServiceStatement(
        effect="Deny",
        action=["modelarts:notebook:create"],
        condition={"StringEquals": {"modelarts:poolType": ["public"]}},
    )
    role = clients.add_policy("no public pool", "XA", everything, public)
    admin = clients.iam()
    (agency,) = admin.list_agencies(ListAgenciesRequest(local.domain_id)).agencies
    admin.associate_agency_with_all_projects_permission(
        AssociateAgencyWithAllProjectsPermissionRequest(
            agency_id=agency.id, domain_id=local.domain_id, role_id=role
        )
    )

    # then a session that was opened before is bound, too
    assert not may_create_notebook(local, key, "public")
    assert may_create_notebook(local, key, "dedicated")
    request = ListAllProjectsPermissionsForAgencyRequest(
        agency_id=agency.id, domain_id=local.domain_id
    )
    granted = admin.list_all_projects_permissions_for_agency(request).roles
    assert role in {found.id for found in granted}


def may_create_notebook(local: LocalCloud, key: Any, pool: str) -> bool:
    """Ask the cloud's own engine, as ModelArts does, for the holder of a temporary key."""
    holder = User("", "", key.access, key.secret)
    headers = signed(holder, "GET", "h", "/", b"", token=key.securitytoken)
    with local.inside.store.read() as db:
        caller = identify(db, Request("GET", "/", (), headers, b"", "id"), local.inside)
        caller = replace(caller, project_id=local.project_id)
        context = {"modelarts:poolType": pool}
        action = "modelarts:notebook:create"
        return local.inside.decide(db, caller, action, context, "*").allowed


def test_only_who_may_use_agencies_gets_their_keys(clients: Clients) -> None:
    with pytest.raises(ClientRequestException, match="iam:tokens:assume"):
        assume(clients, "norights")


def test_an_agency_that_does_not_exist_is_not_found(clients: Clients) -> None:
    with pytest.raises(ClientRequestException) as refused:
        assume(clients, "developer", "no_such_agency")

    assert refused.value.status_code == 404


def test_a_policy_that_comes_along_only_takes_away(clients: Clients) -> None:
    # given a policy that allows less in one place and more in another than the developer may
    narrow = ServicePolicy(
        version="1.1",
        statement=[ServiceStatement(effect="Allow", action=["kps:domainKeypairs:list", "iam:*:*"])],
    )
    key = keys_of(of_oneself(clients, "developer", policy=narrow))

    assert clients.of(KpsClient, **key).list_keypairs(ListKeypairsRequest()).keypairs == []
    with pytest.raises(ClientRequestException):
        clients.of(SFSTurboClient, **key).list_shares(ListSharesRequest())
    with pytest.raises(ClientRequestException, match="listAgencies"):
        clients.iam(**key).list_agencies(ListAgenciesRequest(clients.cloud.domain_id))


def new_key(client: Any, user_id: str) -> Any:
    option = CreateCredentialOption(user_id=user_id)
    body = CreatePermanentAccessKeyRequestBody(credential=option)
    return client.create_permanent_access_key(CreatePermanentAccessKeyRequest(body)).credential


def test_a_session_that_may_less_makes_and_deletes_no_keys_of_its_user(
    clients: Clients, local: LocalCloud
) -> None:
    # given a developer, who may make keys of their own, and two sessions that may not
    me = local.users["developer"].user_id
    mine = new_key(clients.iam("developer"), me)
    nothing = ServicePolicy(
        version="1.1", statement=[ServiceStatement(effect="Deny", action=["iam:*:*"])]
    )
    narrowed = clients.iam(**keys_of(of_oneself(clients, "developer", policy=nothing)))
    agency = clients.iam(**keys_of(assume(clients, "developer")))

    for session in (narrowed, agency):
        with pytest.raises(ClientRequestException, match="iam:credentials:createCredential"):
            new_key(session, me)
        with pytest.raises(ClientRequestException, match="iam:credentials:deleteCredential"):
            session.delete_permanent_access_key(DeletePermanentAccessKeyRequest(mine.access))

    # then the key is still good, until its owner deletes it
    owner = clients.iam(ak=mine.access, sk=mine.secret)
    owner.delete_permanent_access_key(DeletePermanentAccessKeyRequest(mine.access))
    with pytest.raises(ClientRequestException) as refused:
        owner.keystone_list_auth_projects(KeystoneListAuthProjectsRequest())
    assert refused.value.status_code == 401


def test_an_expired_key_is_refused(clients: Clients, local: LocalCloud) -> None:
    client = clients.iam(**keys_of(of_oneself(clients, "developer")))
    client.keystone_list_auth_projects(KeystoneListAuthProjectsRequest())

    local.forward(901)

    with pytest.raises(ClientRequestException) as refused:
        client.keystone_list_auth_projects(KeystoneListAuthProjectsRequest())
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
    assert "expired" in refused.value.error_msg


@pytest.mark.parametrize("token", ["another", ""])
def test_a_temporary_key_without_its_token_is_refused(clients: Clients, token: str) -> None:
    key = keys_of(of_oneself(clients, "developer"))
    keys = {**key, "token": token} if token else {"ak": key["ak"], "sk": key["sk"]}

    with pytest.raises(ClientRequestException) as refused:
        clients.iam(**keys).keystone_list_auth_projects(KeystoneListAuthProjectsRequest())

    assert refused.value.status_code == 401


def test_a_temporary_key_is_not_looked_up_as_a_permanent_one(clients: Clients) -> None:
    key = keys_of(of_oneself(clients, "administrator"))

    with pytest.raises(ClientRequestException) as refused:
        clients.iam(**key).show_permanent_access_key(ShowPermanentAccessKeyRequest(key["ak"]))

    assert refused.value.status_code == 404


def test_an_unknown_key_is_refused(clients: Clients) -> None:
    client = clients.iam(ak="A" * 20, sk="s" * 40)

    with pytest.raises(ClientRequestException) as refused:
        client.keystone_list_auth_projects(KeystoneListAuthProjectsRequest())

    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")


def test_the_key_of_a_disabled_user_is_refused(clients: Clients, local: LocalCloud) -> None:
    with local.inside.store.write() as db:
        db.run("UPDATE iam_user SET enabled = 0 WHERE name = 'developer'")

    with pytest.raises(ClientRequestException) as refused:
        clients.iam("developer").keystone_list_auth_projects(KeystoneListAuthProjectsRequest())

    assert refused.value.status_code == 401
