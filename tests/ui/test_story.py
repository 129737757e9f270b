"""The whole story in a browser, in a JupyterLab of the image that knows nothing of us.

The image's JupyterLab is the oldest that we claim, version 4.2, on Python 3.9; panel, server
extension and kernels come from the persistent disk alone, brought there by the registered hook.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.container import Container
from tests.integration.test_story import write_wheel
from tests.integration.venvs import make_venv
from tests.ui.panel import run_code


@contextmanager
def untouched_lab(container: Container, lab: Path) -> Iterator[str]:
    """The image's JupyterLab, as the platform starts it; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    notebooks = container.disk / "notebooks"
    notebooks.mkdir(exist_ok=True)
    variables = container.variables()
    variables["PATH"] = f"{container.home}/.local/bin:{lab / 'bin'}:/usr/bin:/bin"
    log = (container.folder / "lab.log").open("ab")
    options = [f"--port={port}", "--ip=127.0.0.1", f"--IdentityProvider.token={token}"]
    options += [f"--ServerApp.root_dir={notebooks}", "--LabApp.news_url=None"]
    process = subprocess.Popen(
        [lab / "bin/jupyter-lab", "--no-browser", "--allow-root", *options],
        env=variables,
        stdout=log,
        stderr=log,
        cwd=notebooks,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/api/status?token={token}", process)
        yield f"http://127.0.0.1:{port}/lab?token={token}&reset"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "JupyterLab ended"
            time.sleep(0.3)
    raise AssertionError("JupyterLab does not answer")


@pytest.fixture
def container(tmp_path: Path, image_env: Path, channel: str) -> Container:
    """A fresh container whose platform has our hook registered, and nothing else of ours."""
    container = Container(tmp_path, image_env, channel)
    container.start()
    container.register_hook()
    container.start()
    return container


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def test_an_environment_survives_the_container(
    container: Container, page: Page, image_env: Path
) -> None:
    lab = make_venv("lab42", "3.9", "jupyterlab==4.2.*")
    mine = container.disk / "envs/user_conda/pytorch-1.8"

    # given: an environment of the image, kept on the disk by one click
    with untouched_lab(container, lab) as url:
        page.goto(url)
        page.get_by_role("tab", name="ModelArts NB").click()
        panel = page.get_by_role("region", name="ModelArts NB")
        row = panel.locator("li.ma-Row").filter(has_text=image_env.name)
        row.get_by_role("button", name="Keep on disk").click()
        done = panel.locator("li.ma-Operation").filter(has_text="as pytorch-1.8")
        expect(done).to_contain_text("done", timeout=90_000)
    # and: something that pip brought, and a notebook that uses the kernel
    write_wheel(container.folder / "wheel")
    wheel = next((container.folder / "wheel").iterdir())
    container.run(mine / "bin/pip", "install", "--no-index", "--quiet", wheel)
    spec = {"name": "ma-pytorch-1.8", "display_name": "pytorch-1.8", "language": "python"}
    notebook = {"cells": [], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    (container.disk / "notebooks/work.ipynb").write_text(json.dumps(notebook))

    # when: the container is replaced, and the hook runs
    container.start()

    # then: the notebook finds its kernel, and the import works in it
    with untouched_lab(container, lab) as url:
        page.goto(url.replace("/lab?", "/lab/tree/work.ipynb?"))
        kernel = page.get_by_role("button", name=re.compile("pytorch-1.8"))
        expect(kernel.first).to_be_visible(timeout=60_000)
        said = run_code(page, "import greeting, sys; print(greeting.TEXT, sys.prefix)")
        expect(said).to_have_text(f"hello {mine}", timeout=60_000)
