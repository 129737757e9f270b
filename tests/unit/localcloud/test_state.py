"""The state folder: ours or refused, one process's, private, and wiped without following links."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from pathlib import Path

import pytest

from modelarts_nb.localcloud import state
from modelarts_nb.localcloud.running import running
from modelarts_nb.localcloud.state import Held, StateRefused, file_system, holder, prepare, wipe


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_marked_and_private(tmp_path: Path) -> None:
    prepare(tmp_path / "a" / "local")

    assert mode(tmp_path / "a" / "local") == 0o700
    assert [entry.name for entry in (tmp_path / "a" / "local").iterdir()] == [state.MARKER]


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(StateRefused, match="not a folder of the local cloud"):
        prepare(tmp_path)
    with pytest.raises(StateRefused, match="nothing was removed"):
        wipe(tmp_path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("kind", ["a link", "a folder"])
def test_only_a_plain_file_is_a_marker(tmp_path: Path, kind: str) -> None:
    (tmp_path / "other").write_text("x")
    marker = tmp_path / state.MARKER
    marker.symlink_to("other") if kind == "a link" else marker.mkdir()

    with pytest.raises(StateRefused):
        wipe(tmp_path)
    with pytest.raises(StateRefused):
        prepare(tmp_path)


def test_a_state_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    prepare(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(StateRefused):
        prepare(tmp_path / "link")
    with pytest.raises(StateRefused):
        wipe(tmp_path / "link")


def test_wiping_follows_no_link_and_keeps_the_marker(tmp_path: Path) -> None:
    # given links to what must stay, and folders that nobody may write to
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "thesis.txt").write_text("years of work")
    folder = tmp_path / "local"
    prepare(folder)
    (folder / "to-folder").symlink_to(outside)
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "to-file").symlink_to(outside / "thesis.txt")
    (folder / "deep" / "deeper" / "to-folder").symlink_to(outside)
    (folder / "deep" / "deeper").chmod(0o500)
    (folder / "deep").chmod(0o500)

    wipe(folder)

    assert [entry.name for entry in folder.iterdir()] == [state.MARKER]
    assert (outside / "thesis.txt").read_text() == "years of work"


def test_what_is_mounted_in_a_state_folder_keeps_it_from_being_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given somebody's folder that is bound into ours: its device number would not betray it
    prepare(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "thesis.txt").write_text("years of work")
    monkeypatch.setattr(state, "mounted_below", lambda _folder: [str(tmp_path / "deep")])

    with pytest.raises(StateRefused, match="mount point") as refused:
        wipe(tmp_path)

    assert refused.value.hint
    assert (tmp_path / "deep" / "thesis.txt").exists()


def test_a_disk_that_fails_while_it_is_wiped_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: int) -> None:
        raise OSError(5, "Input/output error")

    prepare(tmp_path)
    (tmp_path / "deep").mkdir()
    monkeypatch.setattr(state, "erase_contents", fail)

    with pytest.raises(StateRefused, match="Input/output error"):
        wipe(tmp_path)


def test_the_state_is_one_file_in_wal_mode(tmp_path: Path) -> None:
    with running(tmp_path / "local") as found, found.cloud.store.read() as db:
        mode_ = db.one("PRAGMA journal_mode")
        assert mode_ is not None
        assert mode_[0] == "wal"

    databases = [file.name for file in (tmp_path / "local").glob("*.sqlite*")]
    assert databases == ["cloud.sqlite"]


def test_wiping_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    wipe(tmp_path / "absent")


def test_one_process_has_a_folder_and_is_known_by_its_id(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert holder(tmp_path) is None

    held = Held(tmp_path)

    assert holder(tmp_path) == os.getpid()
    with pytest.raises(StateRefused, match="running"):
        Held(tmp_path)
    held.release()
    assert holder(tmp_path) is None


def test_who_holds_a_lock_in_somebody_elses_folder_is_not_taken_for_a_cloud(
    tmp_path: Path,
) -> None:
    with (tmp_path / "lock").open("w") as lock:
        lock.write("1")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert holder(tmp_path) is None


def test_a_network_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "file_system", lambda _folder: "nfs4")

    with pytest.raises(StateRefused, match="network disk"):
        prepare(tmp_path / "local")


def test_the_kernel_says_what_disk_a_folder_is_on() -> None:
    assert file_system(Path("/proc/self")) == "proc"


def test_the_keys_are_the_owners_to_read_and_gone_with_the_cloud(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    with running(folder) as found:
        secret = found.access["users"]["developer"]["sk"]
        files = [folder / state.ACCESS, *(folder / state.KEYS).iterdir()]
        assert {mode(file) for file in files} == {0o600}
        mine = json.loads((folder / state.KEYS / "developer.json").read_text())
        assert (mine["sk"], mine["endpoint"]) == (secret, found.cloud.endpoint)
        assert mine.keys() >= {"region", "project_id", "domain_id", "user_id", "ak"}

    assert not any(file.exists() for file in files)


def test_every_start_has_new_keys_and_the_same_account(tmp_path: Path) -> None:
    def start() -> tuple[set[str], str]:
        with running(tmp_path / "local") as found:
            users = found.access["users"].values()
            keys = {user["sk"] for user in users} | {found.access["operator"]["sk"]}
            return keys, found.access["project_id"]

    first, second = start(), start()

    assert not first[0] & second[0]
    assert first[1] == second[1]


def test_no_secret_is_in_the_log_or_a_repr(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), running(tmp_path / "local") as found:
        secrets = {user["sk"] for user in found.access["users"].values()}
        secrets.add(found.access["operator"]["sk"])
        shown = repr(found.cloud.operator) + caplog.text

    assert not [secret for secret in secrets if secret in shown]


def test_a_state_of_another_version_is_refused_with_what_to_do(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "local"
    with running(folder) as found, found.cloud.store.write() as db:
        db.run("PRAGMA user_version = 1")

    with pytest.raises(StateRefused, match="another version") as refused, running(folder):
        pass

    assert "ma local reset" in refused.value.hint
    assert holder(folder) is None
