"""Sealed environments as a newcomer lives with them: real kernels, a restart, and the ways back."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.channel.fixtures import CondaEnv
from tests.integration.container import Container
from tests.integration.test_story import write_wheel

# A day of real kernels takes long where other tests run beside it.
pytestmark = pytest.mark.timeout(600)

_WHERE = "import sys; print(sys.prefix)"
_GREET = "import importlib.util as u; print(u.find_spec('greeting') is not None)"
_PIP = """
import subprocess, sys
pip = [sys.executable, "-m", "pip", "install", "--no-index", "--quiet", {wheel!r}]
print(subprocess.run(pip, capture_output=True, text=True).returncode)
"""


@dataclass
class Lived:
    """What was seen on the way, by what had just been done."""

    container: Container
    seen: dict[str, Any] = field(default_factory=dict)

    def look(self, moment: str) -> None:
        (self.seen[moment],) = [e for e in self.container.ma("env", "list") if e["name"] == "mine"]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A short one: what runs from the local disk has paths of a fixed length."""
    folder = Path(tempfile.mkdtemp(prefix="ma"))
    yield folder
    # What tidies behind an operation may still be writing there.
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def lived(folder: Path, conda_env: CondaEnv, channel: str) -> Lived:
    """The days of an environment: cloned, sealed, changed, saved, restarted, back and forth."""
    image = conda_env("light", "pip", "ipykernel")
    container = Container(folder, image, channel)
    lived = Lived(container)
    seen, ma = lived.seen, container.ma
    container.start()
    ma("env", "clone", image.name, "mine")
    ma("env", "seal", "mine", "-m", "as it came")
    lived.look("sealed")
    seen["sealed kernel"] = container.in_kernel("ma-mine", _WHERE)
    lived.look("started")
    write_wheel(folder / "wheel")
    wheel = str(folder / "wheel/greeting-1.0-py3-none-any.whl")
    seen["pip"] = container.in_kernel("ma-mine", _PIP.format(wheel=wheel))
    lived.look("changed")
    seen["warned"] = ma("status")["unsaved"]
    seen["version"] = ma("env", "save", "mine", "-m", "with greeting")
    lived.look("saved")
    container.start()
    ma("restore")
    seen["restored"] = container.kernels()
    seen["kernel after restart"] = container.in_kernel("ma-mine", _GREET)
    lived.look("restarted")
    seen["back"] = ma("env", "rollback", "mine", "1")
    seen["kernel after rollback"] = container.in_kernel("ma-mine", _GREET)
    ma("env", "undo", "mine")
    seen["kernel after undo"] = container.in_kernel("ma-mine", _GREET)
    seen["versions"] = ma("env", "versions", "mine")
    seen["diff"] = ma("env", "diff", "mine", "1", "2")
    seen["clone"] = ma("env", "clone", "mine", "other")
    ma("env", "open", "mine")
    lived.look("opened")
    seen["kernel after opening"] = container.in_kernel("ma-mine", _WHERE)
    ma("env", "remove", "other")
    ma("bin", "empty", "--yes")
    seen["garbage"] = ma("env", "gc")
    return lived


def test_sealed_it_is_one_image_and_nothing_is_on_the_local_disk_yet(lived: Lived) -> None:
    found = lived.seen["sealed"]

    assert (found["state"], found["version"], found["filled"]) == ("sealed", 1, False)
    assert found["kernel"] == "ready"
    assert 0 < found["stored"] < found["size"]


def test_its_kernel_starts_from_the_local_disk_without_anybody_filling_it(lived: Lived) -> None:
    assert lived.seen["sealed kernel"].startswith(f"{lived.container.home}/.ma/run/mine~1")
    assert lived.seen["started"]["filled"]
    assert lived.seen["started"]["prefix"] == lived.seen["sealed kernel"]


def test_what_pip_installs_in_the_kernel_is_unsaved_and_said_to_be(lived: Lived) -> None:
    assert lived.seen["pip"] == "0"
    assert not lived.seen["started"]["unsaved"]
    assert lived.seen["changed"]["unsaved"]
    assert lived.seen["warned"] == ["mine"]


def test_saving_it_is_a_version_that_costs_what_changed(lived: Lived) -> None:
    saved = lived.seen["version"]

    assert (saved["number"], saved["parent"], saved["why"]) == (2, 1, "with greeting")
    assert 0 < saved["stored"] < 200_000
    found = lived.seen["saved"]
    assert (found["version"], found["unsaved"]) == (2, False)


def test_after_a_restart_the_kernel_is_there_with_what_was_saved(lived: Lived) -> None:
    assert "ma-mine" in lived.seen["restored"]
    assert lived.seen["kernel after restart"] == "True"
    found = lived.seen["restarted"]
    assert (found["version"], found["filled"], found["unsaved"]) == (2, True, False)


def test_rolled_back_it_is_what_it_was_and_undone_what_it_had_become(lived: Lived) -> None:
    assert lived.seen["back"]["number"] == 3
    assert lived.seen["kernel after rollback"] == "False"
    assert lived.seen["kernel after undo"] == "True"


def test_all_versions_are_kept_and_say_why(lived: Lived) -> None:
    found = lived.seen["versions"]

    assert [version["number"] for version in found] == [4, 3, 2, 1]
    assert [version["why"] for version in found[2:]] == ["with greeting", "as it came"]
    assert "1" in found[1]["why"]
    assert [version["chosen"] for version in found] == [True, False, False, False]


def test_the_difference_is_the_package(lived: Lived) -> None:
    difference = lived.seen["diff"]

    assert difference["packages"] == [
        {"name": "greeting", "manager": "pip", "before": None, "after": "1.0"}
    ]
    assert any(path.endswith("greeting.py") for path in difference["added"]["paths"])


def test_a_clone_has_the_same_images_and_a_kernel(lived: Lived) -> None:
    clone = lived.seen["clone"]

    assert (clone["state"], clone["version"], clone["kernel"]) == ("sealed", 1, "ready")
    assert clone["stored"] == lived.seen["restarted"]["stored"]


def test_opened_it_is_a_folder_again_with_its_history(lived: Lived) -> None:
    found = lived.seen["opened"]

    assert (found["state"], found["versions"], found["newest"]) == ("open", 4, 4)
    assert lived.seen["kernel after opening"] == f"{lived.container.disk}/envs/user_conda/mine"


def test_what_is_still_needed_or_young_is_no_garbage(lived: Lived) -> None:
    assert lived.seen["garbage"]["bytes"] == 0
    assert any("of mine needs it" in image["kept"] for image in lived.seen["garbage"]["images"])
