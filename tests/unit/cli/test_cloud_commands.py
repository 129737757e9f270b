"""`ma notebook`, `ma storage`, `ma cloud` and the hook's registration, as a person meets them."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelarts_nb.cli.completion import candidates
from modelarts_nb.cli.tree import ma
from modelarts_nb.cloud import waiting
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import Cancelled
from modelarts_nb.operations import journal as journals
from modelarts_nb.tool import install as tool_install
from modelarts_nb.tool import status as tool_status
from modelarts_nb.tool.install import HookInfo
from modelarts_nb.tool.status import HookStatus
from tests.unit.cloud.wire import Wire, error
from tests.unit.notebook.fake import ID, Service, instance
from tests.unit.storage.fake import Service as StorageService
from tests.unit.storage.fake import storage

COMMAND = "#!/bin/sh\n# modelarts_nb: brings things back\n"


def run(*args: str) -> Result:
    return CliRunner().invoke(ma, list(args))


@pytest.fixture
def service(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Service:
    """One notebook, which is this one."""
    monkeypatch.setattr(waiting, "_FIRST", 0.0)
    monkeypatch.setattr(waiting, "_LONGEST", 0.0)
    monkeypatch.setenv("INSTANCE_ID", ID)
    found = Service(instance(hooks={"container_hooks": {}}))
    wire.script = found
    return found


def test_a_list_has_names_states_and_the_time_that_is_left(service: Service) -> None:
    result = run("notebook", "list")

    assert result.exit_code == 0
    assert "mine" in result.stdout
    assert "59 min" in result.stdout


def test_a_list_as_json_is_whole_and_without_secrets(service: Service) -> None:
    result = run("notebook", "list", "--json")

    (found,) = json.loads(result.stdout)
    assert (found["id"], found["lease"]["kind"]) == (ID, "TIMING")
    assert "tok-secret" not in result.stdout


def test_an_empty_list_teaches_what_to_do(wire: Wire) -> None:
    assert "--all" in run("notebook", "list").stdout


def test_no_credentials_is_an_error_of_its_own_with_a_way_out(no_cloud: Path) -> None:
    result = run("notebook", "list")

    assert result.exit_code == 12
    assert "ma local up" in result.stderr


def test_a_notebook_needs_no_persistent_disk_to_be_started(
    service: Service, no_cloud: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_DISK", str(no_cloud / "absent"))
    service.instances[ID]["status"] = "STOPPED"
    service.path = [{"status": "RUNNING"}]

    result = run("notebook", "start", "--hours", "3")

    assert result.exit_code == 0, result.output
    (journal,) = journals.every()
    assert (journal.read().verb, journal.read().state) == ("notebook.start", "done")


@pytest.mark.parametrize("name", [(), ("mine",), (ID,)])
def test_stopping_this_very_notebook_takes_a_yes_however_it_is_named(
    service: Service, name: tuple[str, ...]
) -> None:
    assert run("notebook", "stop", *name).exit_code == 2
    assert service.instances[ID]["status"] == "RUNNING"
    service.path = [{"status": "STOPPED"}]
    assert run("notebook", "stop", *name, "--yes").exit_code == 0


def test_stopping_another_notebook_is_not_asked_about(service: Service) -> None:
    other = ID.replace("1", "2")
    service.instances[other] = instance(other, "another")
    service.path = [{"status": "STOPPED"}]

    assert run("notebook", "stop", "another").exit_code == 0


def test_the_clouds_code_and_request_are_in_the_json_of_an_error(service: Service) -> None:
    service.refuse = lambda _request: error(403, "ModelArts.0112", "no")

    result = run("notebook", "show", "--json")

    found = json.loads(result.stdout)["error"]
    assert (found["code"], found["error_code"]) == ("cloud_forbidden", "ModelArts.0112")
    assert found["cloud_request_id"] == "req-1"


def test_keeping_alive_says_when_it_ends(service: Service) -> None:
    assert "It stops in 4 h 59 min" in run("notebook", "keep-alive", "--hours", "5").stdout


def test_storage_is_shown_by_the_clouds_word_and_the_machines(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_ID", ID)
    wire.script = StorageService(storage("/data/no-such-mount-here/"))

    result = run("storage", "list")

    assert "MOUNTED" in result.stdout
    assert "not mounted" in result.stdout


def test_names_and_paths_are_completed(service: Service, wire: Wire) -> None:
    assert candidates(["notebook", "show", "m"]) == ["mine"]

    wire.script = StorageService(storage())
    assert candidates(["storage", "unmount", "/data"]) == ["/data/mine"]
    assert candidates(["storage", "mount", ""]) == ["obs://", "team:/"]


@pytest.mark.parametrize("size", ["nan", "inf", "1e300", "0", "-1", "much"])
def test_a_size_that_is_none_is_refused(no_cloud: Path, size: str) -> None:
    result = run("storage", "quota", "team", "/a", "--gigabytes", size, "--files", "1")

    assert result.exit_code == 2


def test_states_are_completed_as_they_are_begun(no_cloud: Path) -> None:
    assert candidates(["notebook", "list", "--status", "run"]) == ["running"]
    assert candidates(["notebook", "list", "--status", "STOP"]) == ["STOPPING", "STOPPED"]


def test_a_cloud_that_cannot_be_asked_completes_nothing(no_cloud: Path) -> None:
    assert candidates(["notebook", "show", ""]) == []


def test_a_check_says_with_which_keys_the_cloud_is_asked(service: Service) -> None:
    result = run("cloud", "check")

    assert "AK-O... from environment" in result.stdout
    assert "The local cloud (a stand-in on this machine) answers." in result.stdout
    assert "SK-OF-TEST" not in result.stdout


def test_a_check_that_fails_says_why(service: Service) -> None:
    service.refuse = lambda _request: error(401, "APIGW.0301", "Incorrect signature")

    assert "Incorrect signature" in run("cloud", "check").stdout


def test_secrets_of_the_settings_are_not_shown(no_cloud: Path) -> None:
    from modelarts_nb import config

    config.save("Cloud", "secret_key", "TOP-SECRET")

    result = run("config", "show", "--json")

    assert json.loads(result.stdout)["Cloud.secret_key"] == "(set)"
    assert "TOP-SECRET" not in result.stdout


@pytest.fixture
def installed(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool's building, which takes minutes, is somebody else's test."""
    info = HookInfo("1.0", disk.tool / "1.0", disk.hook / "restore.py", "a", "b", COMMAND, "")
    monkeypatch.setattr(tool_install, "install", lambda **_options: info)


