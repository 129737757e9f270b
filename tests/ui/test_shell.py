"""Jobs in the panel, and terminals in their containers, on a local cloud."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from tests.ui.axe import violations
from tests.ui.cloud import CloudLab, cloud_lab
from tests.ui.conftest import OpenPanel, panels
from tests.ui.panel import Panel


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudLab]:
    """A JupyterLab beside a job ``mine`` of two tasks that a key of this home opens."""
    with cloud_lab(tmp_path_factory.mktemp("shell")) as found:
        found.lab.run("ssh.create_key", name="mine")
        submit(found, "mine", nodes=2)
        yield found


def submit(world: CloudLab, name: str, **more: Any) -> None:
    """A job that runs."""
    world.lab.run(
        "job.submit",
        name=name,
        command="for i in 1 2 3; do echo epoch $i; done; sleep 600",
        image="team/torch:2",
        pool="demo-pool",
        key_pairs=["mine"],
        wait=True,
        **more,
    )


@pytest.fixture(scope="module")
def open_lab(world: CloudLab, browser: Browser) -> Iterator[OpenPanel]:
    with panels(world.lab, browser) as go:
        yield go


@pytest.fixture(scope="module")
def panel(open_lab: OpenPanel) -> Panel:
    return open_lab()


class Terminal:
    """A shell's tab, and what goes over its channel (xterm draws on a canvas)."""

    def __init__(self, page: Page, task: str) -> None:
        self.page = page
        self.root = page.locator(f'.jp-Terminal[data-task="{task}"]')
        self.banner = page.locator(".ma-Shell:not(.lm-mod-hidden) .ma-ShellBanner")
        self.shown = ""
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        if "/shells/" in socket.url:
            socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes):
            self.shown += payload.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        """Press these keys in it."""
        self.root.locator("textarea").focus()
        self.page.keyboard.type(text)

    def see(self, pattern: str) -> str:
        """Wait until this is shown; what is shown before it is forgotten."""
        for _ in range(600):
            if found := re.search(pattern, self.shown):
                self.shown = self.shown[found.end() :]
                return found[0]
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no {pattern!r} in {self.shown[-2000:]!r}")

    def size(self) -> tuple[int, int]:
        """Rows and columns that the container believes in."""
        self.type("echo =$(stty size)=\n")
        rows, columns = self.see(r"=\d+ \d+=").strip("=").split()
        return int(rows), int(columns)


@pytest.fixture(scope="module")
def terminal(panel: Panel) -> Terminal:
    """In the first task of the job, opened from the panel."""
    terminal = Terminal(panel.page, "worker-0")
    row(panel, "mine").get_by_role("button", name="Shell", exact=True).click()
    expect(terminal.root.locator("textarea")).to_be_attached()
    terminal.see(r"[$#] ")
    return terminal


def jobs(panel: Panel) -> Locator:
    return panel.root.get_by_role("region", name="Jobs")


def row(panel: Panel, name: str) -> Locator:
    return jobs(panel).locator(f'li[data-name="{name}"]')


def test_jobs_are_listed_and_accessible(panel: Panel) -> None:
    expect(row(panel, "mine")).to_contain_text("running · 2 tasks · demo-pool")
    assert violations(panel, "#ma-jobs") == []


def test_the_log_is_shown_by_task_and_grows(panel: Panel) -> None:
    panel.menu("mine", "Log of a Job…")
    dialog = panel.page.get_by_role("dialog")

    expect(dialog.get_by_role("log")).to_contain_text("epoch 3")
    dialog.get_by_label("Task").select_option("worker-1")
    expect(dialog.get_by_role("log", name="Log of worker-1")).to_contain_text("epoch 3")
    expect(dialog.get_by_label("Follow")).to_be_checked()
    panel.dismiss()


def test_a_terminal_of_the_right_size_opens_from_the_panel(
    panel: Panel, terminal: Terminal
) -> None:
    first = terminal.size()
    panel.page.set_viewport_size({"width": 1100, "height": 700})
    panel.page.wait_for_timeout(500)
    second = terminal.size()
    panel.page.set_viewport_size({"width": 1280, "height": 900})
    panel.page.wait_for_timeout(500)

    assert first[0] > 30
    assert first[1] > 80
    assert second[0] < first[0]
    assert second[1] < first[1]
    assert terminal.size() == first
    tab = panel.page.get_by_role("tab", name="worker-0 · mine")
    expect(tab).to_be_visible()
    # and a second time it is the same one
    row(panel, "mine").get_by_role("button", name="Shell", exact=True).click()
    expect(tab).to_have_count(1)


