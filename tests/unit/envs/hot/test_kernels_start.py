"""Kernels that start with hot files look like any other, and see what the tree says."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.hot.kernel import fill, filler
from modelarts_nb.envs.hot.warming import warm
from tests.unit.envs.hot.tree import HotTree, make

LOOKS = """{
    "executable": sys.executable, "prefix": sys.prefix, "path": sys.path, "argv": sys.argv,
    "name": __name__, "spec": __spec__.name, "file": __file__, "home": os.environ.get("PYTHONHOME"),
    "globals": sorted(n for n in globals() if not n.startswith("__")),
    "json": about("json.decoder"), "socket": about("_socket")
}"""
FROM_MIRROR = "[path for path in maps() if '/.ma/hot/mine/libs/' in path]"
VALUE = "about('one')['value']"


@pytest.fixture
def warmed(tree: HotTree) -> HotTree:
    """``one`` was used before and is in the mirror, where its copy says that it is one."""
    tree.module("one", "<tree>")
    assert tree.run("[about('one')['value'], about('_socket')['value']]") == ["<tree>", None]
    assert [done.state for done in warm("mine", disk=tree.disk)] == ["ready"]
    tree.mark_copy("one", b"<tree>", b"<copy>")
    return tree


def test_what_is_seen_is_the_same_as_without(tree: HotTree) -> None:
    # given what a kernel looks like without hot files
    plain = tree.run(LOOKS, MODELARTS_NB_HOT="off")
    # when it notes what it uses, is given that, and starts with it
    first = tree.run(LOOKS)
    done = warm("mine", disk=tree.disk)
    second = tree.run(LOOKS)
    # then
    assert [one.state for one in done] == ["ready"]
    assert plain == first == second
    assert plain["json"]["file"].startswith(str(tree.prefix))


def test_a_kernel_of_python_37_has_hot_files(
    image_env_37: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_NB_HOT", "on")
    tree = make(image_env_37, disk)
    plain = tree.run(LOOKS, MODELARTS_NB_HOT="off")
    assert tree.run(LOOKS) == plain
    assert [one.state for one in warm("mine", disk=disk)] == ["ready"]
    assert tree.run(LOOKS) == plain
    shows = "print(json.dumps(__import__('inspect').getsource(__import__('colorsys'))))"
    source = tree.run_code(shows)
    # when more was used, and is at hand, too
    warm("mine", disk=disk)
    copy = tree.mirror / "texts/lib/python3.7/colorsys.py"
    copy.write_text(copy.read_text().replace("def rgb_to_yiq", "def RGB_to_yiq"))
    # then
    loaded = tree.run(f"[about('_socket')['file'], {FROM_MIRROR}]")[1]
    assert any("/_socket." in path for path in loaded)
    assert tree.run_code(shows) == source.replace("def rgb_to_yiq", "def RGB_to_yiq")


def test_modules_and_libraries_come_from_the_mirror(warmed: HotTree) -> None:
    assert warmed.run(VALUE) == "<copy>"
    loaded = warmed.run(f"[about('_socket')['file'], {FROM_MIRROR}]")
    assert loaded[0].startswith(str(warmed.prefix))
    assert any("/_socket." in path for path in loaded[1])


def test_ctypes_loads_the_library_that_modules_use(warmed: HotTree) -> None:
    # given that ctypes and a library are in the mirror
    load = "[about('_socket')['file'], __import__('ctypes').CDLL(about('_socket')['file'])._name]"
    name = warmed.run(load)[1]
    warm("mine", disk=warmed.disk)
    # when it is loaded by its name in the tree, as packages do
    found = warmed.run(f"[{load}, maps()]")
    # then it is not loaded a second time, and says what it was asked for
    assert found[0][1] == name
    assert len([path for path in found[1] if "/_socket." in path]) == 1


@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_edited_in_the_tree_is_seen(warmed: HotTree, same_size: bool) -> None:
    warmed.module("one", "<edit>" if same_size else "edited")
    assert warmed.run(VALUE) == ("<edit>" if same_size else "edited")


def test_a_module_that_was_removed_is_gone(warmed: HotTree) -> None:
    (warmed.site / "one.py").unlink()
    found = "__import__('importlib.util').util.find_spec('one') is None"
    assert warmed.run(found) is True


def test_a_folder_that_is_made_before_a_module_wins(warmed: HotTree) -> None:
    warmed.module("one/__init__", "folder")
    assert warmed.run(VALUE) == "folder"


STORY = """
import importlib
def write(name, value):
    path = SITE + "/" + name + ".py"
    with open(path + ".new", "w") as file:
        file.write("VALUE = %r\\n" % value)
    os.replace(path + ".new", path)
