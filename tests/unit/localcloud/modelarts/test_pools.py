"""Dedicated pools, their networks and clusters: example data, with rights to look at it."""

from __future__ import annotations

from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    CreatePoolRequest,
    DeletePoolRequest,
    ListAuthoringClustersRequest,
    ListNetworksRequest,
    ListPoolsRequest,
    PatchPoolRequest,
    ShowImageRequest,
    ShowNetworkRequest,
    ShowPoolRequest,
)

from modelarts_nb.localcloud.modelarts.catalog import DEFAULT_IMAGE
from tests.unit.localcloud.modelarts.conftest import World, code
from tests.unit.localcloud.modelarts.test_create import demo_share


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


def test_a_pool_is_changed_and_deleted_by_nobody(world: World) -> None:
    name = world.demo().pool.id

    for user, changed, deleted in (
        ("developer", "0112 403", "0112 403"),
        ("administrator", "6360 400", "6357 400"),
    ):
        with pytest.raises(ClientRequestException) as refused:
            world(user).patch_pool(PatchPoolRequest(pool_name=name, body={}))
        assert code(refused) == changed
        with pytest.raises(ClientRequestException) as refused:
            world(user).delete_pool(DeletePoolRequest(pool_name=name))
        assert code(refused) == deleted
    assert world().show_pool(ShowPoolRequest(pool_name=name)).metadata.name == name


def test_clusters_are_the_public_pool_and_the_dedicated_ones(world: World) -> None:
    def clusters(kind: str) -> list[Any]:
        request = ListAuthoringClustersRequest(type=kind)
        return list(world().list_authoring_clusters(request).data)

    assert [found.pool_id for found in clusters("MANAGED")] == ["public"]
    assert [found.pool_id for found in clusters("DEDICATED")] == [world.demo().pool.id]
    with pytest.raises(ClientRequestException) as refused:
        clusters("OTHER")
    assert code(refused) == "0104 400"


def test_what_is_not_there(world: World) -> None:
    for call in (
        lambda: world().show_pool(ShowPoolRequest(pool_name="pool-none")),
        lambda: world().show_network(ShowNetworkRequest(network_name="network-none")),
    ):
        with pytest.raises(ClientRequestException) as refused:
            call()
        assert code(refused) == "6404 400"


def test_an_image_and_a_network_are_shown_by_themselves(world: World) -> None:
    network = world().list_networks(ListNetworksRequest()).items[0].metadata.name

    shown = world().show_network(ShowNetworkRequest(network_name=network))

    assert shown.metadata.name == network
    assert world().show_image(ShowImageRequest(id=DEFAULT_IMAGE)).id == DEFAULT_IMAGE
