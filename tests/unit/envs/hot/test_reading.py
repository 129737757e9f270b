"""Metadata and the text of modules: read from copies, and only while the tree has the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from modelarts_nb.envs.hot.warming import warm
from tests.unit.envs.hot.tree import HotTree

ABOUT = "Metadata-Version: 2.1\r\nName: pkg\r\nVersion: {}\r\nSummary: naïve\r\n\r\nwords\r\n"
POINTS = "[group]\n{} = pkg:main\n"
READS = """
import importlib.metadata as metadata, inspect, linecache
def points():
    found = [each for pkg in metadata.distributions() for each in pkg.entry_points]
    return sorted(each.name for each in found if each.group == "group")
def shown(name):
    linecache.checkcache()
    return inspect.getsource(__import__(name))
def all():
    pkg = metadata.distribution("pkg")
    text = pkg.read_text("METADATA"), pkg.read_text("none"), pkg.read_text("licenses")
    return [metadata.version("pkg"), points(), text, shown("one")]
"""
ALL = "print(json.dumps(all()))"


def write(path: Path, text: str) -> None:
    """Put a new file there, as pip does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(text.encode())
    fresh.replace(path)


def run(tree: HotTree, code: str = ALL, **variables: str) -> Any:
    return tree.run_code(READS + code, **variables)


def info(tree: HotTree, version: str = "1", name: str = "pkg") -> Path:
    return tree.site / f"{name}-{version}.dist-info"


def copy(tree: HotTree, path: Path) -> Path:
    return tree.mirror / "texts" / path.relative_to(tree.prefix)


def mark(path: Path, old: str, new: str) -> None:
    """Have a copy say something else than the tree, so that one sees who reads it."""
    data = path.read_bytes()
    assert data.count(old.encode()) == 1
    path.write_bytes(data.replace(old.encode(), new.encode()))


@pytest.fixture
def read(tree: HotTree) -> HotTree:
    """A package with entry points, one without, and a module, all of which a kernel has read; the
    copies say that they are copies."""
    tree.module("one", "<tree>")
    write(info(tree) / "METADATA", ABOUT.format(1))
    write(info(tree) / "entry_points.txt", POINTS.format("tree"))
    write(info(tree) / "licenses/MIT", "yours")
    write(info(tree, name="bare") / "METADATA", "Metadata-Version: 2.1\nName: bare\nVersion: 1\n")
    assert run(tree) == TREE
    assert [done.state for done in warm("mine", disk=tree.disk)] == ["ready"]
    mark(copy(tree, info(tree) / "METADATA"), "Version: 1", "Version: c")
    mark(copy(tree, info(tree) / "entry_points.txt"), "tree", "copy")
    mark(copy(tree, tree.site / "one.py"), "<tree>", "<copy>")
    return tree


TREE = ["1", ["tree"], [ABOUT.format(1).replace("\r", ""), None, None], "VALUE = '<tree>'\n"]
COPIED = ["c", ["copy"], [ABOUT.format("c").replace("\r", ""), None, None], "VALUE = '<copy>'\n"]


def test_texts_come_from_the_mirror(read: HotTree) -> None:
    assert run(read, MODELARTS_NB_HOT="off") == TREE
    assert run(read) == COPIED


@pytest.mark.parametrize("same_size", [True, False])
def test_a_text_edited_in_place_is_seen(read: HotTree, same_size: bool) -> None:
    version, source = ("2", "VALUE = '<edit>'\n") if same_size else ("2.0", "VALUE = 3\n")
    (info(read) / "METADATA").write_bytes(ABOUT.format(version).encode())
    (read.site / "one.py").write_text(source)
    found = run(read)
    # What has not changed is the copy.
    assert [found[0], found[1], found[3]] == [version, ["copy"], source]


def test_entry_points_that_come_and_go_are_seen(read: HotTree) -> None:
    # when a package has them from now on, and another one no longer
    write(info(read, name="bare") / "entry_points.txt", POINTS.format("came"))
    (info(read) / "entry_points.txt").unlink()
    assert run(read)[1] == ["came"]


UPGRADE = """
import importlib
found = [all()]
old, new = SITE + "/pkg-1.dist-info/", SITE + "/pkg-2.dist-info/"
os.rename(old, new)
os.unlink(new + "entry_points.txt")
open(new + "METADATA", "w").write("Name: pkg\\nVersion: 2\\n")
open(SITE + "/one.py", "w").write("VALUE = 12345678\\n")
importlib.invalidate_caches()
print(json.dumps([*found, metadata.version("pkg"), points(), shown("one")]))
"""


def test_an_upgrade_while_the_kernel_runs_is_seen(read: HotTree) -> None:
    found = run(read, f"SITE = {str(read.site)!r}\n{UPGRADE}")
    assert found == [COPIED, "2", [], "VALUE = 12345678\n"]


def test_damaged_copies_are_not_used(read: HotTree) -> None:
    texts = [info(read) / "METADATA", info(read) / "entry_points.txt", read.site / "one.py"]
    for damage in ("cut", "gone", "a folder"):
        for copied in [copy(read, path) for path in texts]:
            data = copied.read_bytes() if copied.is_file() else b"longer"
            copied.unlink(missing_ok=True)
            if damage == "cut":
                copied.write_bytes(data[:-1])
            elif damage == "a folder":
                copied.mkdir()
        assert run(read) == TREE, damage


def test_a_kernel_fills_texts_while_it_starts(read: HotTree) -> None:
    shutil.rmtree(read.mirror)
    assert run(read) == TREE
    assert copy(read, info(read) / "METADATA").is_file()


def test_a_folder_beside_an_extension_module_wins_when_it_becomes_a_package(tree: HotTree) -> None:
    # given a folder of the same name that is no package, which is what the mirror knows
    place = next(tree.prefix.glob("lib/python3.11/lib-dynload/_socket.*.so")).parent
    (place / "_socket").mkdir()
    (place / "_socket/stub.pyi").write_text("")
    socket = "[about('_socket')['value'], about('_socket')['file']]"
    assert tree.run(socket)[0] is None
    warm("mine", disk=tree.disk)
    assert tree.run(socket)[1].endswith(".so")
    # when it becomes one
    (place / "_socket/__init__.py").write_text("VALUE = 'package'\n")
    # then
    assert tree.run("about('_socket')['value']") == "package"