def tried():
    try:
        return about("two")["value"]
    except ImportError:
        return None
def story():
    found = [tried(), about("one")["value"]]
    write("two", "new")
    write("one", "newer")
    importlib.invalidate_caches()
    return found + [tried(), importlib.reload(sys.modules["one"]).VALUE]
print(json.dumps(story()))
"""


def test_what_is_installed_while_the_kernel_runs_is_found(warmed: HotTree) -> None:
    # when a module is installed and another one upgraded, while the kernel runs
    process = warmed.start(f"SITE = {str(warmed.site)!r}\n{STORY}")
    out, error = process.communicate(timeout=60)
    # then both are seen
    assert (out, error) == ('[null, "<copy>", "new", "newer"]\n', "")


def test_a_package_that_was_not_imported_yet_may_change_meanwhile(warmed: HotTree) -> None:
    # given a kernel that has imported from where it looks, and then waited for a person
    asks = f"""
import struct
sys.modules["_modelarts_nb_hot.mirror"]._COUNTS = sys.modules["_modelarts_nb_hot.mirror"]._PAUSE = 0
open({str(warmed.site)!r} + "/three.py", "w").write("VALUE = 3")
found = [about("decimal")["value"], about("three")["value"]]
print(json.dumps(found))
"""
    process = warmed.start(asks)
    assert process.communicate(timeout=60) == ("[null, 3]\n", "")


def test_what_is_put_into_a_folder_that_was_just_asked_about_is_found(warmed: HotTree) -> None:
    asks = f"""
