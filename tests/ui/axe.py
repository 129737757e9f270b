"""What axe finds to complain about on a page."""

from __future__ import annotations

from pathlib import Path

from tests.ui.panel import Panel

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"


def violations(panel: Panel, selector: str) -> list[str]:
    """What axe finds below ``selector``: rule, place, what to do."""
    if not panel.page.evaluate("'axe' in window"):
        panel.page.add_script_tag(path=str(AXE))
    found = panel.page.evaluate("selector => axe.run(selector)", selector)
    assert found["passes"], "axe looked at nothing"
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
