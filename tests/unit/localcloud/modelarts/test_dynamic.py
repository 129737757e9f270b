"""Dynamic storage through the SDK."""

from __future__ import annotations

import os
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    AttachDynamicStorageRequest,
    DataVolumesReq,
    DetachDynamicStorageRequest,
    ListDynamicStoragesRequest,
    ShowDynamicStorageRequest,
)

from tests.unit.localcloud.modelarts.conftest import World, code, until
from tests.unit.localcloud.modelarts.test_create import demo_share


def attach(
    world: World, id: str, uri: str = "obs://demo-bucket/", path: str = "/data/set", **more: Any
) -> Any:
    body = DataVolumesReq(
        **{"category": "OBSFS", "uri": uri, "mount_path": path, **more}  # type: ignore[arg-type]
    )
    return world().attach_dynamic_storage(AttachDynamicStorageRequest(instance_id=id, body=body))


def wait(world: World, id: str, storage: str, status: str) -> Any:
    request = ShowDynamicStorageRequest(instance_id=id, storage_id=storage)
    return until(lambda: world().show_dynamic_storage(request), lambda s: s.status == status)


def detach(world: World, id: str, storage: str) -> Any:
    request = DetachDynamicStorageRequest(instance_id=id, storage_id=storage)
    return world().detach_dynamic_storage(request)


def listed(world: World, id: str) -> list[Any]:
    request = ListDynamicStoragesRequest(instance_id=id)
    return list(world().list_dynamic_storages(request).data)


@pytest.fixture(scope="module")
def running(world: World) -> str:
    """A running notebook in the dedicated pool."""
    return str(world.running(pool_id=world.demo().pool.id).id)


def test_a_bucket_becomes_visible_under_data(world: World, running: str) -> None:
    asked = attach(world, running, "obs://demo-bucket/datasets/", "/data/one/")
    assert (asked.status, asked.mount_type) == ("MOUNTING", "DYNAMIC")

    found = wait(world, running, asked.id, "MOUNTED")

    assert (found.category, found.mount_path) == ("OBSFS", "/data/one/")
    folder = world.folders(running).data / "one"
    assert os.listdir(folder) == ["numbers.csv"]
    assert asked.id in [storage.id for storage in listed(world, running)]


def test_detached_storage_is_gone_and_its_files_stay(world: World, running: str) -> None:
    id = attach(world, running, "obs://demo-bucket/made/", "/data/two").id
    wait(world, running, id, "MOUNTED")
    (world.folders(running).data / "two" / "file").write_text("x")

    assert detach(world, running, id).status == "UNMOUNTING"

    until(lambda: [s for s in listed(world, running) if s.id == id], lambda left: not left)
    with pytest.raises(ClientRequestException) as refused:
        wait(world, running, id, "UNMOUNTED")
    assert code(refused) == "6404 400"
    assert not (world.folders(running).data / "two").exists()
    bucket = world.cloud.inside.folder / "modelarts/buckets/demo-bucket"
    assert (bucket / "made" / "file").read_text() == "x"


def test_a_share_that_the_pools_network_reaches(world: World, running: str) -> None:
    share = demo_share(world)
    asked = attach(
        world,
        running,
        f"{share}.sfsturbo.internal:/datasets",
        "/data/share",
        category="EFS",
        efs_id=share,
    )

    assert wait(world, running, asked.id, "MOUNTED").efs_id == share


def test_obs_is_answered_as_the_parallel_file_system_that_it_is(world: World, running: str) -> None:
    assert attach(world, running, path="/data/obs", category="OBS").category == "OBSFS"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"path": "/data"}, "6927 400"),
        ({"path": "/data/"}, "6927 400"),
        ({"path": "/home/ma-user/x"}, "6927 400"),
        ({"path": "/data/../etc"}, "6927 400"),
        ({"path": "/data/a/b"}, "6927 400"),
        ({"path": "/data/x\n"}, "6927 400"),
        ({"uri": "obs://no-such-bucket/"}, "6772 400"),
        ({"uri": "obs://demo-bucket"}, "6400 400"),
        ({"uri": "/etc"}, "6400 400"),
        ({"uri": "obs://demo-bucket/../other/"}, "6400 400"),
        ({"uri": "obs://demo-bucket/" + "x" * 300}, "6400 400"),
        ({"category": "NFS"}, "6400 400"),
        ({"category": "EFS", "uri": "x.internal:/datasets"}, "6400 400"),
        ({"category": "EFS", "uri": "x.internal:/", "efs_id": "none"}, "6404 400"),
    ],
)
def test_what_cannot_be_mounted(
    world: World, running: str, properties: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientRequestException) as refused:
        attach(world, running, **properties)
    assert code(refused) == expected


