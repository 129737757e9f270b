"""Jobs in the panel, and terminals in their containers, on a local cloud."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocket, WebSocketRoute, expect

from tests.ui.axe import violations
from tests.ui.cloud import CloudLab, cloud_lab
from tests.ui.conftest import PATIENCE, OpenPanel, panels
from tests.ui.panel import Panel


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudLab]:
    """A JupyterLab beside a job ``mine`` of two tasks that a key of this home opens."""
    with cloud_lab(tmp_path_factory.mktemp("shell")) as found:
        found.lab.run("ssh.create_key", name="mine")
        submit(found, "mine", nodes=2)
        # The way into a job that has no SSH endpoint, as `demo-training`.
        kube = found.lab.home / ".kube"
        kube.mkdir()
        (kube / "config").symlink_to(found.cloud.inside.folder / "keys/developer.kubeconfig")
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

    def see_all(self, end: str) -> str:
        """Everything that is shown until this."""
        for _ in range(1200):
            at = self.shown.find(end)
            if at >= 0:
                text, self.shown = self.shown[:at], self.shown[at:]
                return text
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no {end!r} in {self.shown[-2000:]!r}")

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
    panel.menu("mine", "Log")
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


def test_an_editor_and_a_monitor(panel: Panel, terminal: Terminal, tmp_path: Path) -> None:
    """Escape, wide characters both ways, and the size that changed meanwhile."""
    text = tmp_path / "text"
    terminal.type(f"vi -u NONE {text}\n")
    terminal.see("text")
    terminal.type("i你好 wide")
    panel.page.keyboard.press("Escape")
    panel.page.set_viewport_size({"width": 1100, "height": 700})
    panel.page.wait_for_timeout(500)
    terminal.type(":r !stty size </dev/tty\n")
    terminal.see(r"\d\d \d\d")
    terminal.type(":wq\n")
    terminal.see(r"[$#] ")
    size = terminal.size()
    panel.page.set_viewport_size({"width": 1280, "height": 900})

    first, second = text.read_text().splitlines()
    assert first == "你好 wide"
    assert tuple(map(int, second.split())) == size
    terminal.type("htop\n")
    terminal.see("F10")
    panel.page.keyboard.press("F10")
    terminal.type("echo left-$?\n")
    terminal.see("left-0")


def test_much_output_arrives_whole(terminal: Terminal) -> None:
    """Several windows of the flow control."""
    terminal.type("stty -echo; seq 1 400000; stty echo; echo d''one\n")
    text = terminal.see_all("done")

    numbers = re.findall(r"(?<=[\r\n])\d+(?=\r\n)", text)
    assert [*map(int, numbers)] == [*range(1, 400001)]


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
    # who asks for a shell again gets one, in the same tab
    row(panel, "mine").get_by_role("button", name="Shell", exact=True).click()
    expect(terminal.banner).to_be_hidden()
    expect(panel.page.get_by_role("tab", name="worker-0 · mine")).to_have_count(1)
    terminal.see(r"[$#] ")


def test_from_the_palette_one_is_asked_for_the_job(panel: Panel, terminal: Terminal) -> None:
    """And gets a job without SSH over the cluster's exec, which the tab names."""
    page = panel.page
    page.keyboard.press("Control+Shift+C")
    page.locator("#modal-command-palette input").fill("cloud shell")
    page.locator('.lm-CommandPalette-item[data-command="modelarts-nb:open-shell"]:visible').click()
    choice = page.get_by_role("dialog")
    label = choice.locator("option", has_text="demo-training").inner_text()
    choice.get_by_role("combobox").select_option(label)
    choice.get_by_role("button", name="Ok").click()
    tab = page.get_by_role("tab", name="worker-0 · demo-training")
    terminal.see(r"[$#] ")

    expect(tab).to_have_attribute("title", re.compile("over exec"))
    page.keyboard.type("echo job-$(stty size)-$HOSTNAME\n")
    terminal.see(r"job-\d+ \d+-\S*worker-0")
    tab.locator(".lm-TabBar-tabCloseIcon").click()


def test_a_network_that_is_cut_in_the_middle_of_output_is_told(
    panel: Panel, terminal: Terminal, world: CloudLab
) -> None:
    page = panel.page
    world.cloud.fault("event", path="exec.cut")
    page.get_by_role("button", name="New Launcher").first.click()
    page.locator('.jp-Launcher:visible .jp-LauncherCard[title*="running job"]').click()
    choice = page.get_by_role("dialog")
    label = choice.locator("option", has_text="demo-training").inner_text()
    choice.get_by_role("combobox").select_option(label)
    choice.get_by_role("button", name="Ok").click()
    terminal.see(r"[$#] ")
    page.keyboard.type("seq 1 100000\n")

    banner = page.locator(".ma-Shell:visible .ma-ShellBanner:visible")
    expect(banner).to_contain_text("The connection was lost.")
    banner.get_by_role("button", name="Reconnect").click()
    expect(banner).to_have_count(0)
    page.keyboard.type("echo again-$((6*7))-$HOSTNAME\n")
    terminal.see(r"again-42-\S*worker-0")
    page.get_by_role("tab", name="worker-0 · demo-training").locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()


def test_a_browser_that_is_cut_off_comes_back_in_the_middle_of_output(
    world: CloudLab, browser: Browser
) -> None:
    """The server still holds the old connection, as it does when a laptop sleeps."""
    shown: list[str] = []
    sockets: list[WebSocketRoute] = []
    cut: set[WebSocketRoute] = set()

    def route(socket: WebSocketRoute) -> None:
        sockets.append(socket)

        def hear(message: str | bytes) -> None:
            if socket not in cut:
                socket.send(message)
                if isinstance(message, bytes):
                    shown.append(message.decode())

        socket.connect_to_server().on_message(hear)

    with browser.new_context() as context:
        page = context.new_page()
        # Before JupyterLab takes the class.
        page.route_web_socket(re.compile(r"/shells/.*channel"), route)
        page.set_default_timeout(PATIENCE)
        fresh = Panel(page, world.lab)
        fresh.go()
        fresh.menu("mine", "Shell in worker-1")
        wait_for(page, lambda: re.search(r"[$#] ", "".join(shown)))
        page.locator('.jp-Terminal[data-task="worker-1"] textarea').focus()
        page.keyboard.type("stty -echo; seq 1 200000; echo d''one\n")
        wait_for(page, lambda: len(shown) > 5)
        cut.add(sockets[0])
        sockets[0].close(code=3001)
        wait_for(page, lambda: "done" in "".join(shown))
        expect(page.locator(".ma-ShellBanner:visible")).to_have_count(0)

    assert len(sockets) == 2
    numbers = re.findall(r"(?<=[\r\n])\d+(?=\r\n)", "".join(shown))
    assert [*map(int, numbers)] == [*range(1, 200001)]


def wait_for(page: Page, true: Callable[[], object]) -> None:
    """The page goes on meanwhile."""
    for _ in range(1200):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it does not come true")


def test_the_details_say_what_happened(panel: Panel) -> None:
    panel.menu("mine", "Details")
    dialog = panel.page.get_by_role("dialog")

    expect(dialog).to_contain_text("demo-pool")
    expect(dialog).to_contain_text("worker-1")
    expect(dialog).to_contain_text("The training job is running.")
    assert violations(panel, ".jp-Dialog") == []
    panel.dismiss()


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

    panel.menu("mine", "Stop…")
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
