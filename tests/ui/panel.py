"""The panel as tests speak of it."""

from __future__ import annotations

import itertools

from playwright.sync_api import Locator, Page, expect

from tests.ui.lab import Lab

_NUMBERS = itertools.count(1)


class Panel:
    """The panel on one page."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page, self.lab = page, lab
        self.workspace = f"page-{next(_NUMBERS)}"
        self.root = page.get_by_role("region", name="ModelArts NB")

    def go(self) -> None:
        """Open JupyterLab in a fresh workspace, and the panel in it."""
        self.page.goto(f"{self.lab.url(self.workspace)}&reset")
        self.page.get_by_role("tab", name="ModelArts NB").click()
        expect(self.root).to_be_visible()

    def row(self, name: str) -> Locator:
        """The row of an environment."""
        return self.root.locator(f'li.ma-Row[data-name="{name}"]')

    def activity(self, title: str) -> Locator:
        """The operation of this title in the section Activity."""
        return self.root.locator("li.ma-Operation").filter(has_text=title)

    def menu(self, name: str, item: str) -> None:
        """Choose from the menu of a row."""
        self.row(name).click(button="right")
        self.page.get_by_role("menuitem", name=item).click()

    def dismiss(self) -> None:
        """Close the dialog with Escape, which it hears once the focus is in it."""
        dialog = self.page.get_by_role("dialog")
        expect(dialog.locator(":focus")).to_have_count(1)
        self.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)

    def notification(self, text: str) -> Locator:
        """A notification that says so."""
        return self.page.locator(".Toastify__toast").filter(has_text=text)


def run_code(page: Page, code: str) -> Locator:
    """Type ``code`` into the open notebook's first cell and run it; its first output.

    A kernel on a slow disk and a loaded machine takes its time to start.
    """
    # The status bar: the notebook's own indicator says idle before there is a kernel.
    expect(page.get_by_text("| Idle")).to_be_visible(timeout=120_000)
    page.locator(".jp-Notebook .cm-content").first.click()
    page.keyboard.type(code)
    page.keyboard.press("Shift+Enter")
    return page.locator(".jp-OutputArea-output").first
