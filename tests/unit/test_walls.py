"""The walls of the house, read from the imports: they only go down, and some rooms stand alone."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "modelarts_nb"

# What each room may import of ours. A room may always import itself.
FOUNDATION = {"errors", "lazy", "progress", "wire"}
BELOW_DOMAINS = FOUNDATION | {"config", "disk"}
DOMAINS = {"envs", "cloud", "jobs", "notebook", "shell", "ssh", "storage", "tool"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "lazy": set(),
    "progress": set(),
    "wire": set(),
    "config": FOUNDATION,
    "disk": FOUNDATION | {"config"},
    "cloud": FOUNDATION | {"config"},
    "envs": BELOW_DOMAINS,
    "notebook": FOUNDATION | {"config", "cloud"},
    "storage": BELOW_DOMAINS | {"cloud"},
    "ssh": BELOW_DOMAINS | {"cloud"},
    "tool": BELOW_DOMAINS | {"envs"},
    "jobs": BELOW_DOMAINS | {"cloud"},
    "shell": BELOW_DOMAINS | {"cloud", "jobs", "ssh"},
    "operations": BELOW_DOMAINS | DOMAINS,
    "cli": BELOW_DOMAINS | DOMAINS | {"operations"},
    "worker": BELOW_DOMAINS | DOMAINS | {"operations"},
    "shellworker": BELOW_DOMAINS | DOMAINS | {"operations"},
    "__main__": {"cli"},
    "__init__": {"magics", "server"},
    "server": set(),
    "magics": set(),
    "hook": set(),
    "locale": set(),
    "localcloud": set(),
}
# What Python users import: it shows functions of the room above that know several rooms. They are
# named there and imported when somebody uses them, so that nothing of the room itself needs them.
FACES = {"shell/__init__.py": {"operations"}, "ssh/__init__.py": {"operations"}}
# The version string is a fact, not a room.
VERSION = "modelarts_nb.__version__"
SERVER_MAY = {"jupyter_server", "jupyter_core", "jupyter_events", "tornado", "traitlets"}
SDK_IMPORT = r"^\s*(import|from) huaweicloud"
FACES_ONLY = {"click", "rich", "tornado", "jupyter_server"}


def files() -> list[Path]:
    """Every Python file of the package, but not what a build puts into it."""
    found = sorted(PACKAGE.rglob("*.py"))
    return [path for path in found if "labextension" not in path.parts]


def room(path: Path) -> str:
    """The room that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The full names of everything that a file imports, at whatever depth it does so."""
    inside = ["modelarts_nb", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "modelarts_nb":
                yield from (f"{module}.{alias.name}" for alias in node.names)
            else:
                yield module


def of(*rooms: str) -> pytest.MarkDecorator:
    """Run a test for every file of these rooms."""
    chosen = [path for path in files() if room(path) in rooms]
    return pytest.mark.parametrize("path", chosen, ids=lambda p: str(p.relative_to(PACKAGE)))


def test_every_room_is_on_the_plan() -> None:
    assert {room(path) for path in files()} <= set(ALLOWED)


@of(*ALLOWED)
def test_imports_of_ours_only_go_down(path: Path) -> None:
    here = room(path)
    names = [name for name in imported(path) if name.startswith("modelarts_nb.")]
    ours = {name.split(".")[1] for name in names if name != VERSION}
    assert ours - {here} <= ALLOWED[here] | FACES.get(str(path.relative_to(PACKAGE)), set())


@pytest.mark.parametrize("face", FACES)
def test_what_a_face_shows_of_the_room_above_is_not_imported_with_it(face: str) -> None:
    body = ast.parse((PACKAGE / face).read_text("utf-8")).body
    at_once = [n.module or "" for n in body if isinstance(n, ast.ImportFrom)]

    assert at_once == ["__future__", "typing", "modelarts_nb.lazy"]


ALONE = {
    "magics": {"IPython"},
    "hook": set(),
    "server": SERVER_MAY,
    "__init__": set(),
    "localcloud": {"asyncssh", "cryptography"},
}


@of(*ALONE)
def test_what_runs_in_other_interpreters_imports_only_what_is_there(path: Path) -> None:
    others = {name.split(".")[0] for name in imported(path)} - {"modelarts_nb"}
    assert others <= set(sys.stdlib_module_names) | ALONE[room(path)]


@of(*BELOW_DOMAINS, *DOMAINS, "operations")
def test_domains_know_no_face(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & FACES_ONLY


def test_the_sdk_is_known_in_one_room_and_imported_when_it_is_needed() -> None:
    texts = {path: path.read_text("utf-8") for path in files() if room(path) != "localcloud"}
    knowing = {path for path, text in texts.items() if "huaweicloudsdk" in text}
    assert {room(path) for path in knowing} == {"cloud"}
    assert not [path for path in knowing if re.search(SDK_IMPORT, texts[path], re.MULTILINE)]


OLD = {"magics": (3, 7), "hook": (3, 7), "__init__": (3, 7), "server": (3, 9)}


@of(*OLD)
def test_what_runs_in_other_interpreters_is_in_their_language(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=OLD[room(path)])


HOT = sorted((PACKAGE / "envs/hot/kernel").glob("*.py"))


@pytest.mark.parametrize("path", HOT, ids=lambda path: path.name)
def test_what_runs_in_kernels_stands_alone(path: Path) -> None:
    own = {f"modelarts_nb.envs.hot.kernel.{file.stem}" for file in HOT}
    names = set(imported(path)) - own - {"modelarts_nb.envs.hot.kernel"}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    ast.parse(path.read_text("utf-8"), feature_version=(3, 7))


def test_no_module_imports_itself_through_others() -> None:
    # given what each module imports of ours while it is being imported
    modules = {module(path) for path in files()}
    graph = {module(path): at_import(path, modules) for path in files()}
    # when those that import nothing that is left are taken away, again and again
    while free := [name for name, needs in graph.items() if not needs & (graph.keys() - {name})]:
        for name in free:
            del graph[name]
    # then none is left in a circle
    assert sorted(graph) == []


def module(path: Path) -> str:
    """The dotted name of a file."""
    parts = ["modelarts_nb", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def at_import(path: Path, modules: set[str]) -> set[str]:
    """Modules of ours that a file imports by name when it is imported itself."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= named & modules if named <= modules else {node.module, *named}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("modelarts_nb")} - {module(path)}


def test_a_wall_that_is_broken_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a file of disk/ that imports upward, in each way one can spell it
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    bad = tmp_path / "disk" / "bad.py"
    bad.parent.mkdir()
    bad.write_text(
        "import modelarts_nb.envs.cloning\nfrom modelarts_nb import cli\n"
        "def f():\n    from ..envs import model\n    from . import scan\n"
    )
    # then
    assert sorted(imported(bad)) == [
        "modelarts_nb.cli",
        "modelarts_nb.disk",
        "modelarts_nb.envs",
        "modelarts_nb.envs.cloning",
    ]
