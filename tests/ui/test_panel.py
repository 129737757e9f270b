"""The panel's daily use."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.ui.lab import Lab
from tests.ui.panel import Panel, run_code


def test_the_panel_opens_and_lists(same_panel: Panel, kept: str) -> None:
    row = same_panel.row(kept)
    expect(row).to_have_attribute("aria-label", re.compile(r"kept, Python 3\.11\.\d+, .* MB, "))
    expect(row).to_have_attribute("aria-label", re.compile("kernel ready"))


def test_an_environment_of_the_image_is_kept_by_one_click(
    same_panel: Panel, lab: Lab, held: Callable[[], None]
) -> None:
    same_panel.row("small").hover()
    same_panel.row("small").get_by_role("button", name="Keep on disk").click()

    item = same_panel.activity("Keeping small as small")
    expect(item.get_by_role("progressbar")).to_be_visible()
    expect(item).to_contain_text(re.compile(r"[\d,]+ of [\d,]+ files"))
    held()
    expect(item).to_contain_text("done · just now", timeout=60_000)
    expect(same_panel.root.locator('li[data-name="small"]')).to_have_count(2)
    assert (lab.disk / "envs/user_conda/small/conda-meta").is_dir()


def test_cancel_leaves_nothing_behind(
    same_panel: Panel, lab: Lab, held: Callable[[], None]
) -> None:
    source = next(e["prefix"] for e in _environments(lab) if e["name"] == "PyTorch-1.8")
    lab.start_operation("env.clone", source=source, name="cancelled-one")
    item = same_panel.activity("as cancelled-one")
    item.get_by_role("button", name="Cancel: ").click()
    held()

    expect(item).to_contain_text("cancelled ·")
    assert not (lab.disk / "envs/user_conda/cancelled-one").exists()
    assert list((lab.disk / "envs/.modelarts_nb/staging").iterdir()) == []


def test_remove_can_be_undone(same_panel: Panel, lab: Lab) -> None:
    source = next(e["prefix"] for e in _environments(lab) if e["name"] == "small")
    lab.run("env.clone", source=source, name="undoable")
    expect(same_panel.row("undoable")).to_be_visible()

    same_panel.menu("undoable", "Remove Environment")
    expect(same_panel.row("undoable")).to_have_count(0)
    same_panel.notification("Removing undoable").get_by_role("button", name="Undo").click()

    expect(same_panel.row("undoable")).to_be_visible()
    assert (lab.disk / "envs/user_conda/undoable/bin/python").exists()


def test_a_notebook_runs_in_the_environment(panel: Panel, lab: Lab, kept: str) -> None:
    panel.row(kept).hover()
    panel.row(kept).get_by_role("button", name="Notebook").click()

    output = run_code(panel.page, "import sys; print(sys.prefix)")
    expect(output).to_have_text(str(lab.disk / "envs/user_conda" / kept), timeout=60_000)


@pytest.fixture
def unregistered(lab: Lab, kept: str) -> Iterator[str]:
    """The environment ``kept`` without its kernel."""
    lab.run("env.unregister", name=kept)
    yield kept
    lab.run("env.register", name=kept)


def test_a_missing_kernel_is_offered_for_restore(panel: Panel, lab: Lab, unregistered: str) -> None:
    spec = {"name": f"ma-{unregistered}", "display_name": unregistered, "language": "python"}
    notebook = {"cells": [], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    (lab.notebooks / "old.ipynb").write_text(json.dumps(notebook))
    page = panel.page

    page.goto(f"http://127.0.0.1:{lab.port}/lab/tree/old.ipynb?reset")
    # JupyterLab asks for a kernel by itself; that question is not ours.
    page.get_by_role("dialog").get_by_role("button", name="No Kernel").click()
    note = panel.notification("old.ipynb ran in kept, whose kernel is missing.")
    note.get_by_role("button", name="Restore it").click()

    expect(page.get_by_role("button", name=f"{unregistered} | Idle")).to_be_visible()


def test_a_wrong_name_is_said_while_typing(same_panel: Panel, kept: str) -> None:
    same_panel.root.get_by_role("button", name="New environment").click()
    dialog = same_panel.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("KEPT")
    expect(dialog).to_contain_text("There is an environment kept already.")
    expect(dialog.get_by_role("button", name="Create")).to_be_disabled()


def test_a_refused_dialog_keeps_what_was_typed(same_panel: Panel, kept: str) -> None:
    """The server goes away between opening the dialog and sending it."""
    same_panel.root.get_by_role("button", name="New environment").click()
    dialog = same_panel.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("typed-with-care")
    same_panel.page.route("**/modelarts-nb/api/operations*", lambda route: route.abort())

    dialog.get_by_role("button", name="Create").click()

    expect(dialog.get_by_role("alert")).to_contain_text("The Jupyter server does not answer.")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("typed-with-care")


def test_everything_is_reached_by_keyboard(same_panel: Panel, kept: str) -> None:
    same_panel.root.locator("li.ma-Row").first.focus()
    page = same_panel.page
    page.keyboard.press("/")
    page.keyboard.type(kept)
    page.keyboard.press("ArrowDown")
    expect(same_panel.row(kept)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(same_panel.row(kept).get_by_role("button", name="Notebook")).to_be_focused()
    page.keyboard.press("Escape")
    expect(same_panel.root.get_by_role("searchbox")).to_have_count(0)
    expect(same_panel.root.locator("li.ma-Row:focus")).to_have_count(1)


def test_the_panel_speaks_chinese(open_panel: Callable[..., Panel], kept: str) -> None:
    panel = open_panel(language="zh_CN")
    expect(panel.root.get_by_role("button", name=re.compile("^环境"))).to_be_visible()
    expect(panel.row(kept)).to_have_attribute("aria-label", re.compile("Python 3"))
    expect(panel.root).to_contain_text("镜像自带，重启后丢失")


def _environments(lab: Lab) -> list[dict[str, str]]:
    found: list[dict[str, str]] = lab.get("environments")["environments"]
    return found


def test_a_file_of_packages_offers_to_make_an_environment(same_panel: Panel, lab: Lab) -> None:
    (lab.notebooks / "environment.yml").write_text("dependencies: [python=3.11]\n")
    page = same_panel.page
    page.get_by_role("tab", name="File Browser").click()
    page.get_by_role("button", name="Refresh the file browser.").click()
    page.get_by_role("listitem", name="environment.yml").click(button="right")
    page.get_by_role("menuitem", name="New Environment from This File…").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("File", exact=True)).to_have_value("environment.yml")


def test_the_last_view_is_shown_before_the_server_answers(panel: Panel, kept: str) -> None:
    expect(panel.row(kept)).to_be_visible()
    page = panel.page
    # JupyterLab keeps all state with some delay: the view, and that the panel is open.
    end = time.monotonic() + 60
    while not _is_kept(panel, kept):
        assert time.monotonic() < end, panel.lab.saved(panel.workspace)
        page.wait_for_timeout(100)
    page.route("**/modelarts-nb/api/**", lambda route: None)

    # Without "reset", which would forget the state too.
    page.goto(panel.lab.url(panel.workspace))

    expect(panel.root).to_be_visible()
    expect(panel.row(kept)).to_be_visible()


def _is_kept(panel: Panel, name: str) -> bool:
    saved = panel.lab.saved(panel.workspace)
    view = saved.get("modelarts_nb:view", {}).get("environments") or []
    left = saved.get("layout-restorer:data", {}).get("left", {})
    return left.get("current") == "modelarts-nb-panel" and name in [e["name"] for e in view]


def test_many_environments_scroll_without_jank(panel: Panel, kept: str) -> None:
    [one] = [e for e in _environments(panel.lab) if e["name"] == kept]
    many = [{**one, "name": f"env-{i}", "prefix": f"/many/env-{i}"} for i in range(500)]
    panel.page.route(
        "**/modelarts-nb/api/environments*",
        lambda route: route.fulfill(json={"environments": many}),
    )
    panel.root.get_by_role("button", name="Refresh").click()
    expect(panel.row("env-499")).to_be_attached()

    frames = panel.page.evaluate(
        """async () => {
          const panel = document.querySelector('.ma-Panel');
          const frames = [];
          let last = performance.now();
          for (let step = 0; step < 100; step++) {
            panel.scrollTop += 200;
            await new Promise(requestAnimationFrame);
            frames.push(performance.now() - last);
            last = performance.now();
          }
          return frames;
        }"""
    )
    # Half of all frames in time even on a busy machine; jank would be hundreds of milliseconds.
    assert sorted(frames)[len(frames) // 2] < 50