def test_two_storages_cannot_have_one_path(world: World, running: str) -> None:
    attach(world, running, path="/data/taken")

    with pytest.raises(ClientRequestException) as refused:
        attach(world, running, path="/data/taken/")
    assert code(refused) == "6927 400"


def test_only_a_running_notebook_mounts(world: World) -> None:
    id = world.running().id
    world.stopped(id)

    with pytest.raises(ClientRequestException) as refused:
        attach(world, id)
    assert code(refused) == "6327 400"


def test_sfs_turbo_takes_a_dedicated_pool(world: World) -> None:
    share = demo_share(world)

    with pytest.raises(ClientRequestException) as refused:
        attach(world, world.running().id, "x.internal:/", category="EFS", efs_id=share)
    assert code(refused) == "6702 400"


def test_sfs_turbo_takes_an_association_with_the_pools_network(fresh: World) -> None:
    share, id = demo_share(fresh), fresh.running(pool_id=fresh.demo().pool.id).id
    with fresh.cloud.inside.store.write() as db:
        db.run("DELETE FROM sfsturbo_nic")

    with pytest.raises(ClientRequestException) as refused:
        attach(fresh, id, "x.internal:/", category="EFS", efs_id=share)
    assert code(refused) == "6404 400"
    assert "association" in refused.value.error_msg


def test_a_bucket_that_is_no_file_system(fresh: World) -> None:
    fresh.cloud.operate(
        "POST",
        "/_local/buckets",
        {"name": "objects", "domain_id": fresh.cloud.domain_id, "file_system": False},
    )

    with pytest.raises(ClientRequestException) as refused:
        attach(fresh, fresh.running().id, "obs://objects/")
    assert code(refused) == "6772 400"


def test_a_link_in_a_bucket_does_not_lead_out_of_it(world: World, running: str) -> None:
    bucket = world.cloud.inside.folder / "modelarts/buckets/demo-bucket"
    (bucket / "out").symlink_to("/etc")

    with pytest.raises(ClientRequestException) as refused:
        attach(world, running, "obs://demo-bucket/out/", "/data/out")
    assert code(refused) == "6404 400"


def test_a_mount_that_fails_says_why_and_can_be_taken_away(fresh: World) -> None:
    id = fresh.running().id
    fresh.cloud.fault("event", path="storage.mount", body="OBS does not answer.")

    storage = attach(fresh, id).id

    failed = wait(fresh, id, storage, "MOUNT_FAILED")
    assert failed.failure_reason == "OBS does not answer."
    detach(fresh, id, storage)
    until(lambda: listed(fresh, id), lambda left: not left)


def test_what_is_at_the_path_already_is_not_hidden(world: World, running: str) -> None:
    (world.folders(running).data / "mine").mkdir()

    storage = attach(world, running, path="/data/mine").id

    assert "exists already" in wait(world, running, storage, "MOUNT_FAILED").failure_reason
    detach(world, running, storage)
    until(lambda: [s for s in listed(world, running) if s.id == storage], lambda left: not left)
    assert (world.folders(running).data / "mine").is_dir()


def test_unmounting_may_fail_and_be_tried_again(fresh: World) -> None:
    id = fresh.running().id
    storage = attach(fresh, id).id
    wait(fresh, id, storage, "MOUNTED")
    fresh.cloud.fault("event", path="storage.unmount")

    detach(fresh, id, storage)
    wait(fresh, id, storage, "UNMOUNT_FAILED")

    detach(fresh, id, storage)
    until(lambda: listed(fresh, id), lambda left: not left)


def test_storage_stays_over_a_restart(world: World) -> None:
    id = world.running().id
    storage = attach(world, id).id
    wait(world, id, storage, "MOUNTED")

    world.stopped(id)
    world.started(id)

    assert (world.folders(id).data / "set" / "README.txt").exists()


def test_the_demo_notebook_has_its_bucket(world: World) -> None:
    demo = world.demo()

    assert [s.mount_path for s in listed(world, demo.id)] == ["/data/demo-bucket"]
    assert (world.folders(demo.id).data / "demo-bucket" / "README.txt").exists()
