"""Who may do what: policies, the agency, workspaces, folder rights of SFS Turbo, strict mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    AuthorizationRequest,
    AuthRequests,
    CreateAuthorizationRequest,
    CreateModelArtsAgencyRequest,
    CreatePoolRequest,
    CreateWorkspaceReq,
    CreateWorkspaceReqGrants,
    CreateWorkspaceRequest,
    DeleteAuthorizationsRequest,
    GetAuthorizationsRequest,
    ListNetworksRequest,
    ListNotebooksRequest,
    ListPoolsRequest,
    ListWorkspaceRequest,
    ModelArtsAgencyRequest,
    ShowAuthmodeDetailRequest,
    ShowPoolRequest,
    ShowWorkspaceQuotasRequest,
    ShowWorkspaceRequest,
    UpdateAuthModeRequest,
    UpdateAuthModeRequestBody,
    ValidateAuthorizationRequest,
    ValidateAuthorizationRequestBody,
    VolumeMountRequest,
)

from modelarts_nb.localcloud.iam import account
from tests.unit.localcloud.modelarts.conftest import World, code, until
from tests.unit.localcloud.modelarts.test_create import demo_share

CREATE = "modelarts:notebook:create"


def grant(world: World, user: str, *statements: dict[str, Any], name: str = "for a test") -> None:
    """Put a custom policy in force for a user, as the console would."""
    cloud = world.cloud
    with cloud.inside.store.write() as db:
        document = {"Version": "1.1", "Statement": list(statements)}
        role = account.add_role(db, cloud.domain_id, name, "XA", document, 0.0)
        subject: tuple[account.SubjectKind, str] = ("user", cloud.users[user].user_id)
        account.grant(db, role, subject, ("all_projects", cloud.domain_id), 0.0)


def statement(effect: str, *actions: str, **condition: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect, "Action": list(actions)}
    return {**found, "Condition": condition} if condition else found


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """One for the file; what a test granted is taken back after it."""
    yield world
    with world.cloud.inside.store.write() as db:
        db.run("DELETE FROM iam_role WHERE display_name = 'for a test'")
        db.run("DELETE FROM modelarts_mode")
        # Authorizations as the demo account has them.
        db.run("DELETE FROM modelarts_authorization WHERE user_id != 'all-users'")


# -- policies -----------------------------------------------------------------------------------


def test_without_rights_nothing_is_allowed(world: World) -> None:
    for call in (
        lambda: world("norights").list_notebooks(ListNotebooksRequest()),
        lambda: world.create("norights"),
        lambda: world("norights").list_pools(ListPoolsRequest()),
    ):
        with pytest.raises(ClientRequestException) as refused:
            call()
        assert code(refused) == "0112 403"


def test_one_right_is_enough_for_what_it_names(world: World) -> None:
    grant(world, "norights", statement("Allow", "modelarts:notebook:list"))

    assert world("norights").list_notebooks(ListNotebooksRequest()).total == 0
    with pytest.raises(ClientRequestException):
        world.create("norights")


def test_the_public_pool_can_be_forbidden(world: World) -> None:
    # given the seed's policy of 2.3.6
    public = {"StringEquals": {"modelarts:poolType": ["public"]}}
    grant(world, "developer", statement("Deny", CREATE, **public))

    with pytest.raises(ClientRequestException) as refused:
        world.create()
    assert code(refused) == "0112 403"
    assert world.create(pool_id=world.demo().pool.id).status == "INIT"


def test_who_sees_all_may_use_others_notebooks(world: World) -> None:
    id = world.running().id
    # the teammate is in the developers' group, which denies it; norights is not
    grant(world, "norights", statement("Allow", "modelarts:notebook:*"))

    world.stopped(id, "norights")

    assert world.started(id, "norights").user.name == "developer"


def test_validation_tells_which_condition_was_missed(world: World) -> None:
    public = {"StringEquals": {"modelarts:poolType": ["dedicated"]}}
    grant(world, "norights", statement("Allow", CREATE, **public))
    asked = [
        AuthRequests(action_id="1", action=CREATE, service_attributes={}),
        AuthRequests(
            action_id="2", action=CREATE, service_attributes={"modelarts:poolType": "dedicated"}
        ),
        AuthRequests(action_id="3", action="modelarts:notebook:delete", service_attributes={}),
    ]
    body = ValidateAuthorizationRequestBody(requests=asked)
    request = ValidateAuthorizationRequest(workspace_id="0", body=body)

    first, second, third = world("norights").validate_authorization(request).results

    assert [r.verdict for r in (first, second, third)] == ["deny", "allow", "deny"]
    assert first.cause[0].policy_name == "for a test"
    missed = first.cause[0].condition[0]
    assert (missed.key, missed.operator, missed.value) == (
        "modelarts:poolType",
        "StringEquals",
        ["dedicated"],
    )
    assert third.cause == []


# -- the agency ---------------------------------------------------------------------------------


def test_without_an_agency_dependent_services_are_not_authorized(fresh: World) -> None:
    # given that the administrator took everybody's authorization away
    admin = fresh("administrator")
    assert admin.get_authorizations(GetAuthorizationsRequest()).total_count == 1
    admin.delete_authorizations(DeleteAuthorizationsRequest())

    # then a right to create is not enough
    with pytest.raises(ClientRequestException) as refused:
        fresh.create()
    assert code(refused) == "6379 400"
    assert "not authorized" in refused.value.error_msg

    # until the user has an agency, which the administrator makes
    admin.create_model_arts_agency(
        CreateModelArtsAgencyRequest(ModelArtsAgencyRequest(agency_name_suffix="dev"))
    )
    authorize(fresh, "ma_agency_dev", fresh.cloud.users["developer"].user_id)
    assert fresh.running().id
    with pytest.raises(ClientRequestException):
        fresh.create("teammate")


def authorize(world: World, agency: str, user_id: str) -> None:
    body = AuthorizationRequest(type="agency", content=agency, user_id=user_id, user_type="iam")
    world("administrator").create_authorization(CreateAuthorizationRequest(body))


def test_what_exists_is_not_made_twice(world: World) -> None:
    user_id = world.cloud.users["teammate"].user_id
    authorize(world, "modelarts_agency", user_id)

    with pytest.raises(ClientRequestException) as refused:
        authorize(world, "modelarts_agency", user_id)
    assert code(refused) == "0424 400"
    with pytest.raises(ClientRequestException) as refused:
        world("administrator").create_model_arts_agency(
            CreateModelArtsAgencyRequest(ModelArtsAgencyRequest())
        )
    assert code(refused) == "3818 400"


def test_an_unknown_authorization_or_agency(world: World) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world("administrator").delete_authorizations(DeleteAuthorizationsRequest(user_id="nobody"))
    assert code(refused) == "0429 400"
    with pytest.raises(ClientRequestException) as refused:
        authorize(world, "no-such-agency", "all-users")
    assert code(refused) == "0101 400"


def test_an_agency_without_rights_to_obs_mounts_no_bucket(fresh: World) -> None:
    from tests.unit.localcloud.modelarts.test_dynamic import attach

    id = fresh.running().id
    with fresh.cloud.inside.store.write() as db:
        db.run("DELETE FROM iam_grant WHERE subject_kind = 'agency'")

    with pytest.raises(ClientRequestException) as refused:
        attach(fresh, id)
    assert code(refused) == "6772 400"


# -- workspaces ---------------------------------------------------------------------------------


def workspace(world: World, name: str, auth_type: str, *members: str) -> str:
    """A workspace of the administrator's."""
    grants = [CreateWorkspaceReqGrants(user_name=member) for member in members]
    body = CreateWorkspaceReq(name=name, auth_type=auth_type, grants=grants)
    made = world("administrator").create_workspace(CreateWorkspaceRequest(body))
    return str(made.id)


