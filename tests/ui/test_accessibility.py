"""axe finds nothing to complain about in the panel, in any theme."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.panel import Panel

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"

THEMES = ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_panel_has_no_violations(
    open_panel: Callable[..., Panel], kept: str, theme: str
) -> None:
    panel = open_panel(theme=theme)
    for section in ("Archives", "Bin"):
        panel.root.get_by_role("button", name=section).first.click()
    panel.row(kept).hover()
    assert _violations(panel, ".ma-Panel") == []


@pytest.mark.parametrize("theme", THEMES)
def test_a_dialog_has_no_violations(
    open_panel: Callable[..., Panel], kept: str, theme: str
) -> None:
    panel = open_panel(theme=theme)
    panel.root.get_by_role("button", name="New environment").click()
    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(kept)
    assert _violations(panel, ".ma-Form") == []


def _violations(panel: Panel, selector: str) -> list[str]:
    """What axe finds below ``selector``: rule, place, what to do."""
    panel.page.add_script_tag(path=str(AXE))
    found = panel.page.evaluate("selector => axe.run(selector)", selector)
    assert found["passes"], "axe looked at nothing"
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
