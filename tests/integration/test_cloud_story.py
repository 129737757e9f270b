"""Notebook, hook and storage against the local cloud: real signatures, rights and data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelarts_nb import notebook, storage
from modelarts_nb.cloud import client, waiting
from modelarts_nb.cloud.errors import (
    AgencyMissing,
    CloudBusy,
    CloudForbidden,
    CloudInvalid,
    CloudNotFound,
    CloudSetting,
    CloudUnauthenticated,
)
from modelarts_nb.localcloud.modelarts.credentials import agency_variables
from modelarts_nb.localcloud.modelarts.notebooks import find as find_notebook
from modelarts_nb.localcloud.testing import LocalCloud, local_cloud

COMMAND = '#!/bin/sh\n# modelarts_nb: brings things back\necho back > "$HOME/came-back"\nexit 0\n'


@pytest.fixture
def local(no_cloud: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """A local cloud; the settings' keys are the developer's, this notebook is the demo's."""
    monkeypatch.setattr(waiting, "_LONGEST", 0.2)
    monkeypatch.setattr(client, "_PAUSE", 0.0)
    with local_cloud(tmp_path / "local") as cloud:
        become("developer", tmp_path, monkeypatch)
        # It is still starting when the cloud itself is there.
        monkeypatch.setenv("INSTANCE_ID", notebook.start("demo").id)
        yield cloud


