"""Mounting and unmounting: checked first, followed to the end, nothing half-done."""

from __future__ import annotations

from typing import Any

import pytest

from modelarts_nb import storage
from modelarts_nb.cloud.errors import (
    CloudConflict,
    CloudForbidden,
    CloudInvalid,
    CloudNotFound,
    CloudTimeout,
    CloudUnreachable,
    StateFailed,
)
from modelarts_nb.errors import Cancelled, UsageError
from modelarts_nb.progress import Silent
from tests.unit.cloud.wire import Request, Response, Wire, error
from tests.unit.storage.fake import ID, OBS, SHARE, Service
from tests.unit.storage.fake import storage as known

EFS = f"{SHARE}:/team"


def asked(wire: Wire, method: str = "POST") -> list[Request]:
    return [r for r in wire.seen if r.method == method]


def answers_lost(service: Service, method: str, *, times: int) -> list[int]:
    """Carry out requests of this method, but do not answer so many of them."""
    left = list(range(times))

    def lose(request: Request) -> Response | None:
        if request.method != method or not left:
            return None
        left.pop()
        service.answer(request)
        return Response(drop=True)

    service.refuse = lose
    return left


def test_a_mount_is_followed_until_it_is_there(service: Service, wire: Wire) -> None:
    service.then = [{}, {"status": "MOUNTED"}]

    found = storage.mount("obs://bucket/folder", "mine")

    assert (found.status, found.path, found.uri) == ("MOUNTED", "/data/mine", OBS)
    body = {"category": "OBSFS", "mount_path": "/data/mine/", "uri": OBS}
    assert [r.json for r in asked(wire)] == [body]


def test_the_machine_has_a_word_too(service: Service) -> None:
    service.then = [{"status": "MOUNTED"}]

    found = storage.mount(OBS, "no-such-mount-here")

    assert found.machine is not None
    assert not found.machine.mounted


def test_a_mount_that_fails_says_why_and_leaves_nothing_at_the_path(
    service: Service, wire: Wire
) -> None:
    service.then = [{"status": "MOUNT_FAILED", "failure_reason": "bucket is not a PFS"}]

    with pytest.raises(StateFailed, match="bucket is not a PFS"):
        storage.mount(OBS, "mine")

    assert service.storages == {}


def test_a_mount_that_failed_before_is_not_in_the_way(service: Service) -> None:
    service.storages = {"old": known(id="old", status="MOUNT_FAILED")}
    service.then = [{"status": "UNMOUNTED"}, {"status": "MOUNTED"}]

    assert storage.mount(OBS, "mine").status == "MOUNTED"


def test_a_mount_that_is_there_already_is_not_made_again(service: Service, wire: Wire) -> None:
    service.storages = {"s-1": known()}

    assert storage.mount(OBS, "/data/mine").id == "s-1"
    assert asked(wire) == []


def test_a_mount_that_was_interrupted_is_picked_up(service: Service, wire: Wire) -> None:
    service.storages = {"s-1": known(status="MOUNTING")}
    service.then = [{}, {"status": "MOUNTED"}]

    assert storage.mount(OBS, "mine").status == "MOUNTED"
    assert asked(wire) == []


def test_a_path_in_use_is_refused_before_anything_is_sent(service: Service, wire: Wire) -> None:
    service.storages = {"s-1": known(uri="obs://other/")}

    with pytest.raises(CloudConflict, match="in use by obs://other/"):
        storage.mount(OBS, "mine")

    assert asked(wire) == []


def test_a_notebook_that_does_not_run_is_refused_before_anything_is_sent(
    service: Service, wire: Wire
) -> None:
    service.notebook["status"] = "STOPPED"

    with pytest.raises(CloudConflict, match="while it runs"):
        storage.mount(OBS, "mine")

    assert asked(wire) == []


def test_sfs_turbo_needs_a_dedicated_pool(service: Service, wire: Wire) -> None:
    with pytest.raises(CloudConflict, match="public pool"):
        storage.mount(EFS, "team")

    assert asked(wire) == []


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"sfsTurboStatus": []}, "not associated"),
        ({"sfsTurboStatus": [{"sfsId": "other", "status": "Active"}]}, "not associated"),
        ({"sfsTurboStatus": [{"sfsId": SHARE, "status": "Creating"}]}, "Creating"),
    ],
)
def test_sfs_turbo_needs_a_network_that_reaches_the_share(
    service: Service, wire: Wire, network: dict[str, Any], words: str
) -> None:
    service.notebook["pool"] = {"id": "pool-1"}
    service.network = network

    with pytest.raises(CloudConflict, match=words):
        storage.mount(EFS, "team")

    assert asked(wire) == []


