"""Operations go on without the page and without the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.ui.lab import Lab
from tests.ui.panel import Panel


def test_an_operation_outlives_reload_and_server(
    panel: Panel, lab: Lab, image_env: Path, held: Callable[[], None]
) -> None:
    lab.start_operation("env.clone", source=str(image_env), name="outlives")
    item = panel.activity("Keeping PyTorch-1.8 as outlives")
    expect(item.get_by_role("progressbar")).to_be_visible()

    panel.go()
    expect(item.get_by_role("progressbar")).to_be_visible()
    lab.stop()
    lab.start()
    held()

    panel.go()
    expect(item).to_contain_text("done", timeout=90_000)
    expect(panel.row("outlives")).to_be_visible()
