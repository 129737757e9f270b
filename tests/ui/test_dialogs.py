"""Every dialog to its end, and what it did on the disk."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.slowfs.mount import SlowFs
from tests.ui.lab import Lab
from tests.ui.panel import Panel


@pytest.fixture
def panel(same_panel: Panel) -> Panel:
    """The same page for all tests here: they differ in what they do, not in where they begin."""
    return same_panel


# Work on a slow disk and a loaded machine.
LONG = 120_000


def test_create_shows_what_it_would_install_then_does_it(panel: Panel, lab: Lab) -> None:
    panel.root.get_by_role("button", name="New environment").click()
    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("created")
    dialog.get_by_label("Python", exact=True).select_option("3.11")
    dialog.get_by_label("Packages", exact=True).fill("tabulate")
    dialog.get_by_role("button", name="Preview").click()

    plan = dialog.get_by_role("group", name="Preview")
    expect(plan.get_by_role("row", name=re.compile(r"^python 3\.11\."))).to_contain_text("install")
    expect(plan.get_by_role("row", name=re.compile("^ipykernel"))).to_be_visible()
    expect(plan).to_contain_text(re.compile(r"at most [\d.]+ MB to download"))
    assert not _folder(lab, "created").exists()

    dialog.get_by_role("button", name="Create").click()
    expect(panel.activity("Creating created")).to_contain_text("done · just now", timeout=LONG)
    expect(panel.row("created")).to_have_attribute("aria-label", re.compile("kernel ready"))
    assert "tabulate" in _packages(lab, "created")
    # A preview is of interest only in its dialog.
    expect(panel.activity("Preview:")).to_have_count(0)


def test_a_preview_can_be_stopped(panel: Panel, lab: Lab, kept: str, slow_folder: SlowFs) -> None:
    panel.menu(kept, "Install Packages…")
    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Packages from conda channels").fill("numpy")
    # What is installed is not heard until it was stopped.
    slow_folder.fail(f"open HANG path={kept}/conda-meta")
    dialog.get_by_role("button", name="Preview").click()
    dialog.get_by_role("button", name="Stop").click()
    slow_folder.fail()

    expect(dialog.get_by_role("group", name="Preview")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Preview")).to_be_focused()
    panel.dismiss()
    expect(panel.activity("Preview:")).to_have_count(0)
    _eventually(lambda: not [o for o in _operations(lab) if o["params"].get("dry_run")])


def test_a_preview_says_why_it_cannot_be(panel: Panel, kept: str) -> None:
    panel.menu(kept, "Install Packages…")
    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Packages from conda channels").fill("no-such-package")
    dialog.get_by_role("button", name="Preview").click()

    expect(dialog.get_by_role("alert")).to_contain_text("No set of packages fits the request.")
    expect(dialog.get_by_role("alert")).to_contain_text("no-such-package")


def test_install_then_uninstall(panel: Panel, lab: Lab, mine: str) -> None:
    panel.menu(mine, "Install Packages…")
    dialog = panel.page.get_by_role("dialog")
    dialog.get_by_label("Packages from conda channels").fill("tabulate pip=24.0")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_role("row", name=re.compile("^pip"))).to_contain_text("→ 24.0")
    # Enter in a field is the primary button.
    dialog.get_by_label("Packages from conda channels").press("Enter")
    expect(dialog).to_have_count(0)
    installing = panel.activity(f"Installing packages into {mine}")
    expect(installing).to_contain_text("done", timeout=LONG)
    assert {"tabulate": "0.9.0", "pip": "24.0"}.items() <= _packages(lab, mine).items()

    panel.menu(mine, "Show Packages")
    expect(dialog.get_by_role("button", name="Uninstall…")).to_be_disabled()
    dialog.get_by_label(re.compile("Search in")).fill("python")
    dialog.get_by_role("checkbox", name="python", exact=True).check()
    dialog.get_by_role("button", name="Uninstall…").click()
    expect(dialog).to_contain_text(f"Uninstall from {mine}")
    # What needs it goes too.
    expect(dialog.get_by_role("row", name=re.compile("^tabulate"))).to_contain_text("remove")
    panel.dismiss()

    panel.menu(mine, "Show Packages")
    dialog.get_by_role("checkbox", name="tabulate").check()
    dialog.get_by_role("button", name="Uninstall…").click()
    expect(dialog.get_by_role("row", name=re.compile("^tabulate"))).to_contain_text("remove")
    dialog.get_by_role("button", name="Uninstall").click()
    uninstalling = panel.activity(f"Uninstalling packages from {mine}")
    expect(uninstalling).to_contain_text("done", timeout=LONG)
    assert "tabulate" not in _packages(lab, mine)


def test_pack_says_what_is_in_the_way(panel: Panel, lab: Lab, mine: str) -> None:
    (_folder(lab, mine) / "share/links/plain.txt").unlink()
    panel.menu(mine, "Pack Environment…")
    dialog = panel.page.get_by_role("dialog")
    expect(dialog).to_contain_text("files are missing")
    expect(dialog.get_by_role("button", name="Pack")).to_be_disabled()

    dialog.get_by_label("Pack although files are missing").check()
    dialog.get_by_role("button", name="Pack").click()

    expect(panel.activity(f"Packing {mine}")).to_contain_text("done", timeout=LONG)


def test_pack_and_unpack(panel: Panel, lab: Lab, mine: str) -> None:
    page, dialog = panel.page, panel.page.get_by_role("dialog")
    panel.menu(mine, "Pack Environment…")
    expect(dialog).to_contain_text("Nothing is wrong.")
    expect(dialog).to_contain_text(re.compile(r"[\d.]+ MB to write · [\d,]+ files"))
    dialog.get_by_role("button", name="Pack").click()
    expect(panel.activity(f"Packing {mine}")).to_contain_text("done", timeout=LONG)

    panel.root.get_by_role("button", name="Archives").click()
    archives = panel.root.get_by_role("list", name="Archives")
    archives.get_by_role("listitem", name=mine).get_by_role("button", name="Unpack").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value(f"{mine}-2")
    dialog.get_by_label("Name", exact=True).fill("unpacked")
    dialog.get_by_role("button", name="Unpack").click()
    expect(panel.row("unpacked")).to_be_visible(timeout=LONG)
    assert (_folder(lab, "unpacked") / "bin/python").exists()

    [packed] = (lab.disk / "envs/archives").glob(f"{mine}-*.tar.zst")
    shutil.copy(packed, lab.notebooks / "carried.tar.zst")
    _file_menu(panel, "carried.tar.zst", "Unpack as an Environment…")
    expect(dialog.get_by_label("Path of the archive")).to_have_value("carried.tar.zst")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("carried")
    dialog.get_by_role("button", name="Unpack").click()
    page.get_by_role("tab", name="ModelArts NB").click()
    expect(panel.row("carried")).to_be_visible(timeout=LONG)


def test_rename(panel: Panel, lab: Lab, mine: str) -> None:
    panel.menu(mine, "Rename Environment…")
    dialog = panel.page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Rename")).to_be_disabled()
    dialog.get_by_label("New name").fill("renamed")
    dialog.get_by_role("button", name="Rename").click()

    expect(panel.row("renamed")).to_be_visible(timeout=LONG)
    expect(panel.row(mine)).to_have_count(0)
    assert (_folder(lab, "renamed") / "bin/pip").read_text().startswith("#!")
    assert str(_folder(lab, mine)) not in (_folder(lab, "renamed") / "bin/pip").read_text()


def test_a_kernel_is_unregistered_and_registered(panel: Panel, kept: str) -> None:
    panel.menu(kept, "Unregister Kernel")
    expect(panel.row(kept)).to_have_attribute("aria-label", re.compile("no kernel"))
    panel.row(kept).hover()
    panel.row(kept).get_by_role("button", name="Register").click()
    expect(panel.row(kept)).to_have_attribute("aria-label", re.compile("kernel ready"))


def test_what_was_removed_is_restored_from_the_bin(panel: Panel, lab: Lab, mine: str) -> None:
    panel.menu(mine, "Remove Environment")
    expect(panel.row(mine)).to_have_count(0)
    panel.root.get_by_role("button", name=re.compile("^Bin")).click()
    removed = panel.root.get_by_role("list", name="Bin").get_by_role("listitem", name=mine)
    removed.get_by_role("button", name="Restore").click()

    environments = panel.root.get_by_role("list", name="Environments on the disk")
    expect(environments.get_by_role("listitem", name=mine)).to_be_visible()
    expect(removed).to_have_count(0)
    assert (_folder(lab, mine) / "bin/python").exists()


def test_check_and_fix(panel: Panel, lab: Lab, mine: str) -> None:
    site = next(_folder(lab, mine).glob("lib/python3*/site-packages"))
    for module in (site / "pip").glob("*.py"):
        os.utime(module, (1_000_000_000, 1_000_000_000))
    panel.menu(mine, "Check & Fix…")
    dialog = panel.page.get_by_role("dialog")
    expect(dialog).to_contain_text("compiled files are stale", timeout=LONG)
    dialog.get_by_role("button", name="Fix").click()

    expect(panel.activity(f"Fixing {mine}")).to_contain_text("done", timeout=LONG)
    findings = lab.get(f"environments/{mine}/check")["findings"]
    assert {f["level"] for f in findings if f["check"] == "bytecode"} == {"ok"}


def test_a_dialog_by_keyboard_alone(panel: Panel, kept: str) -> None:
    page, dialog = panel.page, panel.page.get_by_role("dialog")
    panel.row(kept).focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="Install Packages…").wait_for()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
        if "Install Packages…" in page.locator(".lm-Menu-item.lm-mod-active").inner_text():
            break
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Packages from conda channels")).to_be_focused()
    # Nothing typed yet: Enter says what is missing instead of closing.
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Name at least one package.")

    page.keyboard.type("no-such-package")
    for _ in range(20):
        if _focused(dialog.get_by_role("button", name="Preview")):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible(timeout=LONG)
    # Tab goes round inside of the dialog, the folded details too.
    details = dialog.locator("summary")
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.closest('.jp-Dialog') !== null"))
        if details.count() and _focused(details):
            page.keyboard.press("Enter")
            expect(dialog.locator("details")).to_have_attribute("open", "")
            break
    assert all(seen)

    panel.dismiss()
    expect(panel.row(kept)).to_be_focused()


def _focused(element: Locator) -> bool:
    return bool(element.evaluate("element => element === document.activeElement"))


def _file_menu(panel: Panel, file: str, item: str) -> None:
    page = panel.page
    page.get_by_role("tab", name="File Browser").click()
    page.get_by_role("button", name="Refresh the file browser.").click()
    page.get_by_role("listitem", name=file).click(button="right")
    page.get_by_role("menuitem", name=item).click()


def _folder(lab: Lab, name: str) -> Path:
    return lab.disk / "envs/user_conda" / name


def _packages(lab: Lab, name: str) -> dict[str, str]:
    found = lab.get(f"environments/{name}/packages")["packages"]
    return {package["name"]: package["version"] for package in found}


def _operations(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.get("operations")["operations"]
    return found


def _eventually(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
