"""What is written down: the index of a mirror, and the list of what was used. Both may be damaged,
newer than we are, or somebody's work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelarts_nb.envs.hot.kernel import record
from modelarts_nb.envs.hot.kernel.index import Index, group_of, head, read_index

SITE = "/disk/lib/python3.11/site-packages"


def test_an_index_says_what_is_in_the_mirror(tmp_path: Path) -> None:
    path = tmp_path / "index"
    lines = [
        head("cpython-311", "/disk"),
        "l 7 ",
        "d 8 lib/python3.11//os.py/a b.py",
        "c 1 2 3 lib/python3.11/a b.py",
        "b 4 5 lib/x.so",
        "t 6 7 lib/python3.11/site-packages/x-1.dist-info/METADATA",
        "t 8 9 lib/python3.11/a b.py",
        "m gone.py",
        "m read gone.py",
        "end",
    ]
    path.write_text("\n".join(lines))
    index = read_index(str(path), "/disk", "cpython-311")
    assert index is not None
    assert index.lib_folders == {"/disk": 7}
    assert index.folders == {"/disk/lib/python3.11": (8, frozenset({"os.py", "a b.py"}))}
    assert index.code == {"/disk/lib/python3.11/a b.py": (1, 2, 3)}
    assert index.libs == {"/disk/lib/x.so": (4, 5)}
    assert index.texts == {f"{SITE}/x-1.dist-info/METADATA": (6, 7)}
    assert index.sources == {"/disk/lib/python3.11/a b.py": (8, 9)}
    known = ["gone.py", "lib/x.so", "read gone.py", "read lib/python3.11/a b.py"]
    assert [index.knows(path) for path in known] == [True] * 4
    assert [index.knows(path) for path in ("new.py", "read lib/x.so")] == [False, False]
    assert index.whole


def test_an_index_of_another_interpreter_or_prefix_is_none(tmp_path: Path) -> None:
    path = tmp_path / "index"
    path.write_text(head("cpython-311", "/disk") + "\nend\n")
    assert read_index(str(path), "/disk", "cpython-311") is not None
    assert read_index(str(path), "/disk", "cpython-312") is None
    assert read_index(str(path), "/other", "cpython-311") is None
    assert read_index(str(tmp_path / "none"), "/disk", "cpython-311") is None


@given(st.lists(st.text()))
def test_no_line_breaks_an_index(lines: list[str]) -> None:
    Index("/disk").add(lines)


@pytest.mark.parametrize(
    ("path", "group"),
    [
        (f"{SITE}/numpy/core/a.so", "numpy"),
        (f"{SITE}/numpy.libs/b.so", "numpy"),
        (f"{SITE}/six.py", "six"),
        (SITE, ""),
        (f"{SITE}/six-1.2.dist-info", "*-info"),
        (f"{SITE}/numpy-2.dist-info/METADATA", "*-info"),
        (f"{SITE}/old.egg-info/PKG-INFO", "*-info"),
        ("/disk/lib/python3.11/json/decoder.py", ""),
        ("/disk/lib/libz.so", ""),
    ],
)
def test_what_is_imported_together_is_asked_about_together(path: str, group: str) -> None:
    assert group_of("/disk", path) == group


@pytest.fixture
def used(tmp_path: Path) -> str:
    return str(tmp_path / "owner/hot/mine")


def test_what_was_used_now_comes_before_what_was_used_earlier(used: str) -> None:
    assert record.write(used, "cpython-311", ["a.py", "b.py"], today=100)
    assert record.write(used, "cpython-311", ["c.py", "b.py"], today=150)
    tag, files = record.read(used)
    assert tag == "cpython-311"
    assert list(files.items()) == [("c.py", 150), ("b.py", 150), ("a.py", 100)]


def test_what_was_not_used_for_long_is_dropped(used: str) -> None:
    record.write(used, "cpython-311", ["old.py"], today=100)
    record.write(used, "cpython-311", ["new.py"], today=190)
    assert list(record.read(used)[1]) == ["new.py"]


def test_the_same_again_only_says_that_it_was_used(used: str) -> None:
    record.write(used, "cpython-311", ["a.py"], today=100)
    before = Path(used).stat().st_ino
    os.utime(used, (1, 1))
    assert record.write(used, "cpython-311", ["a.py"], today=100) is False
    assert Path(used).stat().st_ino == before
    assert Path(used).stat().st_mtime > 1


def test_another_interpreter_begins_anew(used: str) -> None:
    record.write(used, "cpython-311", ["a.py"], today=100)
    record.write(used, "cpython-312", ["b.py"], today=100)
    assert record.read(used) == ("cpython-312", {"b.py": 100})


def test_the_list_has_an_end(used: str) -> None:
    record.write(used, "cpython-311", [f"{n}.py" for n in range(record.MOST + 5)], today=100)
    assert len(record.read(used)[1]) == record.MOST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "modelarts_nb used 2 cpython-311\n100 a.py\n",
        "modelarts_nb used 1 cpython-311\n100 /etc/passwd\n100 ../a.py\n100 a/../../b.py\nx a\n",
        "\0\xff\n",
    ],
)
def test_a_list_that_is_newer_damaged_or_hostile_names_nothing(used: str, text: str) -> None:
    Path(used).parent.mkdir(parents=True)
    Path(used).write_text(text, "latin-1")
    assert record.read(used)[1] == {}


def test_a_disk_that_is_full_keeps_the_list(used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record.write(used, "cpython-311", ["a.py"], today=100)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        record.write(used, "cpython-311", ["b.py"], today=100)
    assert list(record.read(used)[1]) == ["a.py"]
    assert os.listdir(os.path.dirname(used)) == ["mine"]
