"""axe finds nothing to complain about in the panel, in any theme."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.ui.axe import violations
from tests.ui.lab import Lab
from tests.ui.panel import Panel

THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_panel_has_noviolations(
    open_panel: Callable[..., Panel], kept: str, theme: str
) -> None:
    panel = open_panel(theme=theme)
    for section in ("Archives", "Bin"):
        panel.root.get_by_role("button", name=section).first.click()
    panel.row(kept).hover()
    assert violations(panel, ".ma-Panel") == []


@pytest.mark.parametrize("theme", THEMES[:2])
def test_no_dialog_hasviolations(
    open_panel: Callable[..., Panel], kept: str, archive: str, theme: str
) -> None:
    panel = open_panel(theme=theme)
    dialog = panel.page.get_by_role("dialog")
    found: list[str] = []

    def look(name: str) -> None:
        found.extend(f"{name}: {line}" for line in violations(panel, ".jp-Dialog"))

    panel.root.get_by_role("button", name="New environment").click()
    dialog.get_by_label("Name", exact=True).fill(kept)
    expect(dialog).to_contain_text("There is an environment kept already.")
    look("create, refused")
    panel.dismiss()
    for item, shown in {
        "Clone Environment…": "Copy of",
        "Pack Environment…": "free",
        "Rename Environment…": "New name",
        "Install Packages…": "Packages from pip",
        "Show Packages": "ipykernel",
        "Export Environment": "dependencies",
        "Check & Fix…": "Nothing is wrong.",
    }.items():
        panel.menu(kept, item)
        expect(dialog).to_contain_text(shown)
        look(item)
        panel.dismiss()
    for packages, shown in {"tabulate": "install", "no-such-one": "No set of packages"}.items():
        panel.menu(kept, "Install Packages…")
        dialog.get_by_label("Packages from conda channels").fill(packages)
        dialog.get_by_role("button", name="Preview").click()
        expect(dialog.get_by_role("group", name="Preview")).to_contain_text(shown)
        look(f"preview of {packages}")
        panel.dismiss()
    panel.menu(kept, "Show Packages")
    dialog.get_by_role("checkbox", name="numpy").check()
    dialog.get_by_role("button", name="Uninstall…").click()
    expect(dialog.get_by_role("row", name=re.compile("^numpy"))).to_be_visible()
    look("uninstall")
    panel.dismiss()
    panel.root.get_by_role("button", name="Archives").click()
    archives = panel.root.get_by_role("list", name="Archives")
    archives.get_by_role("listitem", name=archive).get_by_role("button", name="Unpack").click()
    expect(dialog).to_contain_text("Name")
    look("unpack")
    panel.dismiss()
    panel.root.get_by_role("button", name=re.compile("^Log of: ")).first.click()
    expect(panel.root.get_by_role("log")).not_to_be_empty()
    found.extend(f"log: {line}" for line in violations(panel, ".ma-Panel"))
    assert found == []


@pytest.fixture(scope="module")
def archive(lab: Lab, kept: str) -> str:
    """The name in an archive that is there."""
    lab.run("env.pack", name=kept)
    return kept
