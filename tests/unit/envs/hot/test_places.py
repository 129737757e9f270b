"""Where hot files are, whose, and whether they pay: the same answers as the tool's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk, open_disk
from modelarts_nb.envs.hot.kernel import places as room
from modelarts_nb.envs.hot.kernel.places import Places


def settings(disk: Disk, **sections: dict[str, object]) -> None:
    path = disk.home / ".jupyter/modelarts_nb_config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(sections, indent=2))


def of(disk: Disk) -> Places:
    return Places(str(disk.envs / "mine"), str(disk.home))


@pytest.mark.parametrize(
    "who", ["MODELARTS_NB_OWNER", "INSTANCE_ID", "JUPYTERHUB_USER", "file", ""]
)
def test_it_is_the_owner_that_the_tool_knows(
    disk: Disk, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an owner that something says, or the only one there is
    monkeypatch.delenv("MODELARTS_NB_OWNER")
    if who == "file":
        settings(disk, PersistentDisk={"root": str(disk.root), "owner": "me"})
        monkeypatch.setenv("INSTANCE_ID", "another")
    elif who:
        monkeypatch.setenv(who, "me")
    else:
        (disk.private / "owners/me").mkdir(parents=True)
    # then both agree
    assert open_disk().owner == "me"
    assert of(disk).record == str(disk.private / "owners/me/hot/mine")


def test_nobody_knows_whose_the_list_is_among_several(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODELARTS_NB_OWNER")
    for owner in ("me", "you"):
        (disk.private / "owners" / owner).mkdir(parents=True)
    assert of(disk).record is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Hot": 1}', '{"Hot": {"enabled": 5}}'])
def test_settings_that_cannot_be_read_are_none(disk: Disk, text: str) -> None:
    path = disk.home / ".jupyter/modelarts_nb_config.json"
    path.parent.mkdir()
    path.write_text(text)
    assert of(disk).enabled == "auto"


def test_settings_say_where_and_whether(disk: Disk) -> None:
    run = str(disk.home / "run")
    settings(disk, Hot={"enabled": "off"}, Sealed={"run": run, "space": 0.5})
    places = of(disk)
    assert (places.enabled, places.mirror, places.share) == ("off", f"{run}/hot/mine", 0.5)


def test_a_cache_folder_holds_the_mirrors(disk: Disk, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    settings(disk, Sealed={"cache": str(cache)})
    for _ in range(2):
        of(disk).make_mirrors()
    mirrors = disk.home / ".ma/hot"
    assert mirrors.is_symlink()
    assert mirrors.resolve().parent.parent == cache.resolve()
    assert mirrors.resolve().stat().st_mode & 0o777 == 0o700


def test_a_cache_folder_that_is_a_trap_is_refused(disk: Disk, tmp_path: Path) -> None:
    # given a link where our folder would be
    (tmp_path / "cache").mkdir()
    settings(disk, Sealed={"cache": str(tmp_path / "cache")})
    places = of(disk)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "cache" / f"modelarts_nb-{room.os.getuid()}").symlink_to(elsewhere)
    with pytest.raises(PermissionError):
        places.make_mirrors()


@pytest.mark.parametrize(
    ("disk_ms", "home_ms", "pays"), [(1.0, 0.01, True), (0.05, 0.01, False), (1.0, 0.9, False)]
)
def test_it_pays_where_the_disk_is_slow_and_the_home_is_not(
    disk: Disk, disk_ms: float, home_ms: float, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {str(disk.envs / "mine"): disk_ms, str(disk.home): home_ms}
    monkeypatch.setattr(room, "_milliseconds", times.__getitem__)
    assert of(disk).pays() is pays


@pytest.mark.parametrize("prefix", ["/opt/conda/envs/mine", "/disk/envs/user_conda/a/b", "/x"])
def test_other_prefixes_are_left_alone(prefix: str, home: Path) -> None:
    places = Places(prefix, str(home))
    places.enabled = "on"
    assert places.pays() is False
