"""What happens to the bytes of a file."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.envs.rewriting import mentions_in_file, moved, rewrite
from modelarts_nb.errors import EngineFailed

OLD, NEW = "/opt/envs/a", "/disk/envs/user_conda/mine"


def text(data: str, old: str = OLD, new: str = NEW, **options: object) -> str | None:
    """A text file, rewritten."""
    changed = rewrite(data.encode(), [old], new, path="etc/x", **options)  # type: ignore[arg-type]
    return None if changed is None else changed.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"prefix={OLD}", f"prefix={NEW}"),
        (f"{OLD}/lib:{OLD}/bin", f"{NEW}/lib:{NEW}/bin"),
        (f"-L{OLD}/lib -Wl,-rpath,{OLD}/lib", f"-L{NEW}/lib -Wl,-rpath,{NEW}/lib"),
        (f'{{"url": "file://{OLD}/src"}}', f'{{"url": "file://{NEW}/src"}}'),
        (f"It lies in {OLD}.", f"It lies in {NEW}."),
        (f"a=//{OLD[1:]}/x", f"a=/{NEW}/x"),
    ],
)
def test_given_a_whole_prefix_when_rewritten_then_it_is_the_new_one(
    before: str, after: str
) -> None:
    assert text(before) == after


@pytest.mark.parametrize(
    "other",
    [
        f"{OLD}b/lib",
        f"{OLD}-1/lib",
        f"{OLD}_x",
        f"{OLD}.old/lib",
        f"/data{OLD}/lib",
        f"{OLD}%20b",
        f"{OLD}环境/lib",
        "/opt/envs",
    ],
)
def test_given_another_path_when_rewritten_then_it_is_left_alone(other: str) -> None:
    assert text(other) is None


def test_given_other_environments_inside_a_base_when_rewritten_then_they_stay() -> None:
    before = "/conda/bin/python /conda/envs/x/bin /conda/pkgs/y /conda/envs /conda/envsubst"
    after = "/new/bin/python /conda/envs/x/bin /conda/pkgs/y /conda/envs /new/envsubst"
    assert text(before, "/conda", "/new", keep=("envs", "pkgs")) == after


def test_given_a_url_when_the_new_prefix_has_a_space_then_it_is_quoted_there_only() -> None:
    before = f"file://{OLD}/src {OLD}/src"
    assert text(before, new="/my disk/mine") == "file:///my%20disk/mine/src /my disk/mine/src"


def test_given_a_quoted_old_prefix_in_a_url_when_rewritten_then_it_is_found() -> None:
    assert text("file:///my%20disk/a/src", "/my disk/a", "/new") == "file:///new/src"


def test_given_several_spellings_when_one_begins_like_the_other_then_the_longer_is_taken() -> None:
    data = b"/conda/envs/a/bin /conda/bin"
    after = rewrite(data, ["/conda", "/conda/envs/a"], "/new", path="x")
    assert after == b"/new/bin /new/bin"


def padded(*strings: str, room: int = 64) -> bytes:
    """A binary with strings, each followed by the NULs that an installer left for ``room``."""
    parts = [b"\x7fELF\0"]
    for string in strings:
        count = string.count(OLD)
        parts.append(string.encode() + b"\0" * (count * (room - len(OLD)) + 1) + b"\x07")
    return b"".join(parts)


def test_given_a_padded_binary_when_rewritten_then_length_and_suffixes_are_kept() -> None:
    # given
    before = padded(OLD, f"conf={OLD}/etc/x:{OLD}/share", "unrelated")
    # when
    after = rewrite(before, [OLD], NEW, path="bin/x", binary=True, room=64)
    # then
    assert after is not None
    assert len(after) == len(before)
    strings = [s for s in after.replace(b"\x07", b"\0").split(b"\0") if s]
    assert strings[1:] == [
        NEW.encode(),
        f"conf={NEW}/etc/x:{NEW}/share".encode(),
        b"unrelated",
    ]


def test_given_a_padded_binary_when_moved_there_and_back_then_it_is_the_same() -> None:
    before = padded(f"{OLD}/lib:{OLD}/bin")
    there = rewrite(before, [OLD], NEW, path="bin/x", binary=True, room=64)
    assert there is not None
    assert rewrite(there, [NEW], OLD, path="bin/x", binary=True, room=64) == before


@pytest.mark.parametrize("room", [None, len(OLD)])
def test_given_no_room_when_the_new_prefix_is_longer_then_it_is_refused(room: int | None) -> None:
    before = b"\x7fELF\0" + OLD.encode() + b"/lib\0next\0" + b"\0" * 99
    with pytest.raises(EngineFailed, match="no room"):
        rewrite(before, [OLD], NEW, path="lib/x.so", room=room)


def test_given_padding_that_is_not_empty_when_rewritten_then_nothing_is_overwritten() -> None:
    before = b"\x7fELF\0" + OLD.encode() + b"\0next string\0" + b"\0" * 99
    with pytest.raises(EngineFailed, match="no room"):
        rewrite(before, [OLD], NEW, path="lib/x.so", binary=True, room=64)


def test_given_a_binary_without_a_record_when_the_prefix_gets_shorter_then_it_is_filled() -> None:
    before = b"\x7fELF\0" + OLD.encode() + b"/lib\0next\0"
    after = rewrite(before, [OLD], "/b", path="lib/x.so")
    assert after == b"\x7fELF\0/b/lib" + b"\0" * (len(OLD) - 1) + b"next\0"


@pytest.mark.parametrize(
    ("path", "head"),
    [("a/__pycache__/m.cpython-311.pyc", b"\xa7\r\r\n"), ("x.zip", b"PK\x03\x04"), ("x.pkl", b"")],
)
def test_given_a_format_with_lengths_or_checksums_when_rewritten_then_it_is_left_alone(
    path: str, head: bytes
) -> None:
    assert rewrite(head + b"\0" + OLD.encode() + b"\0", [OLD], "/b", path=path) is None


def test_given_a_script_with_a_zip_behind_when_rewritten_then_only_its_first_line_changes() -> None:
    archive = b"PK\x03\x04\0\0" + OLD.encode() + b"\0"
    after = rewrite(f"#!{OLD}/bin/python\n".encode() + archive, [OLD], NEW, path="bin/app")
    assert after == f"#!{NEW}/bin/python\n".encode() + archive


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 3))
def test_given_any_binary_when_rewritten_then_its_length_is_kept_and_the_rest_untouched(
    before: bytes, after: bytes, times: int
) -> None:
    data = b"\0" + before + b"\0" + (OLD.encode() + b"/x:") * times + b"\0" + after + b"\0"
    changed = rewrite(data, [OLD], "/b", path="x", binary=True)
    if changed is not None:
        start = 2 + len(before)
        end = start + times * (len(OLD) + 3)
        assert len(changed) == len(data)
        assert changed[:start] == data[:start]
        assert changed[end:] == data[end:]


@given(st.lists(st.sampled_from([OLD, OLD + "b", "/", " ", "x", "\n", ".", ":"]), max_size=12))
def test_given_any_text_when_rewritten_then_doing_it_again_changes_nothing(
    parts: list[str],
) -> None:
    changed = rewrite("".join(parts).encode(), [OLD], NEW, path="x", binary=False)
    if changed is not None:
        assert rewrite(changed, [OLD], NEW, path="x", binary=False) is None


def test_given_a_link_into_the_prefix_when_moved_then_it_leads_into_the_new_one() -> None:
    assert moved(f"{OLD}/lib/x.so", [OLD], NEW) == f"{NEW}/lib/x.so"
    assert moved(OLD, [OLD], NEW) == NEW
    assert moved(f"{OLD}b/lib", [OLD], NEW) is None
    assert moved("/usr/lib/x.so", [OLD], NEW) is None
    assert moved(f"/usr{OLD}", [OLD], NEW) is None


@pytest.mark.parametrize("offset", [0, 5, (1 << 20) - 5, 1 << 20, (3 << 20) - 1])
def test_given_a_big_file_when_searched_then_the_prefix_is_found_wherever_it_is(
    offset: int, tmp_path: os.PathLike[str]
) -> None:
    path = os.path.join(tmp_path, "big")
    with open(path, "wb") as file:
        file.truncate(5 << 20)
        file.seek(offset)
        file.write(OLD.encode())
    fd = os.open(path, os.O_RDONLY)
    try:
        assert mentions_in_file(fd, [OLD])
        assert not mentions_in_file(fd, ["/somewhere/else"])
    finally:
        os.close(fd)
