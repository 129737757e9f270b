"""Sealed environments in the panel: from the first seal to the way back."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.integration.test_story import write_wheel
from tests.ui.axe import violations
from tests.ui.lab import Lab
from tests.ui.panel import Panel, run_code

THEMES = ["JupyterLab Light", "JupyterLab Dark"]


def says(panel: Panel, name: str, words: str) -> None:
    """Wait until the row of ``name`` says so."""
    expect(panel.row(name)).to_have_attribute("aria-label", re.compile(words))


def dialog(panel: Panel, button: str) -> Locator:
    """The button of the open dialog."""
    return panel.page.get_by_role("dialog").get_by_role("button", name=button, exact=True)


@pytest.fixture(scope="module")
def sealed(lab: Lab, small_env: Path) -> str:
    """The name of a sealed environment that tests only look at: two versions, unsaved work."""
    name = "in-versions"
    lab.run("env.clone", source=str(small_env), name=name)
    lab.run("env.seal", name=name, why="first")
    packages = Path(lab.run("env.fill", name=name)["result"]["prefix"]) / "lib/python3.11"
    (packages / "site-packages/one.py").write_text("ONE = 1\n")
    lab.run("env.save", name=name, why="with one")
    (packages / "site-packages/two.py").write_text("TWO = 2\n")
    return name


def test_an_environment_is_sealed_changed_saved_and_gone_back(
    panel: Panel, lab: Lab, image_env: Path, tmp_path: Path
) -> None:
    name, page = "whole-story", panel.page
    lab.run("env.clone", source=str(image_env), name=name)
    panel.root.get_by_role("button", name="Refresh").click()
    says(panel, name, "kernel ready")

    # when: it is sealed, by who was told what that means
    panel.menu(name, "Seal Environment…")
    expect(page.get_by_role("dialog")).to_contain_text("one file on the persistent disk")
    page.get_by_label("What this version is (optional)").fill("as it came")
    dialog(panel, "Seal").click()
    says(panel, name, "sealed v1, not on the local disk yet")

    # then: its kernel waits for the local copy, and says so
    panel.row(name).hover()
    panel.row(name).get_by_role("button", name="Notebook").click()
    expect(panel.activity(f"Copying {name} to the local disk")).to_be_visible()
    expect(panel.notification(f"Copying {name} to the local disk")).to_be_visible()

    # when: pip brings something in the kernel
    write_wheel(tmp_path / "wheel")
    wheel = next((tmp_path / "wheel").iterdir())
    said = run_code(page, f"%pip install --no-index --quiet --disable-pip-version-check {wheel}")
    expect(said).to_contain_text("restart the kernel", timeout=60_000)

    # then: the panel tells at once that it is unsaved, and saves it with what changed in sight
    says(panel, name, "unsaved changes")
    panel.row(name).get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("row", name="greeting")).to_be_visible()
    page.get_by_label("Why (optional)").fill("with greeting")
    dialog(panel, "Save").click()
    says(panel, name, "sealed v2, kernel ready")

    # when: it goes back
    panel.menu(name, "Versions…")
    page.get_by_role("radio", name="1").check()
    dialog(panel, "Go Back to It").click()

    # then: that is a new version without it, chosen for the next kernel
    says(panel, name, "sealed v3, kernel ready")
    [newest, *_] = lab.get(f"environments/{name}/versions")["versions"]
    assert (newest["number"], newest["why"], newest["chosen"]) == (3, "back to version 1", True)
    assert lab.get(f"environments/{name}/diff?a=1&b=3")["packages"] == []

    # and: undo brings it again, and is offered where it is told
    panel.notification(f"Going back to version 1 of {name}: done").get_by_role(
        "button", name="Undo"
    ).click()
    expect(page.get_by_role("dialog")).to_contain_text("version 2: with greeting")
    dialog(panel, "Undo").click()
    says(panel, name, "sealed v4, kernel ready")


def test_a_clone_of_a_sealed_one_is_made_at_once(same_panel: Panel, sealed: str) -> None:
    panel = same_panel
    panel.menu(sealed, "Clone Environment…")
    expect(panel.page.get_by_role("dialog")).to_contain_text("Made at once")
    panel.page.get_by_label("Name", exact=True).fill("twin")
    dialog(panel, "Clone").click()
    says(panel, "twin", "sealed v1, not on the local disk yet")


def test_versions_are_looked_at_cloned_opened_and_sealed(
    same_panel: Panel, lab: Lab, sealed: str
) -> None:
    panel, page, name = same_panel, same_panel.page, "to-and-fro"
    # given: unsaved work in a clone
    lab.run("env.clone", source=sealed, name=name)
    mine = Path(lab.run("env.fill", name=name)["result"]["prefix"])
    (mine / "lib/python3.11/site-packages/mine.py").write_text("MINE = 1\n")
    panel.root.get_by_role("button", name="Refresh").click()
    says(panel, name, "sealed v1, unsaved changes")

    # when: it is compared with its version, and that is cloned
    panel.menu(name, "Versions…")
    box = page.get_by_role("dialog")
    box.get_by_role("radio").check()
    expect(box.get_by_label("After")).to_have_value("unsaved")
    expect(box).to_contain_text("added: 1 file")
    dialog(panel, "Clone version 1…").click()
    page.get_by_label("Name", exact=True).fill("of-the-first")
    dialog(panel, "Clone").click()
    says(panel, "of-the-first", "sealed v1")

    # then: opened it is a folder with the unsaved work, which was saved before
    panel.menu(name, "Open Again…")
    dialog(panel, "Open").click()
    expect(panel.row(name)).not_to_have_attribute("aria-label", re.compile("sealed"))
    tree = lab.disk / "envs/user_conda" / name
    assert (tree / "lib/python3.11/site-packages/mine.py").exists()
    assert len(lab.get(f"environments/{name}/versions")["versions"]) == 2

    # and: it is sealed again
    panel.menu(name, "Seal Environment…")
    dialog(panel, "Seal").click()
    says(panel, name, "sealed v3")


def test_images_that_nobody_needs_are_deleted(same_panel: Panel, lab: Lab, sealed: str) -> None:
    panel, images = same_panel, lab.disk / "envs/images"
    needed = set(images.iterdir())
    image = images / f"{'0' * 64}.tar.zst"
    image.write_bytes(b"of nobody")
    os.utime(image, (0, 0))  # nobody is about to name what is older than an hour

    panel.root.get_by_role("button", name="More", exact=True).click()
    panel.page.get_by_role("menuitem", name="Free Unneeded Images…").click()
    expect(panel.page.get_by_role("dialog")).to_contain_text("9 B can be freed: 1 image")
    dialog(panel, "Delete Them").click()

    expect(panel.activity("Freeing images that nobody needs")).to_contain_text("done")
    assert set(images.iterdir()) == needed


def test_what_was_shared_is_cloned(same_panel: Panel, lab: Lab, sealed: str) -> None:
    panel = same_panel
    # given: the disk of a team mate, which happens to be one's own under another path
    shared = lab.home / "team"
    (shared / "envs").mkdir(parents=True)
    for folder in ("sealed", "images"):
        (shared / "envs" / folder).symlink_to(lab.disk / "envs" / folder)

    panel.root.get_by_role("button", name="More", exact=True).click()
    panel.page.get_by_role("menuitem", name="Shared Environments…").click()
    panel.page.get_by_label("Another folder").fill(str(shared))
    dialog(panel, "Add Folder").click()
    dialog(panel, f"Clone {sealed}").click()
    panel.page.get_by_label("Name", exact=True).fill("from-team")
    dialog(panel, "Clone").click()

    says(panel, "from-team", "sealed v1")

    # and: the folder is let go of again
    panel.root.get_by_role("button", name="More", exact=True).click()
    panel.page.get_by_role("menuitem", name="Shared Environments…").click()
    panel.page.get_by_role("dialog").get_by_role("button", name="Let go of team").click()
    expect(panel.page.get_by_role("dialog")).to_contain_text("No folder was added yet.")
    assert lab.get("sources")["sources"] == []


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_of_it_has_violations(
    open_panel: Callable[..., Panel], sealed: str, theme: str
) -> None:
    panel = open_panel(theme=theme)
    says(panel, sealed, "unsaved changes")
    found = [f"panel: {line}" for line in violations(panel, ".ma-Panel")]
    shown = {
        "Save as a Version…": "added: 1 file",
        "Versions…": "with one",
        "Undo the Last Change…": "becomes version 2 again",
        "Open Again…": "becomes a folder",
        "Details…": "On the local disk",
    }
    for item, words in shown.items():
        panel.menu(sealed, item)
        box = panel.page.get_by_role("dialog")
        expect(box).to_contain_text(words)
        if item == "Versions…":
            box.get_by_role("radio").last.check()
        found += [f"{item}: {line}" for line in violations(panel, ".jp-Dialog")]
        panel.dismiss()
    panel.root.get_by_role("button", name="Bin", exact=False).first.click()
    panel.root.get_by_role("button", name="Free images…").click()
    expect(panel.page.get_by_role("dialog")).to_contain_text("stay")
    found += [f"images: {line}" for line in violations(panel, ".jp-Dialog")]
    panel.dismiss()
    assert found == []


def test_it_speaks_chinese(open_panel: Callable[..., Panel], sealed: str) -> None:
    panel = open_panel(language="zh_CN")
    says(panel, sealed, "已封存 v2, 未保存的更改")
    panel.row(sealed).click(button="right")
    panel.page.get_by_role("menuitem", name="版本…", exact=True).click()
    expect(panel.page.get_by_role("dialog")).to_contain_text(f"{sealed} 的版本")
    panel.dismiss()
