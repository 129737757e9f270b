"""The persistent disk: where things lie, whose it is, whether it survives."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_data_dir

from modelarts_nb.disk.mounts import Mount
from modelarts_nb.disk.persistent import Disk, find_owner, open_disk, survival
from modelarts_nb.errors import DiskFailure, DiskMissing, OwnerUnknown, UsageError


def _owners(root: Path, *names: str) -> None:
    for name in names:
        (root / "envs/.modelarts_nb/owners" / name).mkdir(parents=True)


def test_everything_lies_below_the_root(disk: Disk) -> None:
    on_disk = (disk.envs, disk.archives, disk.staging, disk.locks, disk.bin, disk.tool, disk.hook)
    assert all(disk.root in path.parents for path in (*on_disk, disk.own, disk.kernels))


def test_local_folders_lie_in_the_home(disk: Disk) -> None:
    local = (disk.local_kernels, disk.local_data, disk.local_state)
    assert all(disk.home in path.parents for path in local)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"XDG_DATA_HOME": "data"},
        {"JUPYTER_DATA_DIR": "own"},
        {"XDG_DATA_HOME": "data", "JUPYTER_DATA_DIR": "own"},
    ],
    ids=lambda settings: "+".join(settings) or "none",
)
def test_kernels_are_put_where_jupyter_looks(
    disk: Disk, tmp_path: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, folder in settings.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    assert str(disk.local_kernels.parent) == jupyter_data_dir()


def test_open_uses_the_settings(disk: Disk) -> None:
    assert open_disk() == disk


def test_a_missing_disk_is_said_so(home: Path, tmp_path: Path) -> None:
    with pytest.raises(DiskMissing, match="is not there") as refused:
        open_disk(tmp_path / "nowhere")
    assert "MODELARTS_NB_DISK" in refused.value.hint


def test_a_disk_that_cannot_be_looked_at_is_no_fault_of_ours(home: Path, tmp_path: Path) -> None:
    with pytest.raises(DiskFailure):
        open_disk(tmp_path / ("x" * 300))


def test_a_file_is_not_a_disk(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskMissing):
        open_disk(tmp_path / "file")


@pytest.mark.parametrize("variable", ["INSTANCE_ID", "JUPYTERHUB_USER"])
def test_the_platform_names_the_owner(
    home: Path, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "me")
    assert find_owner(tmp_path) == "me"


def test_the_setting_wins(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_ID", "instance")
    assert find_owner(tmp_path, "setting") == "setting"


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "a b", "x" * 129])
def test_an_owner_that_cannot_be_a_folder_is_refused(home: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        find_owner(tmp_path, name)


def test_the_only_owner_of_a_disk_is_assumed(home: Path, tmp_path: Path) -> None:
    _owners(tmp_path, "alice")
    assert find_owner(tmp_path) == "alice"


def test_several_owners_and_no_word_is_an_error(home: Path, tmp_path: Path) -> None:
    _owners(tmp_path, "alice", "bob")
    with pytest.raises(OwnerUnknown, match="alice, bob"):
        find_owner(tmp_path)


def test_a_new_disk_belongs_to_whoever_comes(home: Path, tmp_path: Path) -> None:
    assert find_owner(tmp_path)


@pytest.mark.parametrize(
    ("fstype", "source", "survives"),
    [
        ("nfs4", "server:/x", True),
        ("ext4", "/dev/vdb", True),
        ("fuse.obsfs", "obsfs", True),
        ("tmpfs", "tmpfs", False),
        ("overlay", "overlay", False),
    ],
)
def test_survival_is_what_the_mount_says(
    tmp_path: Path, fstype: str, source: str, survives: bool
) -> None:
    table = [Mount(tmp_path, fstype, source, False)]
    assert survival(tmp_path, table).survives is survives


def test_a_folder_of_the_root_file_system_does_not_survive(tmp_path: Path) -> None:
    found = survival(tmp_path, [Mount(Path("/"), "ext4", "/dev/vda", False)])
    assert (found.survives, found.kind) == (False, "container")


def test_a_missing_folder_does_not_survive(tmp_path: Path) -> None:
    assert survival(tmp_path / "no").kind == "missing"


def test_given_a_disk_that_answers_with_an_error_then_nothing_is_claimed(tmp_path: Path) -> None:
    with pytest.raises(DiskFailure):
        survival(tmp_path / ("x" * 300))
