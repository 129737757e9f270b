"""The manifest names every file that restore copies, and tells when one was altered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelarts_nb.tool import manifest


@pytest.fixture
def tool(tmp_path: Path) -> manifest.Installation:
    root = tmp_path / "tool"
    site = root / "lib/python3.11/site-packages"
    for path in (
        "modelarts_nb/__init__.py",
        "modelarts_nb/magics.py",
        "modelarts_nb/envs/cloning.py",
        "modelarts_nb/envs/hot/kernel/start.py",
        "modelarts_nb/server/__init__.py",
        "modelarts_nb/server/__pycache__/x.pyc",
        "modelarts_nb/locale/zh_CN/LC_MESSAGES/modelarts_nb.json",
        "modelarts_nb-1.0.dist-info/METADATA",
        "modelarts_nb-1.0.dist-info/entry_points.txt",
        "modelarts_nb-1.0.dist-info/RECORD",
    ):
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(path)
    panel = root / "share/jupyter/labextensions/modelarts_nb"
    panel.mkdir(parents=True)
    (panel / "package.json").write_text("{}")
    package = site / "modelarts_nb"
    return manifest.Installation(
        package, manifest.find_panel(package, root), root / "bin/python", root
    )


def parts(data: bytes) -> dict[str, list[str]]:
    return {name: sorted(part["files"]) for name, part in json.loads(data)["parts"].items()}


def test_only_what_stands_alone_is_named(tool: manifest.Installation) -> None:
    found = parts(manifest.describe(tool))

    assert found == {
        "hot": ["start.py"],
        "magics": ["magics.py"],
        "panel": ["package.json"],
        "server": [
            "modelarts_nb-1.0.dist-info/METADATA",
            "modelarts_nb-1.0.dist-info/entry_points.txt",
            "modelarts_nb/__init__.py",
            "modelarts_nb/locale/zh_CN/LC_MESSAGES/modelarts_nb.json",
            "modelarts_nb/server/__init__.py",
        ],
    }


def test_paths_are_relative_to_the_tool(tool: manifest.Installation) -> None:
    value = json.loads(manifest.describe(tool))

    assert value["python"] == "bin/python"
    assert value["parts"]["magics"]["base"] == "lib/python3.11/site-packages/modelarts_nb"


def test_a_jupyter_that_has_us_needs_no_copy(tool: manifest.Installation) -> None:
    assert list(parts(manifest.describe(tool, jupyter=False))) == ["hot", "magics"]


def test_without_a_panel_there_is_no_part_for_it(tool: manifest.Installation) -> None:
    bare = manifest.Installation(tool.package, None, tool.python, tool.root)

    assert "panel" not in parts(manifest.describe(bare))


def test_nothing_is_altered_at_first(tool: manifest.Installation) -> None:
    assert tool.root is not None
    assert manifest.altered(tool.root, manifest.describe(tool)) == []


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_an_altered_file_is_named(tool: manifest.Installation, change: str) -> None:
    assert tool.root is not None
    described = manifest.describe(tool)
    victim = tool.package / "magics.py"
    if change == "edit":
        victim.write_text("evil")
    else:
        victim.unlink()

    assert manifest.altered(tool.root, described) == [str(victim)]
