"""Landing: one rename, one winner, no trace of a loser."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from modelarts_nb.disk import landing
from modelarts_nb.disk.landing import land
from modelarts_nb.errors import Busy, DiskFailure, NameTaken


class _Stage:
    def __init__(self, ok: bool = True) -> None:
        self.ok = ok

    def beat_ok(self) -> bool:
        return self.ok


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "staging" / "content"
    (folder / "conda-meta" / "modelarts_nb").mkdir(parents=True)
    (folder / "conda-meta" / "history").write_text("")
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "envs" / "Mine"


@pytest.fixture(params=["renameat2", "rename"])
def _both_renames(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # NFS has no RENAME_NOREPLACE: plain rename must be as safe.
    if request.param == "rename":
        monkeypatch.setattr(landing, "_LIBC", object())


pytestmark = pytest.mark.usefixtures("_both_renames")


def _everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_it_is_there_and_nothing_more(built: Path, target: Path) -> None:
    before = _everything(built)
    land(_Stage(), built, target)
    assert _everything(target) == before
    assert not built.exists()


def test_a_folder_without_conda_meta_carries_no_token_either(tmp_path: Path, target: Path) -> None:
    built = tmp_path / "built"
    built.mkdir()
    land(_Stage(), built, target)
    assert _everything(target) == []


def test_a_file_can_land(tmp_path: Path, target: Path) -> None:
    (tmp_path / "built").write_text("archive")
    land(_Stage(), tmp_path / "built", target)
    assert target.read_text() == "archive"
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize("name", ["Mine", "mine", "MINE"])
def test_a_taken_name_in_any_case_stays_as_it_was(built: Path, target: Path, name: str) -> None:
    theirs = target.with_name(name)
    theirs.mkdir(parents=True)
    (theirs / "x").write_text("theirs")
    with pytest.raises(NameTaken):
        land(_Stage(), built, target)
    assert _everything(target.parent) == [name, f"{name}/x"]


def test_a_loser_has_no_token_left(built: Path, target: Path) -> None:
    before = _everything(built)
    target.mkdir(parents=True)
    with pytest.raises(NameTaken):
        land(_Stage(), built, target)
    assert _everything(built) == before


def test_even_an_empty_folder_takes_the_name(built: Path, target: Path) -> None:
    target.mkdir(parents=True)
    with pytest.raises(NameTaken):
        land(_Stage(), built, target)
    assert _everything(target) == []


def test_a_file_never_replaces_a_file(tmp_path: Path, target: Path) -> None:
    target.parent.mkdir()
    target.write_text("theirs")
    (tmp_path / "built").write_text("ours")
    with pytest.raises(NameTaken):
        land(_Stage(), tmp_path / "built", target)
    assert target.read_text() == "theirs"


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_somebody_faster_wins_after_the_look_around(
    built: Path, target: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who lands between our look around and our rename
    target.parent.mkdir()
    if kind == "file":
        os.rename(built, built.with_name("gone"))
        built.write_text("ours")
        target.write_text("theirs")
    else:
        target.mkdir()
        (target / "theirs").write_text("x")
    monkeypatch.setattr(landing, "_require_free", lambda target: None)
    # When we land, then we lose and theirs stays
    with pytest.raises(NameTaken):
        land(_Stage(), built, target)
    assert target.read_text() == "theirs" if kind == "file" else (target / "theirs").exists()


def test_whoever_could_not_beat_gives_up(built: Path, target: Path) -> None:
    with pytest.raises(Busy):
        land(_Stage(ok=False), built, target)
    assert not target.exists()


def test_a_swept_stage_is_busy(built: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a sweeper that takes the folder away at the last moment
    def sweep(path: Path) -> None:
        os.rename(path, path.with_name("dead"))

    monkeypatch.setattr(landing, "sync_tree", sweep)
    with pytest.raises(Busy, match="taken away"):
        land(_Stage(), built, target)
    assert not target.exists()


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EEXIST, errno.EIO])
def test_a_lost_reply_is_still_a_win(
    built: Path, target: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a rename that is done, but answers an error (NFS repeats a request whose reply it lost)
    rename = landing._rename_once

    def lost(built: Path, target: Path) -> None:
        rename(built, target)
        raise OSError(number, "lost")

    monkeypatch.setattr(landing, "_rename_once", lost)
    # When we land, then we have won
    land(_Stage(), built, target)
    assert (target / "conda-meta" / "history").exists()


def test_a_rename_that_lies_is_not_a_win(
    built: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "_rename_once", lambda built, target: None)
    with pytest.raises(NameTaken):
        land(_Stage(), built, target)
    assert not target.exists()


def test_an_error_of_the_disk_leaves_no_target(
    built: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(built: Path, target: Path) -> None:
        raise OSError(errno.EIO, "failed")

    before = _everything(built)
    monkeypatch.setattr(landing, "_rename_once", fail)
    with pytest.raises(DiskFailure):
        land(_Stage(), built, target)
    assert _everything(target.parent) == []
    assert _everything(built) == before


def test_an_unconfirmed_landing_says_that_it_is_in_place(
    built: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "failed")

    monkeypatch.setattr(landing, "sync_folder", fail)
    with pytest.raises(DiskFailure, match="is in its place"):
        land(_Stage(), built, target)
    assert target.exists()


def test_read_only_folders_land_and_stay_read_only(built: Path, target: Path) -> None:
    for folder in (built / "conda-meta" / "modelarts_nb", built):
        folder.chmod(0o555)
    land(_Stage(), built, target)
    assert target.stat().st_mode & 0o777 == 0o555
    assert (target / "conda-meta" / "modelarts_nb").stat().st_mode & 0o777 == 0o555


def test_a_twin_in_case_that_lands_at_the_same_moment_makes_us_withdraw(
    built: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a twin that appears between our look around and our rename
    rename = landing._rename_once

    def with_twin(built: Path, target: Path) -> None:
        target.with_name("mine").mkdir(exist_ok=True)
        rename(built, target)

    monkeypatch.setattr(landing, "_rename_once", with_twin)
    # When we land, then we withdraw and the twin stays alone
    with pytest.raises(NameTaken):
        land(_Stage(), built, target)
    assert os.listdir(target.parent) == ["mine"]
    assert built.exists()