@pytest.mark.parametrize(
    ("auth_type", "members", "admitted"),
    [
        ("PUBLIC", (), {"administrator", "developer", "teammate"}),
        ("PRIVATE", (), {"administrator"}),
        ("PRIVATE", ("developer",), {"administrator"}),
        ("INTERNAL", ("developer",), {"administrator", "developer"}),
    ],
)
def test_who_is_admitted(
    world: World, auth_type: str, members: tuple[str, ...], admitted: set[str]
) -> None:
    id = workspace(world, f"ws-{auth_type}-{len(members)}", auth_type, *members)

    for user in ("administrator", "developer", "teammate"):
        listing = ListWorkspaceRequest(filter_accessible=True)
        accessible = {w.id for w in world(user).list_workspace(listing).workspaces}
        assert (id in accessible) == (user in admitted)
        if user in admitted:
            world.create(user, workspace_id=id)
        else:
            with pytest.raises(ClientRequestException) as refused:
                world.create(user, workspace_id=id)
            assert code(refused) == "0108 403"


def test_the_default_workspace_and_its_quotas(world: World) -> None:
    found = world().show_workspace(ShowWorkspaceRequest(workspace_id="0"))
    quotas = world().show_workspace_quotas(ShowWorkspaceQuotasRequest(workspace_id="0"))

    assert (found.name, found.auth_type, found.status) == ("default", "PUBLIC", "NORMAL")
    assert {quota.quota for quota in quotas.quotas} == {-1}