def test_installing_the_hook_registers_it(service: Service, installed: None) -> None:
    result = run("hook", "install")

    assert "The next start of the notebook runs it." in result.stdout
    assert service.instances[ID]["hooks"]["container_hooks"]["pre_start"]["mode"] == "BLOCK"


def old_tools(disk: Disk) -> None:
    for version in ("0.8", "0.9", "1.0"):
        build = disk.tool / version / tool_install.BUILD
        build.parent.mkdir(parents=True)
        build.write_text("{}")
        for path in (build, disk.tool / version):
            os.utime(path, (float(version), float(version)))


def test_older_tools_go_when_the_new_one_is_registered(
    service: Service, installed: None, disk: Disk
) -> None:
    old_tools(disk)

    run("hook", "install")

    assert sorted(os.listdir(disk.tool)) == ["0.9", "1.0"]


@pytest.mark.parametrize("words", [("--no-register",), ()])
def test_older_tools_stay_where_the_registered_hook_may_name_them(
    installed: None, disk: Disk, no_cloud: Path, words: tuple[str, ...]
) -> None:
    old_tools(disk)

    run("hook", "install", *words)

    assert sorted(os.listdir(disk.tool)) == ["0.8", "0.9", "1.0"]


def test_where_there_is_no_api_it_prints_what_to_paste_and_why(
    installed: None, no_cloud: Path
) -> None:
    result = run("hook", "install")

    assert result.exit_code == 0
    assert "No keys for the cloud were found." in result.stdout
    assert COMMAND in result.stdout


