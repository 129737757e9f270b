"""Workspaces: who is admitted, to what is in them, and who may change them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    CreateWorkspaceReq,
    CreateWorkspaceReqGrants,
    CreateWorkspaceRequest,
    DeleteNotebookRequest,
    DeleteWorkspaceRequest,
    ListAllNotebooksRequest,
    ListUsersRequest,
    ListWorkspaceRequest,
    ShowWorkspaceQuotasRequest,
    ShowWorkspaceRequest,
    UpdateWorkspaceReq,
    UpdateWorkspaceRequest,
    ViewWorkspaceResponseGrants,
)

from tests.unit.localcloud.modelarts.conftest import World, code, until
from tests.unit.localcloud.modelarts.test_rights import grant, statement, take_back


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """One for the file; what a test granted is taken back after it."""
    yield world
    take_back(world)


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


def test_a_right_to_see_all_opens_no_workspace_that_is_closed(world: World) -> None:
    # given a private workspace of the administrator's with a notebook in it
    id = workspace(world, "ws-closed", "PRIVATE")
    notebook = world.create("administrator", workspace_id=id).id
    grant(world, "norights", statement("Allow", "modelarts:notebook:*"))

    listed = world("norights").list_all_notebooks(ListAllNotebooksRequest(limit=50)).data
    assert notebook not in {found.id for found in listed}
    with pytest.raises(ClientRequestException) as refused:
        world.show(notebook, "norights")
    assert code(refused) == "6309 400"
    assert world.show(notebook, "administrator").workspace_id == id


def change(world: World, id: str, user: str = "administrator", **values: Any) -> Any:
    body = UpdateWorkspaceReq(**values)
    return world(user).update_workspace(UpdateWorkspaceRequest(workspace_id=id, body=body))


def shown(world: World, id: str) -> Any:
    return world("administrator").show_workspace(ShowWorkspaceRequest(workspace_id=id))


def test_a_workspace_is_opened_to_more(world: World) -> None:
    id = workspace(world, "ws-opened", "PRIVATE")

    grants = [ViewWorkspaceResponseGrants(user_name="teammate")]
    answer = change(world, id, name="ws-renamed", auth_type="INTERNAL", grants=grants)

    assert answer.workspace_id == id
    changed = shown(world, id)
    assert (changed.name, changed.auth_type) == ("ws-renamed", "INTERNAL")
    assert [one.user_name for one in changed.grants] == ["teammate"]
    assert world.create("teammate", workspace_id=id).workspace_id == id
    # and closed again: the list of who is admitted goes with it
    change(world, id, auth_type="PUBLIC")
    assert shown(world, id).grants == []


def test_only_who_made_a_workspace_changes_it(world: World) -> None:
    id = workspace(world, "ws-public", "PUBLIC")

    for call in (
        lambda: change(world, id, "developer", description="mine now"),
        lambda: world().delete_workspace(DeleteWorkspaceRequest(workspace_id=id)),
    ):
        with pytest.raises(ClientRequestException) as refused:
            call()
        assert code(refused) == "0108 403"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": "x"}, "6400 400"),
        ({"auth_type": "SECRET"}, "6400 400"),
        ({"grants": [ViewWorkspaceResponseGrants(user_name="nobody")]}, "0101 400"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(
    world: World, values: dict[str, Any], expected: str
) -> None:
    id = workspace(world, f"ws-kept-{len(str(values))}", "PUBLIC")

    with pytest.raises(ClientRequestException) as refused:
        change(world, id, **{"description": "other", **values})

    assert code(refused) == expected
    assert (shown(world, id).description, shown(world, id).auth_type) == ("", "PUBLIC")


def test_a_name_is_unique(world: World) -> None:
    workspace(world, "ws-unique", "PUBLIC")

    with pytest.raises(ClientRequestException) as refused:
        workspace(world, "ws-unique", "PUBLIC")
    assert code(refused) == "0101 400"


def test_only_an_empty_workspace_is_deleted(world: World) -> None:
    admin, id = world("administrator"), workspace(world, "ws-doomed", "PUBLIC")
    notebook = world.running("administrator", workspace_id=id).id
    request = DeleteWorkspaceRequest(workspace_id=id)

    with pytest.raises(ClientRequestException) as refused:
        admin.delete_workspace(request)
    assert code(refused) == "0101 400"

    admin.delete_notebook(DeleteNotebookRequest(id=notebook))
    until(lambda: deleted(world, request), bool)
    with pytest.raises(ClientRequestException) as refused:
        admin.show_workspace(ShowWorkspaceRequest(workspace_id=id))
    assert code(refused) == "0102 400"


def deleted(world: World, request: DeleteWorkspaceRequest) -> bool:
    try:
        answer = world("administrator").delete_workspace(request)
    except ClientRequestException:
        return False
    return bool(answer.workspace_id == request.workspace_id)


def test_the_default_workspace_stays_and_stays_public(world: World) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world("administrator").delete_workspace(DeleteWorkspaceRequest(workspace_id="0"))
    assert code(refused) == "0108 403"  # it is the account's


def test_they_are_listed_in_order_and_by_pages(world: World) -> None:
    for name in ("ws-b", "ws-a", "ws-c"):
        workspace(world, f"{name}-sorted", "PUBLIC")

    def names(**query: Any) -> list[str]:
        request = ListWorkspaceRequest(name="-sorted", sort_by="name", **query)
        return [found.name for found in world().list_workspace(request).workspaces]

    assert names(order="asc") == ["ws-a-sorted", "ws-b-sorted", "ws-c-sorted"]
    assert names(order="desc", limit=1, offset=1) == ["ws-b-sorted"]


def test_the_names_of_users_are_listed_for_who_may_see_them(world: World) -> None:
    found = world().list_users(ListUsersRequest()).users

    assert {user.user_name for user in found} >= {"developer", "teammate"}
    with pytest.raises(ClientRequestException) as refused:
        world("norights").list_users(ListUsersRequest())
    assert code(refused) == "0112 403"
