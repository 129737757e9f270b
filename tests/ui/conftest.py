"""Fixtures: one JupyterLab on a slow disk for the session, a browser page for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.slowfs.mount import SlowFs
from tests.ui.lab import Lab
from tests.ui.panel import Panel

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

# Milliseconds, for what takes a moment on a machine that does nothing else.
PATIENCE = 60_000

# A third of a millisecond a request: a clone takes seconds, so that its progress can be seen.
RTT_US = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if not CHROMIUM:
        pytest.fail("Chromium is not here: run `make test`, or: apt-get install -y chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def slow_folder(tmp_path_factory: pytest.TempPathFactory, slowfs_program: Path) -> Iterator[SlowFs]:
    """The persistent disk: slow, and it survives."""
    mounted = SlowFs(slowfs_program, tmp_path_factory.mktemp("disk"), RTT_US)
    yield mounted
    mounted.unmount()


@pytest.fixture(scope="session")
def lab(
    tmp_path_factory: pytest.TempPathFactory,
    slow_folder: SlowFs,
    image_env: Path,
    small_env: Path,
    channel: str,
) -> Iterator[Lab]:
    """A JupyterLab whose image brings two environments."""
    folder = tmp_path_factory.mktemp("lab")
    images = [image_env, small_env]
    # Sealed environments run under a short path, which pytest's is not.
    with tempfile.TemporaryDirectory(prefix="ma-") as short:
        variables = {"MODELARTS_NB_RUN": f"{short}/run"}
        running = Lab(folder, slow_folder.path, images, channel, variables)
        yield running
        running.stop()


@pytest.fixture
def held(slow_folder: SlowFs) -> Iterator[Callable[[], None]]:
    """Copying stops in the middle, however fast the machine is, until ``held()`` lets it go on."""
    slow_folder.fail("create HANG after=60 path=.modelarts_nb/staging")
    yield slow_folder.fail
    slow_folder.fail()


OpenPanel = Callable[..., Panel]


@contextmanager
def panels(lab: Lab, browser: Browser) -> Iterator[OpenPanel]:
    """``open_panel(theme=..., language=...)``: the panel on a new page; closed at the end."""
    contexts = []

    def go(*, theme: str = "JupyterLab Light", language: str = "en") -> Panel:
        lab.set_setting("themes", {"theme": theme})
        lab.set_setting("plugin", {"locale": language}, package="translation")
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page: Page = context.new_page()
        page.set_default_timeout(PATIENCE)
        panel = Panel(page, lab)
        panel.go()
        return panel

    expect.set_options(timeout=PATIENCE)
    yield go
    for context in contexts:
        context.close()


@pytest.fixture
def open_panel(lab: Lab, browser: Browser) -> Iterator[OpenPanel]:
    """``open_panel(theme=..., language=...)``: the panel on a new page."""
    with panels(lab, browser) as go:
        yield go


@pytest.fixture
def panel(open_panel: OpenPanel) -> Panel:
    """The panel in English on a new page."""
    return open_panel()


@pytest.fixture(scope="module")
def one_page(lab: Lab, browser: Browser) -> Iterator[Panel]:
    with panels(lab, browser) as go:
        yield go()


@pytest.fixture
def same_panel(one_page: Panel) -> Iterator[Panel]:
    """The panel on one page for many tests: loading JupyterLab is the long part of a short one."""
    yield one_page
    one_page.page.unroute_all(behavior="ignoreErrors")
    if one_page.page.get_by_role("dialog").count():
        one_page.dismiss()
    tab = one_page.page.get_by_role("tab", name="ModelArts NB")
    if tab.get_attribute("aria-selected") != "true":
        tab.click()


@pytest.fixture
def mine(lab: Lab, small_env: Path, request: pytest.FixtureRequest) -> str:
    """The name of a small environment on the disk that the test may change."""
    name = f"of-{request.node.name.split('[')[0].removeprefix('test_')[:40]}"
    lab.run("env.clone", source=str(small_env), name=name)
    return name


@pytest.fixture(scope="session")
def kept(lab: Lab, image_env: Path) -> str:
    """The name of an environment on the disk with a kernel; tests only look at it."""
    lab.run("env.clone", source=str(image_env), name="kept")
    return "kept"
