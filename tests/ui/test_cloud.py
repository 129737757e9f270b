"""The cloud's sections of the panel, on a local cloud."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Request, expect

from modelarts_nb.localcloud.modelarts.lifecycle import milliseconds
from modelarts_nb.localcloud.modelarts.notebooks import find, save
from tests.ui.axe import violations
from tests.ui.cloud import CloudLab, cloud_lab
from tests.ui.conftest import OpenPanel, panels
from tests.ui.lab import Lab
from tests.ui.panel import Panel

PASSPHRASE = "correct horse battery"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"

# Has a kernel sleep; done when it says that it is busy with that.
SLEEP = """([kernel, token]) => new Promise(done => {
  const url = `ws://${location.host}/api/kernels/${kernel}/channels?token=${token}`;
  const socket = new WebSocket(url);
  const header = {msg_id: 'sleep', msg_type: 'execute_request', session: 'test',
                  username: '', date: new Date().toISOString(), version: '5.3'};
  const content = {code: 'import time; time.sleep(600)', silent: false,
                   store_history: false, user_expressions: {}, allow_stdin: false};
  const message = {header, content, parent_header: {}, metadata: {}, channel: 'shell'};
  socket.onopen = () => socket.send(JSON.stringify(message));
  socket.onmessage = ({data}) => {
    const {parent_header, content} = JSON.parse(data);
    if (parent_header.msg_id === 'sleep' && content.execution_state === 'busy') {
      done();
    }
  };
})"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudLab]:
    """A JupyterLab in the developer's running notebook, which has another one that is stopped."""
    with cloud_lab(tmp_path_factory.mktemp("cloud")) as found:
        found.add_notebook("training")
        yield found


@pytest.fixture(scope="module")
def open_cloud(world: CloudLab, browser: Browser) -> Iterator[OpenPanel]:
    with panels(world.lab, browser) as go:
        yield go


@pytest.fixture(scope="module")
def one_cloud(open_cloud: OpenPanel) -> Panel:
    panel = open_cloud()
    panel.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name in ("Storage", "SSH"):
        panel.root.get_by_role("button", name=name, exact=False).first.click()
    return panel


@pytest.fixture
def panel(one_cloud: Panel, world: CloudLab) -> Iterator[Panel]:
    """The panel with its sections unfolded, on one page for all tests."""
    yield one_cloud
    world.cloud.operate("DELETE", "/_local/faults")
    if one_cloud.page.get_by_role("dialog").count():
        one_cloud.dismiss()


@pytest.fixture
def dialog(panel: Panel) -> Locator:
    return panel.page.get_by_role("dialog")


