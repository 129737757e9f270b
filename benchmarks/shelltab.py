"""How fast a browser's tab draws what a container prints, beside JupyterLab's own terminal."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.ui.cloud import cloud_lab
from tests.ui.conftest import CHROMIUM, panels

# The terminal answers the question where its cursor is when it has come to it: then everything
# before it has been drawn.
_PROGRAM = """#!/bin/bash
began=$(date +%s%N)
seq 1 "$1"
printf '\\e[6n'
IFS= read -rsd R _
echo $(($(date +%s%N) - began)) > "$2.new"
mv "$2.new" "$2"
"""
_PATIENCE = 600.0


def drawn(megabytes: int, runs: int) -> Iterator[tuple[float, float]]:
    """MB/s in our tab and in JupyterLab's own terminal, in turn."""
    last, size = 0, 0
    while size < megabytes * 1_000_000:
        last += 1
        size += len(str(last)) + 1
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        program, took = folder / "program", folder / "took"
        program.write_text(_PROGRAM)
        program.chmod(0o755)
        line = shlex.join([str(program), str(last), str(took)]) + "\n"
        with cloud_lab(folder / "world") as world:
            world.lab.run("ssh.create_key", name="bench")
            world.lab.run(
                "job.submit",
                name="bench",
                command="sleep 3600",
                image="team/bench:1",
                pool="demo-pool",
                key_pairs=["bench"],
                wait=True,
            )
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            with panels(world.lab, browser) as go:
                panel = go()
                page = panel.page
                for _ in range(runs):
                    row = panel.root.locator('li[data-name="bench"]')
                    row.get_by_role("button", name="Shell", exact=True).click()
                    ours = _seconds(page, page.locator(".jp-Terminal[data-task]"), line, took)
                    page.get_by_role("button", name="New Launcher").first.click()
                    page.locator(".jp-LauncherCard:visible", has_text="Terminal").click()
                    stock = page.locator(".jp-Terminal:not([data-task])")
                    theirs = _seconds(page, stock, line, took)
                    yield size / ours / 1e6, size / theirs / 1e6
            browser.close()


def _seconds(page: Page, terminal: Locator, line: str, took: Path) -> float:
    """Type a line into a terminal that was just opened, and close it when the line has ended."""
    expect(terminal.locator("textarea")).to_be_attached()
    page.wait_for_timeout(2000)  # its shell has said that it is ready
    terminal.locator("textarea").focus()
    page.keyboard.type(line)
    end = time.monotonic() + _PATIENCE
    while not took.exists():
        if time.monotonic() > end:
            raise SystemExit(f"a tab has not drawn its output in {_PATIENCE:g} s")
        page.wait_for_timeout(100)
    seconds = int(took.read_text()) / 1e9
    took.unlink()
    page.locator(".jp-mod-current .lm-TabBar-tabCloseIcon").first.click()
    expect(terminal).to_have_count(0)
    return seconds
