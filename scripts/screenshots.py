"""`make screenshots`: the pictures of the panel, taken anew of the built panel in a real browser.

``docs/images/panel-{light,dark,zh}.png`` are for the README, ``shell.png`` for docs/shell.md,
``versions.png`` for docs/sealed.md.
``--all FOLDER`` also takes every dialog and a narrow panel, in both themes and languages, for
people to look at.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, expect, sync_playwright  # noqa: E402

from tests.channel import build, images  # noqa: E402
from tests.slowfs.mount import SlowFs  # noqa: E402
from tests.ui.cloud import cloud_lab  # noqa: E402
from tests.ui.conftest import CHROMIUM, panels  # noqa: E402
from tests.ui.lab import Lab  # noqa: E402
from tests.ui.panel import Panel  # noqa: E402

PICTURES = ROOT / "docs/images"
CHANNEL = ROOT / ".demo/channel"
MOST_BYTES = 300_000

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
FACES = {
    "light": {"theme": LIGHT, "language": "en"},
    "dark": {"theme": DARK, "language": "en"},
    "zh": {"theme": LIGHT, "language": "zh_CN"},
    "zh-dark": {"theme": DARK, "language": "zh_CN"},
}
TRAINING = """import torch
from torch.distributed import init_process_group

init_process_group("nccl")  # RANK and MASTER_ADDR are in the environment: ma shell --process-env
model = torch.nn.Linear(1024, 1024).cuda()
for epoch in range(20):
    loss = model(torch.randn(64, 1024, device="cuda")).square().mean()
    loss.backward()
    print(f"epoch {epoch} loss {loss.item():.4f}", flush=True)
"""
# The dialogs by the command that opens them, and what they show when they are ready.
DIALOGS = {
    "clone-environment": "Copy|克隆",
    "pack-environment": r"[\d,]{6}",
    "rename-environment": "week|周",
    "install-packages": "pip",
    "show-packages": "ipykernel",
    "export-environment": "dependencies",
    "check-environment": "wrong|正常|Warning|警告|Error|错误",
    "seal-environment": "13,|folder|目录",
}
SEALED_DIALOGS = {
    "show-versions": "tabulate",
    "save-version": r"1 file|1 个文件",
    "undo-change": r"version 2|版本 2",
    "show-environment": "glibc",
    "open-environment-again": "MB",
}
JOB_DIALOGS = {"show-job": "demo-pool", "show-job-log": "epoch 3"}


def image(folder: Path, name: str, *specs: str) -> Path:
    """An environment as an image brings it."""
    prefix = folder / "anaconda3/envs" / name
    command = [sys.executable, images.__file__, CHANNEL.as_uri(), str(prefix), *specs]
    # py-rattler may abort at exit: what counts is the environment.
    subprocess.run(command, check=False, capture_output=True)
    if not (prefix / "conda-meta/history").exists():
        sys.exit(f"screenshots: {name} could not be made")
    return prefix


@contextmanager
def scene(folder: Path) -> Iterator[tuple[Lab, SlowFs]]:
    """A JupyterLab in a local cloud, on a slow disk called ``work``, with things to see."""
    if not CHANNEL.exists():
        print("screenshots: making conda packages (about a minute, once) ...", flush=True)
        build.build(CHANNEL)
    torch = image(folder, "PyTorch-1.8", "python=3.11", "pip", "ipykernel", "numpy")
    tensor = image(folder, "TensorFlow-1.13", "python=3.11", "pip", "ipykernel", "numpy")
    program = folder / "slowfs"
    source = ROOT / "tests/slowfs"
    make = ["make", "-s", "-f", str(source / "Makefile"), f"OUT={program}"]
    subprocess.run([*make, f"SRC={source / 'slowfs.c'}"], check=True, cwd=folder)
    with ExitStack() as stack:
        slow = SlowFs(program, folder / "disk", 500)
        stack.callback(slow.unmount)
        disk = slow.path / "work"
        disk.mkdir()
        world = stack.enter_context(
            cloud_lab(folder, disk=disk, images=[torch, tensor], channel=CHANNEL.as_uri())
        )
        world.add_notebook("training")
        lab = world.lab
        lab.run("hook.install")
        lab.run("restore")
        lab.run("env.clone", source=str(torch), name="mine")
        lab.run("env.clone", source="mine", name="nlp-2024")
        lab.run("env.seal", name="nlp-2024", why="first that trains")
        lab.run("env.install", name="nlp-2024", specs=["tabulate"])
        lab.run("env.save", name="nlp-2024", why="with tabulate")
        lab.run("env.pack", name="mine")
        lab.run("env.clone", source="mine", name="old-vision")
        lab.run("env.clone", source="mine", name="scratch")
        lab.run("env.remove", name="scratch")
        (disk / "envs/user_conda/old-vision/bin/python").unlink()
        lab.run("ssh.create_key", name="notebook")
        submit(lab, "pretrain", "exit 1", wait=False)
        submit(
            lab,
            "finetune",
            f"cat > ~/train.py <<'EOF'\n{TRAINING}EOF\nseq -f 'epoch %g' 3; sleep 3600",
            nodes=2,
        )
        for operation in lab.get("operations")["operations"]:
            lab.forget(operation["id"])
        yield lab, slow


def submit(lab: Lab, name: str, command: str, *, wait: bool = True, nodes: int = 1) -> None:
    """A training job in the dedicated pool."""
    lab.run(
        "job.submit",
        name=name,
        command=command,
        image="team/torch:2",
        pool="demo-pool",
        nodes=nodes,
        key_pairs=["notebook"],
        wait=wait,
    )


def shoot(panel: Panel, target: Path) -> None:
    """One picture, as small as it goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    panel.page.screenshot(path=str(target), animations="disabled")
    if target.stat().st_size > MOST_BYTES:
        sys.exit(f"screenshots: {target.name} is larger than {MOST_BYTES // 1000} KB")
    print(f"screenshots: {target}", flush=True)