def test_a_workspace_that_is_not_there(world: World) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world().show_workspace(ShowWorkspaceRequest(workspace_id="f" * 32))
    assert code(refused) == "0102 400"


# -- pools --------------------------------------------------------------------------------------


def test_the_pool_and_what_its_network_reaches(world: World) -> None:
    pool = world().list_pools(ListPoolsRequest()).items[0]
    assert pool.metadata.labels.os_modelarts_name == "demo-pool"
    assert pool.status.phase == "Running"

    shown = world().show_pool(ShowPoolRequest(pool_name=pool.metadata.name))
    networks = world().list_networks(ListNetworksRequest()).items
    network = next(n for n in networks if n.metadata.name == shown.spec.network.name)

    reached = network.status.connection_status.sfs_turbo_status[0]
    assert (reached.sfs_id, reached.status) == (demo_share(world), "Active")


def test_making_a_pool_takes_a_right_and_machines(world: World) -> None:
    for user, expected in (("developer", "0112 403"), ("administrator", "6360 400")):
        with pytest.raises(ClientRequestException) as refused:
            world(user).create_pool(CreatePoolRequest(body={}))
        assert code(refused) == expected


# -- SFS Turbo folders (seed 2.3.7) ---------------------------------------------------------------


def strict(world: World, mode: str = "strict") -> None:
    body = UpdateAuthModeRequestBody(mode=mode)
    world("administrator").update_auth_mode(UpdateAuthModeRequest(body))


def folder_right(world: World, user: str, path: str) -> None:
    condition = {
        "modelarts:sfsId": [demo_share(world)],
        "modelarts:sfsPath": [path],
        "modelarts:sfsOption": ["readwrite"],
    }
    grant(world, user, statement("Allow", CREATE, StringEqualsIfExists=condition))


def on_share(world: World, user: str, path: str) -> Any:
    share = demo_share(world)
    volume = VolumeMountRequest(
        category="EFS", ownership="DEDICATED", uri=f"x.internal:{path}", id=share
    )
    return world.create(user, pool_id=world.demo().pool.id, volume=volume)


def test_folder_rights_bind_in_strict_mode_only(world: World) -> None:
    folder_right(world, "teammate", "/datasets")
    assert on_share(world, "developer", "/checkpoints").id

    strict(world)

    shown = world("administrator").show_authmode_detail(ShowAuthmodeDetailRequest())
    assert shown.mode == "strict"
    with pytest.raises(ClientRequestException) as refused:
        on_share(world, "developer", "/checkpoints")
    assert code(refused) == "0112 403"


def test_in_strict_mode_without_folder_rights_everybody_mounts(world: World) -> None:
    strict(world)

    assert on_share(world, "developer", "/datasets").id


def test_a_folder_right_is_for_that_folder(world: World) -> None:
    strict(world)
    folder_right(world, "teammate", "/datasets")

    assert on_share(world, "teammate", "/datasets").id
    with pytest.raises(ClientRequestException) as refused:
        on_share(world, "teammate", "/checkpoints")
    assert code(refused) == "0112 403"


def test_the_administrator_needs_no_folder_right(world: World) -> None:
    strict(world)
    folder_right(world, "teammate", "/datasets")

    assert on_share(world, "administrator", "/checkpoints").id


def test_only_administrators_turn_strict_mode(world: World) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world("norights").update_auth_mode(
            UpdateAuthModeRequest(UpdateAuthModeRequestBody(mode="strict"))
        )
    assert code(refused) == "0112 403"


def test_all_notebooks_of_these_tests_come_to_rest(world: World) -> None:
    """What was created while rights changed is in a state of its own, not stuck."""
    request = ListNotebooksRequest(limit=50)
    until(
        lambda: {n.status for n in world("administrator").list_notebooks(request).data},
        lambda seen: seen <= {"RUNNING", "STOPPED", "START_FAILED"},
    )