def test_sfs_turbo_is_mounted_where_pool_and_network_allow_it(service: Service, wire: Wire) -> None:
    service.notebook["pool"] = {"id": "pool-1"}
    service.network = {"sfsTurboStatus": [{"sfsId": SHARE, "status": "Active"}]}
    service.then = [{"status": "MOUNTED"}]

    storage.mount(EFS, "team")

    assert asked(wire)[0].json == {
        "category": "EFS",
        "mount_path": "/data/team/",
        "uri": f"{SHARE}.sfsturbo.internal:/team",
        "efs_id": SHARE,
    }


def test_a_share_can_be_called_by_its_name(service: Service, wire: Wire) -> None:
    service.notebook["pool"] = {"id": "pool-1"}
    service.network = {"sfsTurboStatus": [{"sfsId": SHARE, "status": "Active"}]}
    service.then = [{"status": "MOUNTED"}]

    storage.mount("team:/data", "team")

    (sent,) = asked(wire)
    assert (sent.json["efs_id"], sent.json["uri"]) == (SHARE, f"{SHARE}.sfsturbo.internal:/data")


def test_a_share_that_is_not_there_is_not_found_before_anything_is_sent(
    service: Service, wire: Wire
) -> None:
    with pytest.raises(CloudNotFound, match="'nobodys'") as raised:
        storage.mount("nobodys:/data", "team")

    assert "ma storage shares" in raised.value.hint
    assert asked(wire) == []


def test_where_pool_and_network_may_not_be_looked_at_the_cloud_decides(service: Service) -> None:
    service.notebook["pool"] = {"id": "pool-1"}
    forbidden = error(403, "ModelArts.0112", "no")
    service.refuse = lambda r: forbidden if "/pools/" in r.path else None
    service.then = [{"status": "MOUNTED"}]

    assert storage.mount(EFS, "team").status == "MOUNTED"


def test_a_category_that_the_site_refuses_is_refused_in_its_words(service: Service) -> None:
    refusal = error(400, "ModelArts.6702", "The storage category OBS is not supported.")
    service.refuse = lambda r: refusal if r.method == "POST" else None

    with pytest.raises(CloudInvalid, match="OBS is not supported") as raised:
        storage.mount(OBS, "mine", category="OBS")

    assert "--category" in raised.value.hint


def test_a_missing_right_names_the_action(service: Service) -> None:
    refusal = error(403, "ModelArts.0112", "no")
    service.refuse = lambda r: refusal if r.method == "POST" else None

    with pytest.raises(CloudForbidden) as raised:
        storage.mount(OBS, "mine")

    assert "modelarts:notebook:mountStorage" in raised.value.hint


@pytest.mark.parametrize(
    ("source", "path", "category"),
    [
        ("bucket/folder", "mine", None),
        ("obs://", "mine", None),
        ("obs://b", "mine", None),
        ("obs://bucket/../x", "mine", None),
        ("obs://" + "b" * 60 + "/" + "f" * 250, "mine", None),
        ("obs://bucket/\udcff/", "mine", None),
        ("obs://bucket/a\nb/", "mine", None),
        (f"{SHARE}:/a\0b", "mine", None),
        (OBS, "\udcff", None),
        (OBS, "mine", "EFS"),
        (OBS, "mine", "NFS"),
        (EFS, "mine", "OBS"),
        (f"{SHARE}:/a/../b", "mine", None),
        (OBS, "/home/ma-user/work/mine", None),
        (OBS, "/data", None),
        (OBS, "/data/", None),
        (OBS, "/data/../etc", None),
        (OBS, "/database/mine", None),
        (OBS, "", None),
        (OBS, "/data/a b", None),
        (OBS, "/data/" + "x" * 300, None),
    ],
)
def test_what_is_no_storage_or_no_path_is_refused_before_the_cloud_is_asked(
    service: Service, wire: Wire, source: str, path: str, category: str | None
) -> None:
    with pytest.raises(UsageError):
        storage.mount(source, path, category=category)

    assert wire.seen == []


def test_a_mount_that_is_cancelled_goes_on_and_can_be_picked_up(
    service: Service, wire: Wire
) -> None:
    class Impatient(Silent):
        def check(self) -> None:
            if asked(wire):
                raise Cancelled()

    with pytest.raises(Cancelled) as raised:
        storage.mount(OBS, "mine", progress=Impatient())

    assert f"`ma storage mount {OBS} /data/mine`" in raised.value.hint


