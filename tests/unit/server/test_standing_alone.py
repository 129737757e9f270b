"""The server's package in somebody else's interpreter: what it imports, costs and is written in."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modelarts_nb.server

FOLDER = Path(modelarts_nb.server.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
ALLOWED = {"jupyter_server", "jupyter_events", "tornado", "traitlets", *sys.stdlib_module_names}


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_only_jupyter_server_and_the_standard_library_are_imported(file: Path) -> None:
    foreign = {
        name
        for name in imported(file)
        if name.partition(".")[0] not in ALLOWED and not name.startswith("modelarts_nb.server")
    }

    assert foreign == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_the_syntax_is_that_of_python_3_9(file: Path) -> None:
    ast.parse(file.read_text("utf-8"), feature_version=(3, 9))


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_starting_jupyter_gets_no_slower_that_one_could_notice() -> None:
    program = (
        "import time, jupyter_server.serverapp\n"
        "began = time.perf_counter()\n"
        "import modelarts_nb.server\n"
        "modelarts_nb.server._jupyter_server_extension_points()\n"
        "print(time.perf_counter() - began)\n"
    )

    assert any(float(run(program)) < 0.05 for _ in range(5))


def test_nothing_of_the_tool_is_loaded_into_the_server() -> None:
    program = (
        "import sys, modelarts_nb.server\n"
        "modelarts_nb.server._jupyter_server_extension_points()\n"
        "print([m for m in sys.modules if m.startswith('modelarts_nb.')"
        " and not m.startswith('modelarts_nb.server')])\n"
    )

    assert run(program) == "[]"


@pytest.mark.parametrize("package", ["modelarts_nb", "modelarts_nb.server"])
def test_enabling_either_package_finds_the_extension(package: str) -> None:
    program = (
        "import warnings; warnings.simplefilter('error')\n"
        "from jupyter_server.extension.manager import ExtensionPackage\n"
        f"package = ExtensionPackage(name={package!r}, enabled=True)\n"
        "print(package.validate(), *package.extension_points)\n"
    )

    assert run(program) == "True modelarts_nb"
