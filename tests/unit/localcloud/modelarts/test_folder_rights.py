"""Folder rights on SFS Turbo (seed 2.3.7), in strict mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    AuthRequests,
    ShowAuthmodeDetailRequest,
    UpdateAuthModeRequest,
    UpdateAuthModeRequestBody,
    ValidateAuthorizationRequest,
    ValidateAuthorizationRequestBody,
    VolumeMountRequest,
)

from tests.unit.localcloud.modelarts.conftest import World, code
from tests.unit.localcloud.modelarts.test_create import demo_share
from tests.unit.localcloud.modelarts.test_dynamic import attach
from tests.unit.localcloud.modelarts.test_rights import CREATE, grant, statement, take_back


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """One for the file; what a test granted is taken back after it."""
    yield world
    take_back(world)


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


def test_a_folder_right_counts_for_dynamic_storage_too(world: World) -> None:
    running, share = world.running(pool_id=world.demo().pool.id).id, demo_share(world)
    strict(world)
    folder_right(world, "developer", "/datasets")

    def mount(folder: str) -> Any:
        where = f"x.internal:/{folder}"
        return attach(world, running, where, f"/data/{folder}", category="EFS", efs_id=share)

    assert mount("datasets").status == "MOUNTING"
    with pytest.raises(ClientRequestException) as refused:
        mount("checkpoints")
    assert code(refused) == "0112 403"


def test_a_condition_on_the_pool_beside_that_on_the_folder_holds(world: World) -> None:
    strict(world)
    condition = {"modelarts:sfsId": [demo_share(world)], "modelarts:sfsPath": ["/datasets"]}
    dedicated = {"modelarts:poolType": ["dedicated"]}
    grant(
        world,
        "teammate",
        statement("Allow", CREATE, StringEqualsIfExists=condition, StringEquals=dedicated),
    )

    assert on_share(world, "teammate", "/datasets").id


def verdicts(world: World, user: str, *paths: str) -> list[tuple[str, list[str]]]:
    """What the cloud's own validation says of folders, and the keys of what was missed."""
    asked = [
        AuthRequests(
            action_id=path,
            action=CREATE,
            service_attributes={
                "modelarts:sfsId": demo_share(world),
                "modelarts:sfsPath": path,
                "modelarts:sfsOption": "readwrite",
            }
            if path
            else {},
        )
        for path in paths
    ]
    body = ValidateAuthorizationRequestBody(requests=asked)
    request = ValidateAuthorizationRequest(workspace_id="0", body=body)
    results = world(user).validate_authorization(request).results
    return [(r.verdict, [c.key for cause in r.cause for c in cause.condition]) for r in results]


def test_validation_knows_folder_rights(world: World) -> None:
    # given that nobody is bound, since strict mode is off
    folder_right(world, "teammate", "/datasets")
    assert verdicts(world, "developer", "/datasets") == [("allow", [])]

    strict(world)

    # then it says what creating a notebook would say
    assert verdicts(world, "teammate", "/datasets", "/checkpoints", "") == [
        ("allow", []),
        ("deny", ["modelarts:sfsPath"]),
        ("allow", []),
    ]
    assert verdicts(world, "developer", "/datasets") == [("deny", [])]
    assert verdicts(world, "administrator", "/checkpoints") == [("allow", [])]