def test_a_full_screen_program_and_ctrl_c(panel: Panel, terminal: Terminal) -> None:
    rows, _ = terminal.size()
    terminal.type("seq 1 5000 | sed 's/$/ 中文/' | less\n")
    terminal.see(rf"{rows - 1} 中文")
    if picture := os.environ.get("SHELL_PICTURE"):
        panel.page.wait_for_timeout(500)
        panel.page.screenshot(path=picture)
    terminal.type("G")
    terminal.see("5000 中文")
    terminal.type("q")
    terminal.type("sleep 600\n")
    panel.page.wait_for_timeout(300)
    panel.page.keyboard.press("Control+c")
    terminal.type("echo code $?\n")

    terminal.see("code 130")


def test_a_page_that_is_loaded_again_finds_its_terminal(panel: Panel, terminal: Terminal) -> None:
    terminal.type("KEPT=still; clear; echo before-$KEPT\n")
    terminal.see("before-still")
    panel.page.wait_for_timeout(1500)  # JupyterLab saves its layout now and then

    panel.page.goto(panel.lab.url(panel.workspace))
    terminal.see("before-still")
    terminal.type("echo again-$KEPT\n")

    terminal.see("again-still")
    expect(panel.root).to_be_visible()


def test_a_connection_that_is_cut_offers_to_reconnect(
    panel: Panel, terminal: Terminal, world: CloudLab
) -> None:
    hang_up(world)

    expect(terminal.banner).to_contain_text("The connection was lost.")
    terminal.type("echo typed into the void\n")
    terminal.banner.get_by_role("button", name="Reconnect").click()
    expect(terminal.banner).to_be_hidden()
    terminal.type("echo new-$KEPT-shell\n")

    terminal.see("new--shell")
    assert "void" not in terminal.shown


def test_the_exit_code_is_shown(panel: Panel, terminal: Terminal) -> None:
    terminal.type("exit 7\n")

    expect(terminal.banner).to_contain_text("The shell has ended with exit code 7.")
    expect(terminal.banner.get_by_role("button", name="New shell")).to_be_visible()
    assert violations(panel, ".ma-ShellBanner") == []


def test_what_is_refused_is_told_in_words_and_a_stopped_job_is_the_reason(
    panel: Panel, world: CloudLab
) -> None:
    panel.page.get_by_role("tab", name="worker-0 · mine").locator(".lm-TabBar-tabCloseIcon").click()
    spoke: set[str] = set()

    def listen(socket: WebSocket) -> None:
        def hear(payload: str | bytes) -> None:
            if isinstance(payload, bytes):
                spoke.add(socket.url)

        socket.on("framereceived", hear)

    panel.page.on("websocket", listen)
    panel.menu("mine", "Shells in All Tasks")
    for task in ("worker-0", "worker-1"):
        expect(panel.page.get_by_role("tab", name=f"{task} · mine")).to_be_visible()
    both = panel.page.locator(".ma-Shell:not(.lm-mod-hidden)")
    expect(both).to_have_count(2)
    for _ in range(600):
        if len(spoke) == 2:  # both are open: a job that ends before is another story
            break
        panel.page.wait_for_timeout(50)
    expect(panel.page.locator(".ma-ShellBanner:not(.lm-mod-hidden)")).to_have_count(0)

    panel.menu("mine", "Stop a Job…")
    panel.page.get_by_role("dialog").get_by_role("button", name="Stop").click()

    banners = panel.page.locator(".ma-Shell:not(.lm-mod-hidden) .ma-ShellBanner")
    for number in range(2):
        expect(banners.nth(number)).to_contain_text("its containers are gone")
    banners.first.get_by_role("button", name="Reconnect").click()
    expect(banners.first).to_contain_text("A shell needs a running job")
    expect(row(panel, "mine")).to_contain_text("stopped")


def hang_up(world: CloudLab) -> None:
    """End the browser's shells on the server, as a failure there would."""
    [pid] = [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit() and _is_shell_of(int(name), world)
    ]
    os.kill(pid, 9)


def _is_shell_of(pid: int, world: CloudLab) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"shellworker" in command and str(world.lab.home).encode() in file.read()
    except OSError:
        return False