found = [about("one")["value"]]
open({str(warmed.site)!r} + "/three.py", "w").write("VALUE = 3")
print(json.dumps([*found, about("three")["value"]]))
"""
    assert warmed.run_code(asks) == ["<copy>", 3]


def test_a_library_changed_in_the_tree_is_loaded_from_there(warmed: HotTree) -> None:
    # given an extension module that is replaced (by the same bytes, with another time)
    path = next(warmed.prefix.glob("lib/python3.11/lib-dynload/_socket.*.so"))
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    # when it is loaded
    loaded = warmed.run("[about('_socket')['file'], maps()]")[1]
    # then from the tree, and the mirror has a link to it for whoever needs it by name
    assert str(path) in loaded
    copy = warmed.mirror / "libs" / path.relative_to(warmed.prefix)
    assert os.readlink(copy) == str(path)


def test_a_damaged_copy_is_not_used(warmed: HotTree) -> None:
    copy = warmed.copied("one")
    good = copy.read_bytes()
    damages = {
        "cut": good[:-1],
        "garbage": os.urandom(len(good)),
        "a head that is right and what cannot be code": good[:16] + b"\xff" * (len(good) - 16),
    }
    for damage, data in damages.items():
        copy.write_bytes(data)
        assert warmed.run(VALUE) == "<tree>", damage
    copy.unlink()
    assert warmed.run(VALUE) == "<tree>"


def test_a_mirror_without_a_part_is_none(warmed: HotTree) -> None:
    for part in ("libs", "code", "index", "."):
        path = warmed.mirror / part
        path.unlink() if path.is_file() else shutil.rmtree(path)
        loaded = warmed.run(f"[{VALUE}, about('_socket')['file']]")
        assert loaded[0] in ("<tree>", "<copy>"), part
        assert loaded[1].startswith(str(warmed.prefix)), part


def test_an_index_that_is_none_is_passed_over(warmed: HotTree) -> None:
    for text in ("", "\0\n", "modelarts_nb hot 2 x y\nend\n", "nonsense\n" * 9):
        (warmed.mirror / "index").write_text(text)
        assert warmed.run(VALUE, MODELARTS_NB_OWNER="nobody-known") == "<tree>", text


def test_damaged_lines_of_an_index_are_passed_over(warmed: HotTree) -> None:
    index = warmed.mirror / "index"
    lines = index.read_text().splitlines()
    index.write_text("\n".join([lines[0], "c 1 2", "b x y z", "d", "l", "", *lines[1:], ""]))
    assert warmed.run(VALUE) == "<copy>"


def test_a_kernel_starts_when_what_is_ours_is_broken(warmed: HotTree) -> None:
    for file in ("imports.py", "start.py"):
        (warmed.disk.local_data / "hot" / file).write_text("def (:\n")
        assert warmed.run(VALUE) == "<tree>"


def test_a_kernel_fills_the_mirror_while_it_starts(tree: HotTree) -> None:
    # given what was used, and no mirror: as after a restart
    tree.module("one", "<tree>")
    tree.run("[about('one')['file'], about('_socket')['file']]")
    # when a kernel starts, then it waits for what it needs
    loaded = tree.run(f"[about('one')['file'], about('_socket')['file'], {FROM_MIRROR}]")
    assert any("/_socket." in path for path in loaded[2])
    assert tree.copied("one").is_file()


def test_a_kernel_that_used_more_has_it_copied(warmed: HotTree) -> None:
    # given a mirror without something that a kernel uses
    warmed.module("two", "<tree>")
    assert not warmed.copied("two").exists()
    # when it notes that (as it does now and then), then the next one has it at hand
    warmed.run("[about('two')['value'], hot()[-1]._note()]")
    warmed.mark_copy("two", b"<tree>", b"<copy>")
    assert warmed.run("about('two')['value']") == "<copy>"
    # and one that uses no more does not fill again what could not be copied
    index = (warmed.mirror / "index").stat().st_ino
    warmed.run("[about('two')['value'], hot()[-1]._note()]")
    assert (warmed.mirror / "index").stat().st_ino == index


def test_a_kernel_starts_where_no_mirror_can_be_made(tree: HotTree) -> None:
    tree.module("one", "<tree>")
    tree.run(VALUE)
    (tree.disk.home / ".ma").write_text("a file in its place")
    assert tree.run(VALUE) == "<tree>"


def test_a_full_local_disk_gets_no_mirror(tree: HotTree) -> None:
    tree.module("one", "<tree>")
    tree.run(VALUE)
    settings = tree.disk.home / ".jupyter/modelarts_nb_config.json"
    settings.parent.mkdir()
    settings.write_text('{"Sealed": {"space": 0.0}}')
    assert tree.run(VALUE) == "<tree>"
    assert not tree.copied("one").exists()


def test_who_is_killed_while_filling_leaves_what_can_be_believed(
    warmed: HotTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a mirror that is filled again after a change, by a process that is killed half-way
    warmed.module("one", "after")
    child = os.fork()
    if child == 0:

        def kill(self: object, path: str) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        monkeypatch.setattr(fill.Fill, "_python", kill)
        filler.fill(warmed.places, str(warmed.record), "cpython-311")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    # when a kernel starts, then it gets the truth
    assert warmed.run(VALUE) == "after"
    assert not list(Path(warmed.mirror).rglob("one*.new"))


def test_two_kernels_fill_one_mirror(tree: HotTree) -> None:
    tree.module("one", "<tree>")
    tree.run(VALUE)
    both = [tree.start(f"print({VALUE})") for _ in range(2)]
    assert [process.communicate(timeout=60) for process in both] == [("<tree>\n", "")] * 2


def test_what_is_no_environment_on_the_disk_is_left_alone(warmed: HotTree) -> None:
    # given the same environment by a path that is not the disk's
    elsewhere = warmed.disk.home / "elsewhere"
    elsewhere.symlink_to(warmed.prefix)
    plain = HotTree(warmed.disk, elsewhere)
    assert plain.run("'_modelarts_nb_hot.mirror' in sys.modules") is False
