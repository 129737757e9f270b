"""A notebook's life through the SDK: create, show, stop, start, delete, lease."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    DeleteNotebookRequest,
    LeaseReq,
    ModelArtsClient,
    RenewLeaseRequest,
    ShowLeaseRequest,
    StartNotebookRequest,
    StopNotebookRequest,
)

from modelarts_nb.localcloud.plane.processes import processes_of
from modelarts_nb.localcloud.services import SERVICES
from modelarts_nb.localcloud.store import Store
from tests.unit.localcloud.modelarts.conftest import World, code, quick_world, until
from tests.unit.localcloud.modelarts.test_create import hooks
from tests.unit.localcloud.modelarts.test_dynamic import attach, listed, wait

HOUR = 3_600_000
SCHEMAS = [service.schema for service in SERVICES]


def test_a_new_notebook_starts_and_has_what_was_asked_for(world: World) -> None:
    asked = world.create(name="模型_1", description="for a test", duration=2 * HOUR)
    assert asked.status == "INIT"

    found = world.wait(asked.id, "RUNNING")

    assert (found.name, found.description) == ("模型_1", "for a test")
    assert found.flavor == "modelarts.vm.cpu.2u"
    assert found.image.type == "BUILD_IN"
    assert found.user.name == "developer"
    assert found.user.domain.name == "demo"
    assert found.volume.mount_path == "/home/ma-user/work/"
    assert [step.status for step in found.action_progress] == ["COMPLETED"] * 4
    assert found.token


def test_fields_that_the_sdk_drops_are_there(world: World) -> None:
    raw = json.loads(world.show(world.running().id).raw_content)

    assert raw["create_at"] <= raw["update_at"]


def test_a_start_gives_another_token(world: World) -> None:
    first = world.running()
    world.stopped(first.id)

    assert world.started(first.id).token not in {first.token, ""}


def test_a_start_wipes_the_home_and_keeps_the_disk(world: World) -> None:
    id = world.running().id
    folders = world.folders(id)
    (folders.home / "settings").write_text("x")
    (folders.disk / "env").write_text("x")

    world.stopped(id)
    assert (folders.home / "settings").exists()
    world.started(id)

    assert not (folders.home / "settings").exists()
    assert (folders.disk / "env").exists()


def test_a_deleted_notebook_is_gone_with_its_folders(world: World) -> None:
    id = world.running().id
    folders = world.folders(id)

    assert world().delete_notebook(DeleteNotebookRequest(id=id)).status == "DELETING"

    until(lambda: gone(world, id), bool)
    assert not folders.root.exists()


def gone(world: World, id: str) -> bool:
    try:
        world.show(id)
    except ClientRequestException as error:
        return bool(error.error_code == "ModelArts.6309")
    return False


@pytest.mark.parametrize(
    ("request_", "method", "expected"),
    [
        (StartNotebookRequest, "start_notebook", "6305 400"),
        (StopNotebookRequest, "stop_notebook", "6307 400"),
    ],
)
def test_what_is_so_already_is_refused(
    world: World, request_: Any, method: str, expected: str
) -> None:
    id = world.running().id
    if method == "stop_notebook":
        world.stopped(id)

    with pytest.raises(ClientRequestException) as refused:
        getattr(world(), method)(request_(id=id))
    assert code(refused) == expected


def test_a_notebook_that_is_not_there(world: World) -> None:
    with pytest.raises(ClientRequestException) as refused:
        world.show("00000000-0000-0000-0000-000000000000")
    assert code(refused) == "6309 400"


def test_no_two_things_happen_to_one_notebook(fresh: World) -> None:
    # given a stop that takes its time
    id = fresh.running().id
    fresh.cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 10_000})
    fresh().stop_notebook(StopNotebookRequest(id=id))

    for call, request, expected in (
        (fresh().stop_notebook, StopNotebookRequest(id=id), "6308 400"),
        (fresh().start_notebook, StartNotebookRequest(id=id), "6308 400"),
        (fresh().delete_notebook, DeleteNotebookRequest(id=id), "6357 400"),
    ):
        with pytest.raises(ClientRequestException) as refused:
            call(request)
        assert code(refused) == expected


def test_the_lease_counts_from_the_creation(world: World) -> None:
    found = world.running(duration=2 * HOUR)

    raw = json.loads(world.show(found.id).raw_content)
    assert 0 <= raw["lease"]["duration"] - 2 * HOUR < 60_000  # plus what the start took
    assert raw["lease"]["create_at"] == raw["create_at"]


def test_a_renewed_lease_ends_so_long_after_now(fresh: World) -> None:
    id = fresh.running(duration=3 * HOUR).id
    fresh.cloud.forward(3600)

    lease = fresh().renew_lease(RenewLeaseRequest(id=id, duration=5 * HOUR))

    assert 0 <= lease.duration - (HOUR + 5 * HOUR) < 60_000
    assert fresh().show_lease(ShowLeaseRequest(id=id)).duration == lease.duration


def test_lower_case_types_of_a_lease_are_taken(world: World) -> None:
    request = RenewLeaseRequest(id=world.running().id, body=LeaseReq(duration=HOUR, type="idle"))

    assert world().renew_lease(request).type == "IDLE"


@pytest.mark.parametrize("duration", [HOUR - 1, 72 * HOUR + 1, 0])
def test_a_lease_out_of_range(world: World, duration: int) -> None:
    id = world.running().id

    with pytest.raises(ClientRequestException) as refused:
        world().renew_lease(RenewLeaseRequest(id=id, body=LeaseReq(duration=duration)))
    assert code(refused) == "6349 400"


def test_a_stopped_notebook_has_no_lease_to_renew(world: World) -> None:
    id = world.running().id
    world.stopped(id)

    with pytest.raises(ClientRequestException) as refused:
        world().renew_lease(RenewLeaseRequest(id=id, duration=HOUR))
    assert code(refused) == "6327 400"


def test_a_notebook_stops_when_its_lease_is_over(fresh: World) -> None:
    fresh.cloud.operate("PUT", "/_local/modelarts/pace", {"percent": 0})
    short, long, never = (fresh.running(duration=duration).id for duration in (HOUR, 3 * HOUR, -1))

    fresh.cloud.forward(2 * 3600)

    fresh.wait(short, "STOPPED")
    assert fresh.show(long).status == fresh.show(never).status == "RUNNING"
    assert fresh.show(never).lease.enable is False


def test_what_runs_is_running_again_after_the_cloud_was_down(tmp_path: Path) -> None:
    with quick_world(tmp_path / "first") as first:
        runs, rests = first.running().id, first.running().id
        first.stopped(rests)
        marker = f"{first.folders(runs).cloud}/{runs}"
        (first.folders(runs).disk / "kept").write_text("x")
    assert processes_of(marker) == set()

    with quick_world(tmp_path / "second", tmp_path / "first" / "state") as second:
        second.wait(runs, "RUNNING")
        assert second.show(rests).status == "STOPPED"
        assert (second.folders(runs).disk / "kept").exists()


def test_what_a_killed_cloud_left_under_way_is_brought_to_an_end(tmp_path: Path) -> None:
    # given what the state says when the cloud is killed in the midst of things
    with quick_world(tmp_path / "first") as first:
        runs, stops, goes = (first.running().id for _ in range(3))
        begun, ends = (attach(first, runs, path=f"/data/{name}").id for name in ("a", "b"))
        for storage in (begun, ends):
            wait(first, runs, storage, "MOUNTED")
        marks = {stops: "STOPPING", goes: "DELETING"}
        folders = first.folders(goes).root
    store = Store(tmp_path / "first/state/cloud.sqlite", SCHEMAS)
    with contextlib.closing(store), store.write() as db:
        for id, status in marks.items():
            changed = "json_set(document, '$.status', ?)"
            db.run(f"UPDATE modelarts_notebook SET document = {changed} WHERE id = ?", status, id)
        for id, status in ((begun, "MOUNTING"), (ends, "UNMOUNTING")):
            db.run("UPDATE modelarts_mount SET status = ? WHERE id = ?", status, id)

    with quick_world(tmp_path / "second", tmp_path / "first" / "state") as second:
        # then each has the end that it would have had, or says why not
        second.wait(stops, "STOPPED")
        until(lambda: gone(second, goes), bool)
        assert not folders.exists()
        second.wait(runs, "RUNNING")
        assert "ended meanwhile" in wait(second, runs, begun, "MOUNT_FAILED").failure_reason
        until(lambda: [s.id for s in listed(second, runs)], lambda ids: ids == [begun])
        assert list(second.folders(runs).data.iterdir()) == []


def test_a_hook_that_the_end_of_the_cloud_interrupts_runs_again(tmp_path: Path) -> None:
    # given a hook that waits, at its first run
    text = "[ -e ~/work/again ] && exit 0; touch ~/work/again; sleep 60"
    with quick_world(tmp_path / "first") as first:
        id = first.create(hooks=hooks(pre_start=text)).id
        flag = first.folders(id).disk / "again"
        until(flag.exists, bool)
    # when the cloud is ended and started again
    with quick_world(tmp_path / "second", tmp_path / "first" / "state") as second:
        # then that was no failure of the notebook
        assert second.wait(id, "RUNNING").fail_reason == ""


def test_a_notebook_holds_its_agencys_keys(fresh: World) -> None:
    id = fresh.running(hooks=hooks(pre_start="env >~/environment")).id
    lines = (fresh.folders(id).home / "environment").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines)
    assert given["MODELARTS_NB_ENDPOINT"] == fresh.cloud.endpoint

    agency = fresh.clients.of(
        ModelArtsClient,
        ak=given["HUAWEICLOUD_SDK_AK"],
        sk=given["HUAWEICLOUD_SDK_SK"],
        token=given["HUAWEICLOUD_SDK_SECURITY_TOKEN"],
    )

    # which may stop the notebook and not delete it, whatever its user may
    with pytest.raises(ClientRequestException) as refused:
        agency.delete_notebook(DeleteNotebookRequest(id=id))
    assert code(refused) == "0112 403"
    assert agency.stop_notebook(StopNotebookRequest(id=id)).status == "STOPPING"
