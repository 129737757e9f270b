"""What a new notebook may ask for, and which refusals there are."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    Config,
    ContainerHooks,
    CustomHooks,
    ListFlavorsRequest,
    ListImageRequest,
    NotebookCustomSpec,
    NotebookUpdateRequest,
    UpdateNotebookRequest,
    VolumeMountRequest,
)

from modelarts_nb.localcloud.modelarts.catalog import IMAGES
from tests.unit.localcloud.modelarts.conftest import World, code

ARM_IMAGE = next(image.id for image in IMAGES.values() if image.arch == "AARCH64")
SOME_ID = "00000000-0000-0000-0000-000000000000"


def hooks(**stages: str) -> CustomHooks:
    """Hooks whose texts are given: COMMAND, BLOCK."""
    made = {
        stage: Config(script=base64.b64encode(text.encode()).decode(), type="COMMAND", mode="BLOCK")
        for stage, text in stages.items()
    }
    return CustomHooks(container_hooks=ContainerHooks(**made))


def volume(category: str, ownership: str = "MANAGED", **more: Any) -> VolumeMountRequest:
    return VolumeMountRequest(category=category, ownership=ownership, **more)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"flavor": "modelarts.vm.quantum"}, "6323 400"),
        ({"flavor": "modelarts.vm.cpu.64u"}, "6329 400"),
        ({"flavor": "modelarts.vm.cpu.arm.2u"}, "6330 400"),
        ({"image_id": ARM_IMAGE}, "6330 400"),
        ({"image_id": SOME_ID}, "6797 400"),
        ({"name": "a b"}, "6400 400"),
        ({"name": "x" * 129}, "6400 400"),
        ({"name": ""}, "6400 400"),
        ({"description": "<b>"}, "6400 400"),
        ({"duration": 5}, "6349 400"),
        ({"workspace_id": "f" * 32}, "0102 400"),
        ({"pool_id": "pool-none"}, "6404 400"),
        ({"feature": "DEFAULT"}, "6360 400"),
        ({"custom_spec": NotebookCustomSpec(cpu=1, memory=1024)}, "6323 400"),
        ({"volume": volume("EVS", "DEDICATED")}, "6702 400"),
        ({"volume": volume("SFS")}, "6702 400"),
        ({"volume": volume("EVS", capacity=4)}, "6331 400"),
        ({"volume": volume("EVS", capacity=4097)}, "6331 400"),
        ({"volume": volume("OBS", "DEDICATED", uri="obs://demo-bucket/")}, "6967 400"),
        ({"volume": volume("EFS", "DEDICATED", uri="a:/", id=SOME_ID)}, "6702 400"),
        ({"data_volumes": [volume("OBS", "DEDICATED")]}, "0104 400"),
    ],
)
def test_what_cannot_be_had_is_refused(
    world: World, properties: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world.create(**properties)
    assert code(refused) == expected


def test_names_may_repeat(world: World) -> None:
    assert world.create(name="same").id != world.create(name="same").id


def test_a_disk_of_evs_may_grow_while_the_notebook_runs(world: World) -> None:
    found = world.running(volume=volume("EVS", capacity=20))
    assert found.volume.capacity == 20

    grown = world().update_notebook(
        UpdateNotebookRequest(id=found.id, body=NotebookUpdateRequest(storage_new_size=30))
    )

    assert grown.volume.capacity == 30


def test_a_share_is_the_disk_of_a_notebook_in_the_pool_that_reaches_it(world: World) -> None:
    pool, share = world.demo().pool.id, demo_share(world)
    given = volume("EFS", "DEDICATED", uri=f"{share}.sfsturbo.internal:/datasets", id=share)

    found = world.running(pool_id=pool, volume=given)
    (world.folders(found.id).home / "work" / "file").write_text("x")

    folder = world.cloud.inside.folder / "sfsturbo" / share / "datasets"
    assert (folder / "file").read_text() == "x"
    assert found.pool.name == "demo-pool"
    # where it is on this machine is not said
    assert str(world.cloud.inside.folder) not in found.raw_content.decode()


@pytest.mark.parametrize("path", ["/../..", "/missing", "/datasets/../.."])
def test_a_share_cannot_be_left(world: World, path: str) -> None:
    share = demo_share(world)
    given = volume("EFS", "DEDICATED", uri=f"x.internal:{path}", id=share)

    with pytest.raises(ClientRequestException) as refused:
        world.create(pool_id=world.demo().pool.id, volume=given)
    assert code(refused) in {"6404 400", "6400 400"}


def demo_share(world: World) -> str:
    with world.cloud.inside.store.read() as db:
        row = db.one("SELECT id FROM sfsturbo_share")
    assert row is not None
    return str(row["id"])


def test_a_notebook_in_a_pool_has_a_size_of_its_own(world: World) -> None:
    spec = NotebookCustomSpec(cpu=0.5, memory=1024, arch="X86_64", category="CPU")

    found = world.running(pool_id=world.demo().pool.id, flavor=None, custom_spec=spec)

    assert found.flavor == "custom.flavor.spec.code"
    assert found.custom_spec.cpu == 0.5


def test_hooks_run_at_the_start(world: World) -> None:
    found = world.running(
        hooks=hooks(
            pre_start="echo $INSTANCE_ID $PROJECT_ID >$HOME/before",
            post_start="cp ~/before ~/after",
        )
    )

    home = world.folders(found.id).home
    assert (home / "before").read_text().split() == [found.id, world.cloud.project_id]
    assert [*json.loads(found.raw_content)["hooks"]["container_hooks"]] == [
        "pre_start",
        "post_start",
    ]


def test_a_hook_that_fails_is_the_reason_shown(world: World) -> None:
    id = world.create(hooks=hooks(pre_start="exit 4")).id

    assert "exit code 4" in world.wait(id, "START_FAILED").fail_reason

    world().update_notebook(
        UpdateNotebookRequest(
            id=id, body=NotebookUpdateRequest(hooks=CustomHooks(container_hooks=ContainerHooks()))
        )
    )
    assert world.started(id).fail_reason == ""


@pytest.mark.parametrize(
    "config",
    [
        Config(script="not base64!", type="COMMAND"),
        Config(script=base64.b64encode(b"\xff\xfe").decode(), type="COMMAND"),
        Config(script=base64.b64encode(b"a\0b").decode(), type="COMMAND"),
        Config(script="relative/path"),
        Config(script="/path", type="PROGRAM"),
        Config(script="/path", mode="LATER"),
        Config(type="COMMAND"),
    ],
)
def test_hooks_that_are_none(world: World, config: Config) -> None:
    given = CustomHooks(container_hooks=ContainerHooks(pre_start=config))

    with pytest.raises(ClientRequestException) as refused:
        world.create(hooks=given)
    assert code(refused) in {"6400 400", "0104 400"}


def test_a_running_notebook_takes_a_name_and_hooks_but_no_flavor(world: World) -> None:
    id = world.running().id
    change = NotebookUpdateRequest(name="other", hooks=hooks(pre_start="true"))
    assert world().update_notebook(UpdateNotebookRequest(id=id, body=change)).name == "other"

    flavor = NotebookUpdateRequest(flavor="modelarts.vm.cpu.8u")
    with pytest.raises(ClientRequestException) as refused:
        world().update_notebook(UpdateNotebookRequest(id=id, body=flavor))
    assert code(refused) == "6347 400"

    world.stopped(id)
    changed = world().update_notebook(UpdateNotebookRequest(id=id, body=flavor))
    assert changed.flavor == "modelarts.vm.cpu.8u"


def test_a_refused_change_changes_nothing(world: World) -> None:
    id = world.running().id
    change = NotebookUpdateRequest(name="other", storage_new_size=9999)

    with pytest.raises(ClientRequestException) as refused:
        world().update_notebook(UpdateNotebookRequest(id=id, body=change))

    assert code(refused) == "6702 400"
    assert world.show(id).name == "test"


def test_flavors_and_images_are_listed(world: World) -> None:
    flavors = world().list_flavors(ListFlavorsRequest())
    images = world().list_image(ListImageRequest())

    assert {f.id for f in flavors.data} == {f.id for f in flavors.flavors}
    assert {f.sold_out for f in flavors.data} == {True, False}
    assert {image.id for image in images.data} == set(IMAGES)
