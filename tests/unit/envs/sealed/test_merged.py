"""Layers laid over each other: what a later one says counts, and nothing hostile comes through."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.sealed.images import image_path
from modelarts_nb.envs.sealed.merged import Held, Merged, merge
from modelarts_nb.errors import ArchiveHostile, ArchiveInvalid, NotFound
from tests.unit.envs.sealed.by_hand import Members, P, make_layer, make_version

Layers = list[tuple[Members, tuple[str, ...]]]


def merged(disk: Disk, *layers: Members | tuple[Members, tuple[str, ...]]) -> Merged:
    made = [layer if isinstance(layer, tuple) else (layer, ()) for layer in layers]
    images = [make_layer(disk, members, deleted=deleted) for members, deleted in made]
    return merge(make_version(disk, "mine", *images), disk)


def seen(found: Merged) -> dict[str, tuple[int, str]]:
    """Path → its layer and what it is."""
    return {path: (held.layer, held.placed.member.kind) for path, held in found.held.items()}


def test_one_layer_is_what_it_has(disk: Disk) -> None:
    found = merged(disk, {"a": None, "a/f": b"12345", "a/l": "-> f", "a/h": "== a/f"})
    assert seen(found) == {
        "a": (0, "dir"),
        "a/f": (0, "file"),
        "a/l": (0, "link"),
        "a/h": (0, "hardlink"),
    }
    assert (found.files, found.size) == (3, 5)
    assert found.held["a/h"].placed.member.target == "a/f"


def test_a_later_layer_wins(disk: Disk) -> None:
    found = merged(disk, {"f": b"old", "g": b"old"}, {"f": b"newer"})
    assert seen(found) == {"f": (1, "file"), "g": (0, "file")}
    assert found.held["f"].placed.member.size == 5


def test_what_is_deleted_is_gone_with_all_below_it(disk: Disk) -> None:
    found = merged(
        disk,
        {"d": None, "d/e": None, "d/e/f": b"1", "de": b"2", "x/y": b"3", "f": b"4"},
        ({}, ("d", "x", "f", "never there")),
    )
    assert seen(found) == {"de": (0, "file")}


def test_what_a_layer_deletes_it_may_bring_anew(disk: Disk) -> None:
    found = merged(disk, {"d": None, "d/f": b"1", "d/g": b"1"}, ({"d": None, "d/f": b"2"}, ("d",)))
    assert seen(found) == {"d": (1, "dir"), "d/f": (1, "file")}


def test_a_folder_becomes_a_link(disk: Disk) -> None:
    found = merged(disk, {"lib": None, "lib64": None, "lib64/f": b"1"}, {"lib64": "-> lib"})
    assert seen(found) == {"lib": (0, "dir"), "lib64": (1, "link")}


@pytest.mark.parametrize("gone", ["replaced", "deleted"])
def test_a_hard_link_keeps_its_content_when_its_first_name_goes(disk: Disk, gone: str) -> None:
    # given three names of one file, which names the prefix
    first: Members = {"a": P.encode(), "b": "== a", "c": "== a"}
    # when the first name goes
    second: tuple[Members, tuple[str, ...]]
    second = ({"a": b"new"}, ()) if gone == "replaced" else ({}, ("a",))
    found = merged(disk, first, second)
    # then the next one has the bytes, and the third shares them
    assert found.held["b"].placed.member.kind == "file"
    assert found.held["b"].placed.member.size == len(P)
    assert found.held["b"].prefix == (0,)
    assert (found.held["c"].placed.member.kind, found.held["c"].placed.member.target) == (
        "hardlink",
        "b",
    )


def test_a_hard_link_to_a_link_is_a_link(disk: Disk) -> None:
    found = merged(disk, {"f": b"1", "l": "-> f", "h": "== l"})
    assert found.held["h"].placed.member == found.held["l"].placed.member.__class__(
        "h", "link", 0, 0o777, found.held["l"].placed.member.mtime, "f"
    )


def test_notes_of_ours_are_in_no_image(disk: Disk) -> None:
    found = merged(
        disk, {"conda-meta/modelarts_nb": None, "conda-meta/modelarts_nb/state.json": b"{}"}
    )
    assert seen(found) == {}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"../out": b"1"}, id="a path that leads out"),
        pytest.param({"/out": b"1"}, id="an absolute path"),
        pytest.param({"l": "-> /etc"}, id="an absolute link"),
        pytest.param({"d/l": "-> ../../out"}, id="a link that leads out"),
        pytest.param({"f": b"1", "f/g": b"2"}, id="a path below a file"),
        pytest.param({"h": "== gone"}, id="a hard link to nothing"),
    ],
)
def test_a_hostile_image_is_refused(disk: Disk, members: Members) -> None:
    with pytest.raises(ArchiveInvalid) as caught:
        merged(disk, members)
    assert caught.value.hint


def test_layers_that_are_harmless_alone_are_refused_together(disk: Disk) -> None:
    with pytest.raises(ArchiveHostile):
        merged(disk, {"d": "-> e", "e": None}, {"d/f": b"1"})


def test_a_path_twice_in_one_image_is_refused(disk: Disk) -> None:
    with pytest.raises(ArchiveInvalid, match="twice"):
        merged(disk, {"f": b"1", "./f": b"2"})


def test_an_image_that_is_gone_is_named(disk: Disk) -> None:
    layer = make_layer(disk, {"f": b"1"})
    version = make_version(disk, "mine", layer)
    image_path(disk, layer.image).unlink()
    with pytest.raises(NotFound, match=layer.image[:12]):
        merge(version, disk)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def without_index(path: Path) -> None:
    path.write_bytes(b"." * path.stat().st_size)


@pytest.mark.parametrize("spoil", [cut_off, without_index])
def test_a_damaged_image_is_named_with_its_version(disk: Disk, spoil: object) -> None:
    layer = make_layer(disk, {"f": b"1"})
    version = make_version(disk, "mine", layer, number=3)
    assert callable(spoil)
    spoil(image_path(disk, layer.image))
    with pytest.raises(ArchiveInvalid, match=rf"{layer.image[:12]}.*mine version 3"):
        merge(version, disk)


@pytest.mark.parametrize("places", [(1,), (0, 10), (5,)])
def test_a_prefix_where_it_cannot_be_is_refused(disk: Disk, places: tuple[int, ...]) -> None:
    layer = make_layer(disk, {"f": P.encode()})
    wrong = type(layer)(layer.image, layer.size, layer.plain, (), {"f": places})
    with pytest.raises(ArchiveInvalid, match="cannot be"):
        merge(make_version(disk, "mine", wrong), disk)


def without_paths_below_files(members: dict[str, bytes | None]) -> dict[str, bytes | None]:
    files = [path + "/" for path, content in members.items() if content is not None]
    return {p: c for p, c in members.items() if not p.startswith(tuple(files))}


NAMES = st.sampled_from(["a", "b", "a/c", "a/d", "b/c", "a/c/e"])
CONTENT = st.binary(max_size=3) | st.none()
LAYER = st.tuples(
    st.dictionaries(NAMES, CONTENT, max_size=4).map(without_paths_below_files),
    st.sets(NAMES, max_size=2).map(tuple),
)


@settings(max_examples=30)
@given(layers=st.lists(LAYER, min_size=1, max_size=3))
def test_layers_are_as_if_unpacked_one_over_the_other(
    layers: Layers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # given a plain model of what a file system would hold
    root = tmp_path_factory.mktemp("disk")
    expected: dict[str, object] = {}
    for members, deleted in layers:
        files = [path for path, content in members.items() if content is not None]
        for gone in (*deleted, *files):
            expected = {p: c for p, c in expected.items() if not f"{p}/".startswith(f"{gone}/")}
        expected.update(members)
    contents = [path for path, content in expected.items() if content is not None]
    # when
    try:
        found = merged(Disk(root, "tester", root), *layers)
    except ArchiveHostile:
        # then only what no file system holds is refused: something below a file
        assert any(path.startswith(f"{file}/") for path in expected for file in contents)
        return
    assert {path: length(held) for path, held in found.held.items()} == {
        path: len(content) if isinstance(content, bytes) else None
        for path, content in expected.items()
    }


def length(held: Held) -> int | None:
    member = held.placed.member
    return None if member.kind == "dir" else member.size