def test_what_is_to_be_typed_to_pick_it_up_can_be_typed(service: Service, wire: Wire) -> None:
    other = ID.replace("1", "2")

    with pytest.raises(CloudTimeout) as raised:
        storage.mount("obs://bucket/my folder", "mine", notebook=other, timeout=-1)

    command = f"ma storage mount 'obs://bucket/my folder/' /data/mine --notebook {other}"
    assert f"`{command}`" in raised.value.hint


def test_a_mount_whose_answer_got_lost_is_looked_for_and_followed(
    service: Service, wire: Wire
) -> None:
    # given a service that carries out what it is asked, and whose answer does not arrive
    lost = answers_lost(service, "POST", times=1)
    service.then = [{"status": "MOUNTED"}]

    found = storage.mount(OBS, "mine")

    assert (found.status, lost) == ("MOUNTED", [])
    assert len(asked(wire)) == 1


def test_a_mount_that_was_not_carried_out_is_said_to_be_unsure(service: Service) -> None:
    service.refuse = lambda r: Response(drop=True) if r.method == "POST" else None

    with pytest.raises(CloudUnreachable) as raised:
        storage.mount(OBS, "mine")

    assert "may have been carried out" in raised.value.hint


def test_a_pool_that_cannot_be_looked_at_for_a_fault_of_the_service_is_no_reason_to_refuse(
    service: Service,
) -> None:
    service.notebook["pool"] = {"id": "pool-1"}
    fault = error(500, "ModelArts.6102", "internal")
    service.refuse = lambda r: fault if "/pools/" in r.path else None
    service.then = [{"status": "MOUNTED"}]

    assert storage.mount(EFS, "team").status == "MOUNTED"


def test_a_failed_mount_whose_record_stays_is_said_to_stay(service: Service) -> None:
    service.then = [{"status": "MOUNT_FAILED", "failure_reason": "no such folder"}]
    refusal = error(400, "ModelArts.6357", "something else is going on")
    service.refuse = lambda r: refusal if r.method == "DELETE" else None

    with pytest.raises(StateFailed, match="no such folder") as raised:
        storage.mount(OBS, "mine")

    assert "still there" in raised.value.hint


def test_a_mount_that_takes_too_long_is_a_time_out(service: Service) -> None:
    with pytest.raises(CloudTimeout):
        storage.mount(OBS, "mine", timeout=-1)


def test_nobody_has_to_wait(service: Service) -> None:
    assert storage.mount(OBS, "mine", wait=False).status == "MOUNTING"


@pytest.mark.parametrize("name", ["mine", "/data/mine", "/data/mine/", "s-1"])
def test_an_unmount_is_followed_until_it_is_gone(service: Service, name: str) -> None:
    service.storages = {"s-1": known()}

    assert storage.unmount(name).status == "UNMOUNTED"
    assert service.storages == {}


def test_an_unmount_whose_answer_got_lost_is_followed_all_the_same(service: Service) -> None:
    # given a service that takes it away at once, so that asking again is answered with 6404
    service.storages = {"s-1": known()}

    def take_away(request: Request) -> Response | None:
        if request.method == "DELETE" and service.storages:
            service.storages.clear()
            return Response(drop=True)
        return None

    service.refuse = take_away

    assert storage.unmount("mine").status == "UNMOUNTED"


def test_an_unmount_that_fails_says_why(service: Service) -> None:
    service.storages = {"s-1": known()}
    service.then = [{"status": "UNMOUNT_FAILED", "failure_reason": "device is busy"}]

    with pytest.raises(StateFailed, match="device is busy"):
        storage.unmount("mine")


def test_an_unmount_that_was_interrupted_is_picked_up(service: Service, wire: Wire) -> None:
    service.storages = {"s-1": known(status="UNMOUNTING")}

    assert storage.unmount("mine").status == "UNMOUNTED"
    assert asked(wire, "DELETE") == []


@pytest.mark.parametrize("state", [{"status": "MOUNTING"}, {"mount_type": "STATIC"}])
def test_what_cannot_be_unmounted_now_is_left_alone(
    service: Service, wire: Wire, state: dict[str, Any]
) -> None:
    service.storages = {"s-1": known(**state)}

    with pytest.raises(CloudConflict):
        storage.unmount("mine")

    assert asked(wire, "DELETE") == []


def test_what_is_not_mounted_cannot_be_unmounted(service: Service) -> None:
    with pytest.raises(CloudNotFound, match="elsewhere"):
        storage.unmount("elsewhere")


def test_another_notebooks_storage_is_said_without_this_machines_word(service: Service) -> None:
    service.storages = {"s-1": known()}

    (theirs,) = storage.list_storages(notebook=ID.replace("1", "2"))
    (mine,) = storage.list_storages(notebook=ID)

    assert theirs.machine is None
    assert mine.machine is not None