@pytest.fixture
def sent(panel: Panel) -> Iterator[list[Request]]:
    """What the page sends while the test runs."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    panel.page.on("request", note)
    yield requests
    panel.page.remove_listener("request", note)


@pytest.fixture
def busy_kernel(panel: Panel, world: CloudLab) -> Iterator[None]:
    """A kernel that works as long as the test runs."""
    kernel = world.lab.jupyter("kernels", {"name": "python3"})["id"]
    panel.page.evaluate(SLEEP, [kernel, world.lab.token])
    yield
    world.lab.jupyter(f"kernels/{kernel}", method="DELETE")


@pytest.fixture(scope="module")
def public_key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """As a laptop has one."""
    file = tmp_path_factory.mktemp("laptop") / "id_rsa"
    command = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "me@laptop"]
    subprocess.run([*command, "-f", str(file)], check=True)
    return file.with_name("id_rsa.pub").read_text()


def test_this_notebook_and_its_lease_are_seen_and_extended(
    panel: Panel, dialog: Locator, world: CloudLab
) -> None:
    mine = panel.root.get_by_role("region", name="Notebook")
    expect(mine).to_contain_text("demo")
    expect(mine).to_contain_text("running")
    expect(mine).to_contain_text("Of the local cloud on this machine, not the real one.")
    timer = mine.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^2[34] h( \d+ min)? left$"))

    mine.get_by_role("button", name="Keep alive…").click()
    hours = dialog.get_by_label("Hours from now on")
    hours.fill("100")
    expect(dialog).to_contain_text("From 1 to 72 hours.")
    expect(dialog.get_by_role("button", name="Keep alive")).to_be_disabled()
    hours.fill("48")
    expect(dialog).to_contain_text("Until ")
    dialog.get_by_label("Shortly before it runs out").select_option("auto")
    dialog.get_by_role("button", name="Keep alive").click()

    expect(panel.activity("Keeping this notebook alive for 48 h")).to_contain_text("done")
    expect(timer).to_have_text(re.compile(r"^4[78] h( \d+ min)? left$"))
    assert world.lease() > 47 * 3600
    settings = world.lab.home / ".jupyter/lab/user-settings/modelarts_nb"
    kept = settings / "lease.jupyterlab-settings"
    _eventually(lambda: kept.exists() and '"keepAlive": "auto"' in kept.read_text())


def test_before_the_lease_runs_out_it_is_asked(panel: Panel, world: CloudLab) -> None:
    """Also where it may be extended by itself: no kernel is busy."""
    _lease_ends_in(world, 600)
    panel.root.get_by_role("button", name="Refresh").click()
    warning = panel.notification("This notebook stops by itself in")
    expect(panel.root.get_by_role("timer")).to_have_text(re.compile(r"^(10|9):\d\d left$"))

    warning.get_by_role("button", name="Extend 1 h").click()

    expect(panel.activity("Keeping this notebook alive for 1 h")).to_contain_text("done")
    expect(warning).to_have_count(0)
    assert 3500 < world.lease() <= 3600
    _lease_ends_in(world, 86_400)


def test_while_a_kernel_is_busy_the_lease_is_extended_by_itself(
    panel: Panel, dialog: Locator, world: CloudLab, busy_kernel: None
) -> None:
    panel.root.get_by_role("button", name="Keep alive…").click()
    dialog.get_by_label("Hours from now on").fill("36")
    dialog.get_by_label("Shortly before it runs out").select_option("auto")
    dialog.get_by_role("button", name="Keep alive").click()
    expect(panel.activity("Keeping this notebook alive for 36 h")).to_contain_text("done")
    # Else JupyterLab looks every ten seconds what kernels do.
    page = panel.page
    page.get_by_role("tab", name="Running Terminals and Kernels").click()
    page.get_by_role("button", name="Refresh List").click()
    page.get_by_role("tab", name="ModelArts NB").click()

    _lease_ends_in(world, 600)
    panel.root.get_by_role("button", name="Refresh").click()
    expect(panel.notification("A kernel is busy, so this notebook was extended")).to_be_visible()
    assert world.lease() > 3500
    _lease_ends_in(world, 86_400)


def test_another_notebook_is_started_and_stopped_by_keyboard(
    panel: Panel, dialog: Locator, world: CloudLab
) -> None:
    page = panel.page
    panel.row("training").focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Hours from now on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(panel.row("training")).to_contain_text("running")

    panel.row("training").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("What runs in it ends.")
    dialog.get_by_role("button", name="Stop").click()
    expect(panel.row("training")).to_contain_text("stopped")
    assert world.lab.get("notebooks/training")["status"] == "STOPPED"


def test_stopping_this_very_notebook_says_what_is_lost(panel: Panel, dialog: Locator) -> None:
    _menu(panel, "More for demo", "Stop Notebook…")
    expect(dialog).to_contain_text("This is the notebook you are in")
    expect(dialog).to_contain_text("The restart hook is not registered")


def test_storage_is_mounted_and_unmounted(panel: Panel, dialog: Locator, world: CloudLab) -> None:
    panel.root.get_by_role("button", name="Mount storage").click()
    dialog.get_by_label("Source").fill("obs://demo-bucket/datasets/")
    path = dialog.get_by_label("Path in the notebook")
    expect(path).to_have_value("/data/datasets")
    path.fill("/home/elsewhere")
    expect(dialog).to_contain_text("The path is a folder below /data")
    expect(dialog.get_by_role("button", name="Mount")).to_be_disabled()
    path.fill("/data/demo-bucket")
    expect(dialog).to_contain_text("/data/demo-bucket is in use by obs://demo-bucket/.")
    path.fill("/data/numbers")
    dialog.get_by_role("button", name="Mount").click()

    row = panel.row("/data/numbers")
    expect(row).to_have_attribute("aria-label", re.compile("mounted"))
    assert world.storages()["/data/numbers"]["uri"] == "obs://demo-bucket/datasets/"

    row.hover()
    row.get_by_role("button", name="Unmount…").click()
    expect(dialog).to_contain_text("What is in it stays where it is")
    dialog.get_by_role("button", name="Unmount").click()
    expect(row).to_have_count(0)
    assert "/data/numbers" not in world.storages()


def test_a_mount_that_fails_says_why_and_is_tried_again_with_what_was_typed(
    panel: Panel, dialog: Locator, world: CloudLab
) -> None:
    world.cloud.fault("event", path="storage.mount", body="the moon is full")
    panel.root.get_by_role("button", name="Mount storage").click()
    dialog.get_by_label("Source").fill("obs://demo-bucket/")
    dialog.get_by_label("Path in the notebook").fill("/data/again")
    dialog.get_by_role("button", name="Mount").click()

    failed = panel.activity("Mounting obs://demo-bucket/ at /data/again")
    expect(failed.get_by_role("alert")).to_contain_text("the moon is full")
    panel.notification("the moon is full").get_by_role("button", name="Try again…").click()
    expect(dialog.get_by_label("Source")).to_have_value("obs://demo-bucket/")
    expect(dialog.get_by_label("Path in the notebook")).to_have_value("/data/again")


def test_a_folder_of_a_share_is_made_and_mounted(
    panel: Panel, dialog: Locator, world: CloudLab
) -> None:
    _menu(panel, "More for storage", "New Folder on a Share…")
    dialog.get_by_label("Folder").fill("/fresh")
    dialog.get_by_role("button", name="Create").click()
    expect(panel.activity("Making the folder /fresh")).to_contain_text("done")

    panel.root.get_by_role("button", name="Mount storage").click()
    dialog.get_by_label("What").select_option("EFS")
    expect(dialog.get_by_label("Share")).to_contain_text("team-share")
    dialog.get_by_label("Folder").select_option(label="Another folder")
    dialog.get_by_label("Path in the share").fill("/fresh")
    expect(dialog.get_by_label("Path in the notebook")).to_have_value("/data/fresh")
    dialog.get_by_role("button", name="Mount").click()
    expect(panel.row("/data/fresh")).to_have_attribute("aria-label", re.compile("mounted, EFS"))
    assert world.storages()["/data/fresh"]["category"] == "EFS"


def test_a_private_key_never_leaves_the_browser(
    panel: Panel, dialog: Locator, sent: list[Request]
) -> None:
    panel.root.get_by_role("button", name="Set up…").click()
    dialog.get_by_label("The laptop’s public key").fill(PRIVATE)
    expect(dialog).to_contain_text("That was a private key. It was not sent anywhere")
    expect(dialog.get_by_label("The laptop’s public key")).to_have_value("")
    expect(dialog.get_by_role("button", name="Set up", exact=True)).to_be_disabled()
    assert not [r for r in sent if r.method != "GET" and "b3Blbn" in (r.post_data or "")]


def test_ssh_is_set_up_with_a_pasted_key_and_the_block_is_copied(
    panel: Panel, dialog: Locator, world: CloudLab, public_key: str
) -> None:
    page = panel.page
    panel.root.get_by_role("button", name="Set up…").click()
    dialog.get_by_label("The laptop’s public key").fill(public_key)
    dialog.get_by_label("The private key’s file on the laptop").fill("~/.ssh/id_mine")
    dialog.get_by_label("Notebook", exact=True).select_option("training")
    dialog.get_by_role("button", name="Set up", exact=True).click()
    expect(panel.activity("Setting up SSH to training")).to_contain_text("done")
    # It does not run: there is no address to paste yet.
    expect(dialog).to_contain_text("The notebook gets its address when it starts")
    panel.dismiss()
    world.lab.run("notebook.start", notebook="training", hours=1)

    panel.row("training").focus()
    page.keyboard.press("Shift+F10")
    page.get_by_role("menuitem", name="SSH: What to Paste on the Laptop…").click()
    dialog.get_by_label("The laptop", exact=True).select_option("windows")
    expect(dialog).to_contain_text("notepad %USERPROFILE%")
    block = dialog.get_by_role("region", name="Block for ~/.ssh/config")
    expect(block).to_contain_text('IdentityFile "~/.ssh/id_mine"')
    block.locator("xpath=..").get_by_role("button", name="Copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Host ma-training\n    HostName 127.0.0.1\n    Port ")


def test_a_private_key_is_kept_with_a_passphrase_that_is_seen_nowhere(
    panel: Panel, dialog: Locator, world: CloudLab, sent: list[Request]
) -> None:
    _menu(panel, "More for SSH", "New Key Pair…")
    dialog.get_by_label("Name").fill("from-here")
    dialog.get_by_role("button", name="Create").click()
    row = panel.row("from-here")
    expect(row).to_contain_text("private key here, lost at restart")

    row.hover()
    row.get_by_role("button", name="Keep…").click()
    dialog.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    dialog.get_by_label("The same again").fill(PASSPHRASE[:-1])
    expect(dialog).to_contain_text("The two are not the same.")
    dialog.get_by_label("The same again").fill(PASSPHRASE)
    dialog.get_by_role("button", name="Keep").click()
    expect(row).to_contain_text("private key here, kept on the disk")

    told = [r.url.partition("?")[0] for r in sent if PASSPHRASE in (r.post_data or "")]
    assert [url.rpartition("/api/")[2] for url in told] == ["ssh/keys/from-here/keep"]
    assert PASSPHRASE not in str(world.lab.get("operations"))
    for file in _files(world.lab.home):
        assert PASSPHRASE.encode() not in file.read_bytes(), file


def test_a_key_pair_is_deleted_after_its_name_was_typed(
    panel: Panel, dialog: Locator, world: CloudLab
) -> None:
    world.lab.run("ssh.create_key", name="to-go")
    panel.row("to-go").click(button="right")
    panel.page.get_by_role("menuitem", name="Delete a Key Pair…").click()
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("Type to-go to confirm").fill("to-go")
    dialog.get_by_role("button", name="Delete").click()
    expect(panel.row("to-go")).to_have_count(0)
    assert "to-go" not in [pair["name"] for pair in world.lab.get("ssh/keys")["keys"]]


def test_ssh_is_checked(panel: Panel, dialog: Locator) -> None:
    panel.root.get_by_role("button", name="Check…").click()
    expect(dialog).to_contain_text("Something is in the way.")
    expect(dialog).to_contain_text("demo has no SSH endpoint.")
    dialog.get_by_label("What the laptop complains of").fill(
        "REMOTE HOST IDENTIFICATION HAS CHANGED"
    )
    dialog.get_by_role("button", name="Look again").click()
    expect(dialog).to_contain_text("The host key is not the one that was pinned")


def test_what_is_refused_is_said_in_its_section(panel: Panel, world: CloudLab) -> None:
    body = {"error_code": "ModelArts.0104", "error_msg": "too much"}
    world.cloud.fault("status", path="*storage*", status=400, body=body, times=99)
    panel.root.get_by_role("button", name="Refresh").click()
    storage = panel.root.get_by_role("region", name=re.compile("^Storage"))
    expect(storage.get_by_role("alert")).to_contain_text("too much")
    expect(storage.get_by_role("alert").locator("pre")).to_contain_text("ModelArts.0104")
    # What was known stays, and so does everything else.
    expect(panel.row("/data/demo-bucket")).to_be_visible()
    expect(panel.root.get_by_role("timer")).to_be_visible()
    world.cloud.operate("DELETE", "/_local/faults")
    storage.get_by_role("button", name="Try again").click()
    expect(storage.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_nothing_of_it_has_violations(open_cloud: OpenPanel, theme: str) -> None:
    panel = open_cloud(theme=theme, language="zh_CN")
    dialog = panel.page.get_by_role("dialog")
    for name in ("存储", "SSH"):
        panel.root.get_by_role("button", name=name).first.click()
    expect(panel.row("/data/demo-bucket")).to_contain_text("obs://")
    expect(panel.root.get_by_role("timer")).to_contain_text("剩余")
    found = violations(panel, ".ma-Panel")
    for button, shown in {
        "续期…": "从现在起的小时数",
        "挂载存储": "来源路径",
        "设置…": "电脑的公钥",
        "检查…": "存在问题",
    }.items():
        panel.root.get_by_role("button", name=button, exact=True).click()
        expect(dialog).to_contain_text(shown)
        found += violations(panel, ".jp-Dialog")
        panel.dismiss()
    assert found == []


def test_without_an_account_one_quiet_line_teaches(browser: Browser, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    lab = Lab(tmp_path / "lab", disk, [], "")
    asked: list[str] = []
    try:
        with panels(lab, browser) as go:
            panel = _listening(go, asked)
            line = panel.root.get_by_text("No cloud account is set up here.")
            expect(line).to_be_visible()
            expect(panel.root.get_by_role("alert")).to_have_count(0)
            expect(panel.root.get_by_role("button", name="SSH")).to_have_count(0)
            line.click()
            expect(panel.root).to_contain_text("ma local up")
            panel.root.get_by_role("button", name="Refresh").click()
            _eventually(lambda: asked.count("cloud") > 1)
            assert set(asked) == {"cloud"}
            assert violations(panel, ".ma-Panel") == []
    finally:
        lab.stop()


def _listening(go: OpenPanel, asked: list[str]) -> Panel:
    """The panel on a page; what it asks of the cloud's routes from its first moment on."""
    panel = go()
    cloudy = re.compile(r"/modelarts-nb/api/((?:cloud|notebooks|storages|shares|ssh|hook)[^?]*)")

    def note(request: Request) -> None:
        if match := cloudy.search(request.url):
            asked.append(match[1])

    panel.page.on("request", note)
    panel.go()
    return panel


def _menu(panel: Panel, button: str, item: str) -> None:
    panel.root.get_by_role("button", name=button, exact=True).click()
    panel.page.get_by_role("menuitem", name=item).click()


def _lease_ends_in(world: CloudLab, seconds: int) -> None:
    inside = world.cloud.inside
    with inside.store.write() as db:
        demo = find(db, world.instance)
        assert demo is not None
        demo.renew(milliseconds(inside), seconds * 1000)
        save(db, demo)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _eventually(true: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
