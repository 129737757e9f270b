"""Version files: what is damaged or newer is refused, and none is ever overwritten."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.disk.landing import Beating
from modelarts_nb.disk.locks import lock
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Package
from modelarts_nb.envs.sealed import versions as versions_module
from modelarts_nb.envs.sealed.model import Layer, Version
from modelarts_nb.envs.sealed.versions import (
    FORMAT,
    head_of,
    numbers,
    parse,
    read_head,
    read_version,
    sealed_names,
    to_bytes,
    write_version,
)
from modelarts_nb.errors import ArchiveInvalid, Busy, DiskFailure, NotFound
from tests.unit.envs.sealed.readable import all_versions

PATH = Path("/disk/envs/sealed/mine/1.json")
VERSION = Version(
    "mine",
    1,
    "2026-01-01T00:00:00+00:00",
    (Layer("a" * 64, 10, 100, ("gone",), {"bin/tool": (2, 80)}), Layer("b" * 64, 1, 2)),
    why="先用这个",
    parent=None,
    python="3.11.7",
    packages=(
        Package("numpy", "1.26", "conda", "0", "main"),
        Package("x", "1", "pip", "", "", True),
    ),
    requested=("numpy",),
    unfit=("lib/x.so",),
)

text = st.text(st.characters(codec=None), max_size=20)
count = st.integers(0, 1 << 50)
paths = st.lists(text, max_size=3).map(tuple)
layers = st.builds(
    Layer,
    image=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=count,
    plain=count,
    deleted=paths,
    prefix=st.dictionaries(text, st.lists(count, max_size=3).map(tuple), max_size=3),
)
packages = st.builds(
    Package, text, text, st.sampled_from(["conda", "pip"]), text, text, st.booleans()
)
versions = st.builds(
    Version,
    name=st.just("mine"),
    number=st.just(1),
    created=text,
    layers=st.lists(layers, max_size=3).map(tuple),
    why=text,
    owner=text,
    parent=st.none() | count,
    platform=text,
    arch=text,
    glibc=text,
    accelerator=text,
    python=st.none() | text.filter(bool),
    packages=st.lists(packages, max_size=3).map(tuple),
    files=count,
    size=count,
    stored=count,
    requested=paths,
    origin=text,
    unfit=paths,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
KEYS = sorted(json.loads(to_bytes(VERSION)))


@settings(max_examples=50)
@given(versions)
def test_what_is_written_is_what_is_read(version: Version) -> None:
    assert parse(to_bytes(version), PATH) == version


@settings(max_examples=25)
@given(versions)
def test_a_head_has_everything_but_the_places_of_the_prefix(
    tmp_path_factory: pytest.TempPathFactory, version: Version
) -> None:
    path = tmp_path_factory.getbasetemp() / "mine" / "1.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(to_bytes(version))
    without = tuple(replace(layer, prefix={}) for layer in version.layers)
    assert head_of(path) == replace(version, layers=without)


@given(st.sampled_from(KEYS), values)
def test_given_any_value_for_a_key_then_it_is_a_version_or_refused(key: str, value: Any) -> None:
    changed = {**json.loads(to_bytes(VERSION)), key: value}
    try:
        version = parse(json.dumps(changed).encode(), PATH)
    except ArchiveInvalid:
        return
    # then at least what others rely on is as it must be
    assert (version.name, version.number) == ("mine", 1)
    assert all(len(layer.image) == 64 for layer in version.layers)
    assert all(n >= 0 for n in (version.files, version.size, version.stored, version.parent or 0))
    assert parse(to_bytes(version), PATH) == version


@given(st.data())
def test_given_any_damage_then_it_is_a_version_or_refused(data: st.DataObject) -> None:
    whole = bytearray(to_bytes(VERSION))
    kind = data.draw(st.sampled_from(["cut", "byte", "noise"]))
    if kind == "cut":
        # One byte less is the line's end.
        whole = whole[: data.draw(st.integers(0, len(whole) - 2))]
    elif kind == "byte":
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    else:
        whole = bytearray(data.draw(st.binary(max_size=100)))
    try:
        parse(bytes(whole), PATH)
    except ArchiveInvalid:
        return
    assert kind == "byte", "half a file was taken for a whole one"


@pytest.mark.parametrize(
    "image", ["A" * 64, "a" * 63, "../" + "a" * 61, "a" * 64 + "\n", "", None, 7]
)
def test_given_an_image_that_is_no_sha256_then_it_is_refused(image: object) -> None:
    value = json.loads(to_bytes(VERSION))
    value["layers"][0]["image"] = image
    with pytest.raises(ArchiveInvalid):
        parse(json.dumps(value).encode(), PATH)


@pytest.mark.parametrize("place", [-1, True, "2", 1.5, None])
def test_given_a_place_of_the_prefix_that_is_none_then_it_is_refused(place: object) -> None:
    value = json.loads(to_bytes(VERSION))
    value["prefix"][0]["bin/tool"] = [place]
    with pytest.raises(ArchiveInvalid):
        parse(json.dumps(value).encode(), PATH)


def test_given_json_that_is_too_deep_then_it_is_refused() -> None:
    with pytest.raises(ArchiveInvalid):
        parse(b"[" * 100_000, PATH)


def test_given_a_newer_file_then_the_hint_says_to_update() -> None:
    # given one whose content means nothing to this tool
    newer = json.dumps({"format": FORMAT + 1, "layers": {"other": "thing"}}).encode()
    # then
    with pytest.raises(ArchiveInvalid, match="newer") as refused:
        parse(newer, PATH)
    assert "Update" in refused.value.hint


def test_given_keys_that_this_tool_does_not_know_then_they_are_passed_over() -> None:
    value = {**json.loads(to_bytes(VERSION)), "colour": "blue"}
    assert parse(json.dumps(value).encode(), PATH) == VERSION


def write(disk: Disk, version: Version = VERSION) -> Version:
    with lock(disk, version.name) as held:
        return write_version(disk, version, held)


def test_versions_are_numbered_one_after_the_other(disk: Disk) -> None:
    written = [write(disk, replace(VERSION, why=why)) for why in ("one", "two", "three")]
    assert [version.number for version in written] == [1, 2, 3]
    assert all_versions(disk, "mine") == written
    assert read_version(disk, "mine") == written[2]
    assert read_version(disk, "mine", 2) == written[1]
    assert sealed_names(disk) == ["mine"]
    assert os.listdir(disk.staging) == []


def test_given_many_write_at_once_then_each_has_a_number_of_its_own(disk: Disk) -> None:
    class Held:
        def beat_ok(self) -> bool:
            return True

    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(write_version, disk, replace(VERSION, why=f"{n}"), Held())
            for n in range(16)
        ]
        written = [job.result() for job in jobs]
    assert sorted(version.number for version in written) == list(range(1, 17))
    assert {v.why for v in all_versions(disk, "mine")} == {f"{n}" for n in range(16)}


def test_given_others_may_have_taken_over_then_nothing_is_written(disk: Disk) -> None:
    class Lost:
        def beat_ok(self) -> bool:
            return False

    with pytest.raises(Busy):
        write_version(disk, VERSION, Lost())
    assert numbers(disk, "mine") == []


def test_given_it_is_removed_while_it_is_saved_then_what_was_saved_is_there(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an environment that goes to the bin while its next version lands
    write(disk)
    gone, land = disk.root / "gone", versions_module.land

    def remove_first(held: Beating, built: Path, target: Path) -> None:
        if not gone.exists():
            target.parent.rename(gone)
            raise DiskFailure("The disk failed.") from FileNotFoundError(2, "No such file")
        land(held, built, target)

    monkeypatch.setattr(versions_module, "land", remove_first)
    # when
    version = write(disk, replace(VERSION, why="saved"))
    # then
    assert gone.exists()
    assert read_version(disk, "mine") == version
    assert (version.number, version.why) == (1, "saved")


def test_given_one_is_damaged_then_the_others_are_there(disk: Disk) -> None:
    # given
    for _ in range(3):
        write(disk)
    (disk.sealed / "mine/2.json").write_bytes(b"{")
    # then
    assert [version.number for version in all_versions(disk, "mine")] == [1, 3]
    with pytest.raises(ArchiveInvalid, match=r"2\.json") as refused:
        read_version(disk, "mine", 2)
    assert "rollback" in refused.value.hint
    # and the next one has a number that none ever had
    assert write(disk).number == 4


@pytest.mark.parametrize("stray", ["0.json", "01.json", "-1.json", "1.json.tmp", "x.json", "²"])
def test_given_other_files_then_they_are_no_versions(disk: Disk, stray: str) -> None:
    write(disk)
    (disk.sealed / "mine" / stray).write_bytes(b"")
    assert numbers(disk, "mine") == [1]


def test_given_no_such_version_then_not_found_says_what_to_do(disk: Disk) -> None:
    with pytest.raises(NotFound) as nobody:
        read_version(disk, "mine")
    assert "ma env seal" in nobody.value.hint
    write(disk)
    for read in (read_version, read_head):
        with pytest.raises(NotFound) as none:
            read(disk, "mine", 7)
        assert "ma env versions mine" in none.value.hint


@pytest.mark.parametrize("name", ["", ".", "..", "../sealed/mine", "mine/", "mi\0ne"])
def test_given_a_path_for_a_name_then_it_leads_nowhere(disk: Disk, name: str) -> None:
    write(disk)
    (disk.sealed / "1.json").write_bytes(to_bytes(VERSION))
    assert numbers(disk, name) == []
    with pytest.raises(NotFound):
        read_version(disk, name, 1)