def become(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the keys of somebody of the demo account."""
    keys = tmp_path / "local" / "keys" / f"{name}.json"
    monkeypatch.setenv("MODELARTS_NB_CLOUD_FILE", str(keys))


def home_of(tmp_path: Path) -> Path:
    """The home folder of this notebook's container."""
    return tmp_path / "local" / "modelarts" / "notebooks" / os.environ["INSTANCE_ID"] / "home"


def test_a_restart_by_api_runs_the_hook_that_was_registered_by_api(
    local: LocalCloud, tmp_path: Path
) -> None:
    # given a hook among somebody else's, and something in a home that a restart wipes
    registration = notebook.register(COMMAND)
    (home_of(tmp_path) / "scratch").touch()
    # when
    notebook.stop()
    started = notebook.start(hours=3)
    # then
    assert registration.current
    assert started.status == "RUNNING"
    assert (home_of(tmp_path) / "came-back").read_text() == "back\n"
    assert not (home_of(tmp_path) / "scratch").exists()
    assert notebook.hook_status(COMMAND).registered
    # and after it is taken out the next start does not run it
    notebook.unregister()
    notebook.stop()
    notebook.start()
    assert not (home_of(tmp_path) / "came-back").exists()


def test_a_lease_is_extended_from_now(local: LocalCloud) -> None:
    found = notebook.keep_alive(hours=30)

    assert found.remaining is not None
    assert 30 * 3600 - 60 < found.remaining <= 30 * 3600
    assert abs(found.remaining - (notebook.lease().remaining or 0)) < 60


def test_a_bucket_is_mounted_and_unmounted(local: LocalCloud, tmp_path: Path) -> None:
    seen = home_of(tmp_path).parent / "data" / "mine"

    mounted = storage.mount("obs://demo-bucket/datasets", "mine")
    there = (seen / "numbers.csv").exists()
    storage.unmount("mine")

    assert (mounted.status, there) == ("MOUNTED", True)
    assert not (seen / "numbers.csv").exists()
    with pytest.raises(CloudNotFound):
        storage.show("mine")


def test_a_share_is_mounted_where_the_network_reaches_it(local: LocalCloud) -> None:
    (share,) = storage.list_shares()
    storage.create_folder(share.id, "/fresh")

    assert storage.mount(f"{share.id}:/fresh", "team").status == "MOUNTED"
    assert {f.path: f.exists for f in storage.list_folders(share.id, paths=["/fresh", "/no"])} == {
        "/": True,
        "/fresh": True,
        "/no": False,
    }


def test_a_bucket_that_is_not_there_is_refused_and_leaves_nothing(local: LocalCloud) -> None:
    before = [s.path for s in storage.list_storages()]

    with pytest.raises(CloudInvalid, match="no-such-bucket does not exist"):
        storage.mount("obs://no-such-bucket/x", "mine")

    assert [s.path for s in storage.list_storages()] == before


def test_everybodys_notebooks_take_a_right(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CloudForbidden) as raised:
        notebook.list_notebooks(all_users=True)
    assert "modelarts:notebook:listAllNotebooks" in raised.value.hint

    become("administrator", tmp_path, monkeypatch)
    assert "demo" in {n.name for n in notebook.list_notebooks(all_users=True)}


def test_who_has_no_rights_is_told_which_one_is_missing(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become("norights", tmp_path, monkeypatch)

    with pytest.raises(CloudForbidden) as raised:
        notebook.list_notebooks()

    assert '"modelarts:notebook:list"' in raised.value.hint


def test_wrong_keys_are_refused(local: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELARTS_NB_CLOUD_FILE")
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", local.endpoint)
    monkeypatch.setenv("PROJECT_ID", local.project_id)
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", local.users["developer"].ak)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "wrong")

    with pytest.raises(CloudUnauthenticated):
        notebook.list_notebooks()


def test_keys_that_ran_out_are_told_from_wrong_ones(
    local: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the agency's temporary keys, as a notebook has them, and their end
    with local.inside.store.read() as db:
        mine = find_notebook(db, os.environ["INSTANCE_ID"])
    monkeypatch.delenv("MODELARTS_NB_CLOUD_FILE")
    for name, value in agency_variables(local.inside, mine).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MODELARTS_NB_ENDPOINT", local.endpoint)
    monkeypatch.setenv("PROJECT_ID", local.project_id)
    assert notebook.lease().enabled
    local.forward(3 * 24 * 3600)

    with pytest.raises(CloudUnauthenticated) as raised:
        notebook.lease()

    assert "new ones" in raised.value.hint


def test_a_clock_that_is_an_hour_late_is_said_to_be(local: LocalCloud) -> None:
    late = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 3600))

    with pytest.raises(CloudUnauthenticated) as raised:
        client.open_cloud().call("modelarts", "list_notebooks", headers={"X-Sdk-Date": late})

    assert "The clock of this machine" in raised.value.hint


def test_a_missing_agency_is_another_remedy_than_a_missing_right(
    local: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become("administrator", tmp_path, monkeypatch)
    client.open_cloud().call("modelarts", "delete_authorizations", user_id="all-users")
    become("developer", tmp_path, monkeypatch)

    with pytest.raises(AgencyMissing) as raised:
        storage.mount("obs://demo-bucket/", "mine")

    assert "Add Authorization" in raised.value.hint


def test_a_mount_that_was_killed_is_picked_up(local: LocalCloud) -> None:
    # given a mount that takes its time, and `ma` that is killed while it follows it
    local.operate("PUT", "/_local/modelarts/pace", {"percent": 300})
    command = [sys.executable, "-m", "modelarts_nb.cli", "storage", "mount"]
    words = ["obs://demo-bucket/datasets", "mine", "--progress", "ndjson"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as ma:
        while not [s for s in storage.list_storages() if s.path == "/data/mine"]:
            assert ma.poll() is None
        ma.kill()
    assert storage.show("mine").status == "MOUNTING"
    local.operate("PUT", "/_local/modelarts/pace", {"percent": 0})

    assert storage.mount("obs://demo-bucket/datasets", "mine").status == "MOUNTED"
    assert [s.path for s in storage.list_storages()].count("/data/mine") == 1


def test_ctrl_c_ends_the_wait_for_a_service_that_hangs(local: LocalCloud) -> None:
    local.fault("delay", seconds=3, path="/v1/*/notebooks*", times=1)
    command = [sys.executable, "-m", "modelarts_nb.cli", "notebook", "list", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ma:
        while local.inside.faults.waiting():
            assert ma.poll() is None
        ma.send_signal(signal.SIGINT)
        said, _ = ma.communicate(timeout=15)

    assert (ma.returncode, json.loads(said)["error"]["code"]) == (130, "cancelled")


def test_a_project_that_is_another_is_refused(
    local: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_PROJECT", "f" * 32)

    with pytest.raises((CloudForbidden, CloudSetting, CloudUnauthenticated)):
        notebook.list_notebooks()


def test_a_busy_service_is_asked_again(local: LocalCloud) -> None:
    refusal = {"error_code": "ModelArts.6101", "error_msg": "busy"}
    local.fault("status", status=429, body=refusal, path="/v1/*/notebooks*", times=3)

    assert notebook.list_notebooks()


def test_a_service_that_stays_busy_is_given_up(local: LocalCloud) -> None:
    refusal = {"error_code": "ModelArts.6101", "error_msg": "busy"}
    local.fault("status", status=429, body=refusal, path="/v1/*/notebooks*", times=100)

    with pytest.raises(CloudBusy, match="busy"):
        notebook.list_notebooks()


def test_a_connection_that_drops_while_it_is_followed_does_not_end_it(local: LocalCloud) -> None:
    local.fault("drop", path="/v1/*/storage/*", method="GET", times=2)

    assert storage.mount("obs://demo-bucket/", "mine").status == "MOUNTED"


def test_a_mount_whose_answer_got_lost_is_picked_up(local: LocalCloud) -> None:
    local.fault("drop_after", path="/v1/*/storage", method="POST")

    assert storage.mount("obs://demo-bucket/", "mine").status == "MOUNTED"

    assert [s.path for s in storage.list_storages()].count("/data/mine") == 1
