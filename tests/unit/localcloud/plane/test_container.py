"""A notebook's start and stop: what its hooks meet, and what their failures do."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from modelarts_nb.localcloud.plane.container import Container
from modelarts_nb.localcloud.plane.errors import StartFailed
from modelarts_nb.localcloud.plane.hooks import Hook, Stage
from modelarts_nb.localcloud.plane.identity import Identity
from modelarts_nb.localcloud.plane.processes import processes_of


def command(text: str, mode: str = "BLOCK") -> Hook:
    return Hook(text, "COMMAND", mode)  # type: ignore[arg-type]


def said(container: Container, stage: Stage = "pre_start") -> str:
    return (container.identity.folders.logs / f"{stage}.log").read_text()


def record(
    container: Container, stage: Stage = "pre_start", seconds: float = 60
) -> dict[str, object]:
    """How a hook ended; an ASYNC one is waited for."""
    path = container.identity.folders.logs / f"{stage}.json"
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    found: dict[str, object] = json.loads(path.read_text())
    return found


def test_a_hook_runs_in_a_clean_environment(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "secret of the local cloud")
    folders = container.identity.folders

    container.start(command("env; pwd"))

    lines = said(container).splitlines()
    assert "secret" not in said(container)
    assert lines[-1] == str(folders.home)
    for line in (
        f"HOME={folders.home}",
        f"MODELARTS_NB_DISK={folders.disk}",
        f"MODELARTS_NB_DATA={folders.data}",
        "PROJECT_ID=project-1",
        "INSTANCE_ID=nb-1",
        "PATH=/usr/local/bin:/usr/bin:/bin",
    ):
        assert line in lines


def test_the_home_is_empty_but_for_the_disk_when_the_hook_runs(container: Container) -> None:
    container.start()
    (container.identity.folders.home / "settings").write_text("x")
    (container.identity.folders.disk / "env").write_text("kept")

    container.start(command("ls -A; cat work/env"))

    assert said(container) == "work\nkept"


def test_a_hook_may_name_the_containers_paths(container: Container) -> None:
    (container.identity.folders.disk / "hello").write_text("from the disk")

    container.start(command("cat /home/ma-user/work/hello; cd /home/ma-user && ls -d /data"))

    assert said(container) == f"from the disk{container.identity.folders.data}\n"


@pytest.mark.parametrize("executable", [True, False])
def test_a_script_is_a_path_in_the_container(container: Container, executable: bool) -> None:
    script = container.identity.folders.disk / "hook.sh"
    script.write_text("#!/bin/sh\necho as $0\n")
    script.chmod(0o755 if executable else 0o644)

    container.start(Hook("/home/ma-user/work/hook.sh", "SCRIPT", "BLOCK"))

    assert said(container) == f"as {script}\n"


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (command("echo no; exit 3"), "exit code 3"),
        (command("kill -9 $$"), "exit code -9"),
        (Hook("/home/ma-user/work/missing.sh", "SCRIPT", "BLOCK"), "missing.sh is not a file"),
        (Hook("/data", "SCRIPT", "BLOCK"), "/data is not a file"),
    ],
)
def test_a_blocking_hook_that_fails_prevents_the_start(
    container: Container, hook: Hook, reason: str
) -> None:
    with pytest.raises(StartFailed, match=reason):
        container.start(hook)

    assert record(container)["exit_code"] != 0


def test_a_hook_that_does_not_end_is_ended_with_all_it_started(identity: Identity) -> None:
    impatient = Container(identity, hook_limit=0.2, grace=0.0)

    with pytest.raises(StartFailed, match=r"did not end within 0\.2 s"):
        impatient.start(command("setsid sleep 60 & sleep 60"))

    assert processes_of(identity.marker) == set()
    assert record(impatient)["exit_code"] is None


def test_an_asynchronous_hook_is_not_waited_for_and_may_fail(container: Container) -> None:
    go = container.identity.folders.disk / "go"
    os.mkfifo(go)

    container.start(command('cat "$MODELARTS_NB_DISK/go"; exit 3', "ASYNC"))  # when it waits
    go.write_text("on")  # then the start is over before it

    assert record(container)["exit_code"] == 3
    assert said(container) == "on"


def test_a_failing_post_start_changes_nothing(container: Container) -> None:
    container.start()

    run = container.started(command("echo after; exit 5"))

    assert run is not None
    assert run.exit_code == 5
    assert said(container, "post_start") == "after\n"


def test_a_hooks_text_may_be_longer_than_an_argument(container: Container) -> None:
    container.start(command(f"# {'x' * 300_000}\necho done"))

    assert said(container) == "done\n"


def test_stopping_ends_what_a_hook_started_and_keeps_every_file(container: Container) -> None:
    container.start(command("sleep 60 & echo x >file"))
    assert processes_of(container.identity.marker)

    container.stop()

    assert processes_of(container.identity.marker) == set()
    assert (container.identity.folders.home / "file").exists()


def test_starting_ends_what_was_left_running(container: Container) -> None:
    container.start(command("sleep 60 &"))

    container.start()

    assert processes_of(container.identity.marker) == set()


def test_a_home_that_is_not_ours_is_not_started(container: Container) -> None:
    root = container.identity.folders.root
    next(root.glob(".modelarts*")).unlink()

    with pytest.raises(StartFailed, match="no marker"):
        container.start()


def test_the_disk_may_be_a_share(tmp_path: Path, container: Container) -> None:
    share = tmp_path / "share"
    share.mkdir()
    identity = replace(
        container.identity, folders=replace(container.identity.folders, shared_disk=share)
    )

    Container(identity).start(command("echo mine >/home/ma-user/work/file; ls ~/work/"))

    assert (share / "file").read_text() == "mine\n"
    assert said(container) == "file\n"


def test_without_its_disk_a_notebook_does_not_start(tmp_path: Path, container: Container) -> None:
    gone = replace(container.identity.folders, shared_disk=tmp_path / "gone")

    with pytest.raises(StartFailed, match="disk is not there"):
        Container(replace(container.identity, folders=gone)).start()
