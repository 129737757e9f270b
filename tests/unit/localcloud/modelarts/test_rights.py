"""Who may do what: policies and the agency."""

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
    DeleteAuthorizationsRequest,
    GetAuthorizationsRequest,
    ListAllNotebooksRequest,
    ListNotebooksRequest,
    ListPoolsRequest,
    ModelArtsAgencyRequest,
    ModelArtsClient,
    ValidateAuthorizationRequest,
    ValidateAuthorizationRequestBody,
)

from modelarts_nb.localcloud.iam import account
from tests.unit.localcloud.iam.test_temporary_keys import assume, keys_of
from tests.unit.localcloud.modelarts.conftest import World, code, until
from tests.unit.localcloud.modelarts.test_dynamic import attach

CREATE = "modelarts:notebook:create"


def grant(world: World, user: str, *statements: dict[str, Any], name: str = "for a test") -> None:
    """Put a custom policy in force for a user, as the console would."""
    put_in_force(world, ("user", world.cloud.users[user].user_id), *statements, name=name)


def grant_to_agency(world: World, *statements: dict[str, Any], name: str) -> None:
    """The same for what ModelArts may do for everybody."""
    with world.cloud.inside.store.read() as db:
        row = db.one("SELECT id FROM iam_agency WHERE name = 'modelarts_agency'")
    assert row is not None
    put_in_force(world, ("agency", row["id"]), *statements, name=name)


def put_in_force(
    world: World, who: tuple[account.SubjectKind, str], *statements: dict[str, Any], name: str
) -> None:
    cloud = world.cloud
    with cloud.inside.store.write() as db:
        document = {"Version": "1.1", "Statement": list(statements)}
        role = account.add_role(db, cloud.domain_id, name, "XA", document, 0.0)
        account.grant(db, role, who, ("all_projects", cloud.domain_id), 0.0)


def statement(effect: str, *actions: str, **condition: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect, "Action": list(actions)}
    return {**found, "Condition": condition} if condition else found


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """One for the file; what a test granted is taken back after it."""
    yield world
    take_back(world)


def take_back(world: World) -> None:
    """Rights, authorizations and mode as the demo account has them."""
    with world.cloud.inside.store.write() as db:
        db.run("DELETE FROM iam_role WHERE display_name LIKE 'for a test%'")
        db.run("DELETE FROM modelarts_mode")
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


def test_an_agencys_token_does_not_lead_around_the_rule_about_the_public_pool(
    world: World,
) -> None:
    # given the rule of 2.3.6 for a developer, and an agency that may create notebooks
    public = {"StringEquals": {"modelarts:poolType": ["public"]}}
    rule = statement("Deny", CREATE, **public)
    grant(world, "developer", rule)
    grant_to_agency(world, statement("Allow", CREATE), name="for a test: the agency")
    key = keys_of(assume(world.clients, "developer"))
    agency = world.clients.of(ModelArtsClient, **key)
    assert world.create(client=agency).status == "INIT"

    # when the agency has it, too (step 4)
    grant_to_agency(world, rule, name="for a test: the agency's rule")

    # then a token that was issued before is bound as well
    with pytest.raises(ClientRequestException) as refused:
        world.create(client=agency)
    assert code(refused) == "0112 403"
    assert world.create(client=agency, pool_id=world.demo().pool.id).status == "INIT"


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
    id = fresh.running().id
    with fresh.cloud.inside.store.write() as db:
        db.run("DELETE FROM iam_grant WHERE subject_kind = 'agency'")

    with pytest.raises(ClientRequestException) as refused:
        attach(fresh, id)
    assert code(refused) == "6772 400"


def test_all_notebooks_of_these_tests_come_to_rest(world: World) -> None:
    """What was created while rights changed is in a state of its own, not stuck."""
    request = ListAllNotebooksRequest(limit=50)
    until(
        lambda: {n.status for n in world("administrator").list_all_notebooks(request).data},
        lambda seen: seen <= {"RUNNING", "STOPPED", "START_FAILED"},
    )