def readme(lab: Lab, slow: SlowFs, browser: Browser, tensor: str) -> None:
    """The panel at work: an environment of the image is just being kept."""
    half = 7000  # of its files
    for face in ("light", "dark", "zh"):
        with panels(lab, browser) as go:
            panel = go(**FACES[face])
            panel.page.set_viewport_size({"width": 1200, "height": 1140})
            widen(panel, 320)
            # It stays there until the picture is taken.
            slow.fail(f"create HANG after={half} path=.modelarts_nb/staging")
            operation = lab.start_operation("env.clone", source=tensor, name="tensorflow-1.13")
            bar = panel.root.get_by_role("progressbar")
            expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[3-9]\d$"))
            panel.row("mine").hover()
            shoot(panel, PICTURES / f"panel-{face}.png")
            lab.cancel(operation["id"])
            slow.fail()
            lab.forget(operation["id"])


def shell(lab: Lab, browser: Browser) -> None:
    """An editor in a task's container, beside the panel."""
    with panels(lab, browser) as go:
        panel = go(**FACES["light"])
        panel.page.set_viewport_size({"width": 1200, "height": 760})
        row = panel.root.locator('#ma-jobs li[data-name="finetune"]')
        row.get_by_role("button", name="Shell", exact=True).click()
        keys = panel.page.locator('.jp-Terminal[data-task="worker-0"] textarea')
        expect(keys).to_be_attached()
        panel.page.wait_for_timeout(2000)  # its shell has said that it is ready
        keys.focus()
        panel.page.keyboard.type("vi train.py\n")
        panel.page.wait_for_timeout(2000)
        row.scroll_into_view_if_needed()
        shoot(panel, PICTURES / "shell.png")


def versions(lab: Lab, browser: Browser) -> None:
    """What differs between two versions, while something is unsaved."""
    [sealed] = [e for e in lab.get("environments")["environments"] if e["name"] == "nlp-2024"]
    packages = Path(sealed["prefix"]) / "lib/python3.11/site-packages"
    (packages / "tokenizer.py").write_text("SEPARATOR = ' '\n")
    with panels(lab, browser) as go:
        panel = go(**FACES["light"])
        panel.page.set_viewport_size({"width": 1000, "height": 640})
        widen(panel, 320)
        panel.menu("nlp-2024", "Versions…")
        dialog = panel.page.get_by_role("dialog")
        dialog.get_by_role("radio", name="2").check()
        expect(dialog.get_by_role("row", name="tabulate").last).to_contain_text("0.9")
        shoot(panel, PICTURES / "versions.png")