def test_the_command_to_paste_is_printed_alone_and_only_where_there_is_one(
    installed: None, no_cloud: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run("hook", "status", "--command")
    on_disk(monkeypatch, disk)
    after = run("hook", "status", "--command")

    assert (before.exit_code, before.stdout) == (4, "")
    assert (after.exit_code, after.stdout) == (0, COMMAND)


def test_nothing_is_registered_unasked_over_hooks_that_cannot_be_seen(
    service: Service, installed: None
) -> None:
    del service.instances[ID]["hooks"]

    first = run("hook", "install")
    second = run("hook", "install", "--replace")
    third = run("hook", "install")

    assert "ma hook install --replace" in first.stdout
    assert "sent to the service" in second.stdout
    # What we registered ourselves may be replaced.
    assert "sent to the service" in third.stdout


def test_the_hook_can_be_put_on_the_disk_alone(service: Service, installed: None) -> None:
    result = run("hook", "install", "--no-register")

    assert COMMAND in result.stdout
    assert service.instances[ID]["hooks"] == {"container_hooks": {}}


def on_disk(monkeypatch: pytest.MonkeyPatch, disk: Disk, *altered: str) -> None:
    """The tool and the hook are on the disk; what was altered there."""
    report = {"ran": "2026-05-01T08:00:00Z", "ok": True, "seconds": 0.1, "lines": []}
    known = HookStatus(True, "1.0", disk.tool / "1.0", not altered, altered, report, COMMAND)
    monkeypatch.setattr(tool_status, "status", lambda **_options: known)


def test_the_status_says_whether_the_next_start_runs_it_and_what_the_last_run_did(
    service: Service, installed: None, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(monkeypatch, disk)
    before = run("hook", "status").stdout
    run("hook", "install")
    after = run("hook", "status").stdout

    assert "will NOT run it" in before
    assert "The next start of the notebook runs it." in after
    assert "Last run 2026-05-01T08:00:00Z" in after
    assert "done in 0.10 s" in after


def test_the_status_of_a_hook_that_was_altered_does_not_promise_that_it_works(
    service: Service, installed: None, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("hook", "install")
    on_disk(monkeypatch, disk, "restore.py")

    assert "runs it, and it will refuse." in run("hook", "status").stdout


def test_the_status_of_another_of_our_hooks_says_so(
    service: Service, installed: None, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("hook", "install")
    on_disk(monkeypatch, disk)
    hooks = service.instances[ID]["hooks"]["container_hooks"]
    older = base64.b64encode(f"{COMMAND}echo older\n".encode()).decode()
    hooks["pre_start"]["script"] = older

    assert "Another one of ours is registered" in run("hook", "status").stdout


def test_the_status_of_a_registered_hook_that_is_not_on_this_disk_says_so(
    service: Service, installed: None
) -> None:
    run("hook", "install")

    found = run("hook", "status").stdout

    assert "not installed" in found
    assert "nothing to run" in found


def test_the_status_says_only_what_is_known_where_the_service_shows_no_hooks(
    service: Service, installed: None
) -> None:
    del service.instances[ID]["hooks"]
    before = run("hook", "status").stdout
    run("hook", "install", "--replace")

    assert "From here none was registered." in before
    assert "From here one was registered." in run("hook", "status").stdout


def test_the_status_as_json_has_the_same(service: Service, installed: None) -> None:
    found = json.loads(run("hook", "status", "--json").stdout)

    assert found["registration"]["registered"] is False
    assert (found["sent"], found["problem"]) == (False, None)


def test_hooks_that_cannot_be_seen_are_taken_out_only_where_they_are_ours(
    service: Service, installed: None
) -> None:
    del service.instances[ID]["hooks"]

    refused = run("hook", "remove")
    run("hook", "install", "--replace")
    removed = run("hook", "remove")

    assert (refused.exit_code, removed.exit_code) == (6, 0)
    assert "ma hook remove --replace" in refused.stderr


def test_installing_that_is_cancelled_is_not_said_to_have_failed(
    service: Service, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_args: object, **_options: object) -> None:
        raise Cancelled()

    monkeypatch.setattr("modelarts_nb.operations.hook.registry.register", stop)

    result = run("hook", "install")

    assert result.exit_code == 130
    assert "The tool is on the disk" in result.stderr


def test_removing_takes_only_ours_away(service: Service, installed: None) -> None:
    service.instances[ID]["hooks"]["container_hooks"] = {
        "post_start": {"script": "/opt/after.sh", "type": "SCRIPT", "mode": "ASYNC"}
    }
    run("hook", "install")

    result = run("hook", "remove")

    assert "Still registered: post_start" in result.stdout
    assert list(service.instances[ID]["hooks"]["container_hooks"]) == ["post_start"]


def test_removing_without_an_api_is_refused_and_says_how_to_do_it_by_hand(
    installed: None, no_cloud: Path
) -> None:
    result = run("hook", "remove")

    assert result.exit_code == 12
    assert "clear the notebook's pre-start hook" in result.stderr


def test_the_status_without_a_cloud_is_a_line_and_no_trouble(
    installed: None, no_cloud: Path
) -> None:
    result = run("hook", "status")

    assert result.exit_code == 0
    assert "ma cloud check" in result.stdout
    assert "No keys" not in result.stdout