def widen(panel: Panel, width: int) -> None:
    """Drag the side bar's edge."""
    handle = panel.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle").first
    box, edge = handle.bounding_box(), panel.root.bounding_box()
    assert box
    assert edge
    y = box["y"] + 300
    panel.page.mouse.move(box["x"] + 1, y)
    panel.page.mouse.down()
    panel.page.mouse.move(edge["x"] + width, y, steps=4)
    panel.page.mouse.up()


def everything(lab: Lab, browser: Browser, folder: Path) -> None:
    """Every dialog, and the panel at 240 pixels."""
    for face, options in FACES.items():
        with panels(lab, browser) as go:
            panel = go(**options)
            page = panel.page
            dialog = page.get_by_role("dialog")
            mine = panel.root.locator('li[data-name="mine"]')
            page.set_viewport_size({"width": 1000, "height": 760})
            widen(panel, 240)
            folded = panel.root.locator(".ma-Section-toggle[aria-expanded=false]")
            while folded.count():
                folded.first.click()
            mine.hover()
            shoot(panel, folder / f"{face}-narrow.png")
            panel.root.locator(".ma-Section-actions button").first.click()
            dialog.get_by_role("textbox").first.fill("fresh")
            dialog.get_by_role("combobox").nth(1).select_option("3.11")
            dialog.locator(".ma-mod-preview").click()
            expect(dialog.get_by_role("row").nth(3)).to_be_visible()
            shoot(panel, folder / f"{face}-create.png")
            page.keyboard.press("Escape")
            for command, ready in DIALOGS.items():
                mine.click(button="right")
                page.locator(f'.lm-Menu-item[data-command="modelarts-nb:{command}"]').click()
                expect(dialog).to_contain_text(re.compile(ready))
                shoot(panel, folder / f"{face}-{command}.png")
                page.keyboard.press("Escape")
            job = panel.root.locator('#ma-jobs li[data-name="finetune"]')
            for command, ready in JOB_DIALOGS.items():
                job.click(button="right")
                page.locator(f'.lm-Menu-item[data-command="modelarts-nb:{command}"]').click()
                expect(dialog).to_contain_text(re.compile(ready))
                shoot(panel, folder / f"{face}-{command}.png")
                page.keyboard.press("Escape")
            sealed = panel.row("nlp-2024")
            for command, ready in SEALED_DIALOGS.items():
                sealed.click(button="right")
                page.locator(f'.lm-Menu-item[data-command="modelarts-nb:{command}"]').click()
                expect(dialog).to_contain_text(re.compile(ready))
                shoot(panel, folder / f"{face}-{command}.png")
                page.keyboard.press("Escape")
            failed = lab.run_to_end("env.install", name="mine", specs=["no-such-package"])
            expect(panel.root.locator(".ma-ErrorBox")).to_be_visible()
            shoot(panel, folder / f"{face}-failed.png")
            lab.forget(failed["id"])


def main() -> None:
    """Make the scene, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="also every dialog")
    options = parser.parse_args()
    if not CHROMIUM:
        sys.exit("screenshots: Chromium is not here: `make test`, or: apt-get install chromium")
    # The names of the folders are seen in the pictures.
    folder = Path(tempfile.mkdtemp(prefix="shots-"))
    os.environ.pop("MODELARTS_NB_DISK", None)
    try:
        with scene(folder) as (lab, slow), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            expect.set_options(timeout=60_000)
            tensor = next(
                environment["prefix"]
                for environment in lab.get("environments")["environments"]
                if environment["name"] == "TensorFlow-1.13"
            )
            readme(lab, slow, browser, tensor)
            shell(lab, browser)
            versions(lab, browser)
            if options.all:
                everything(lab, browser, options.all)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
