"""A real environment of an image, cloned to the disk and run there."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from modelarts_nb import envs  # noqa: F401 - the package is what is tested
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.clone import clone
from modelarts_nb.envs.inventory import list_environments
from modelarts_nb.envs.relocate import leftovers
from modelarts_nb.envs.rename import rename
from tests.channel.images import fingerprint


@pytest.fixture
def moved(image_env: Path, disk: Disk, tmp_path: Path) -> tuple[Path, Path]:
    """The image's environment and its clone."""
    clone(str(image_env), "mine", disk=disk)
    return image_env, disk.envs / "mine"


def test_the_clone_is_true_and_the_source_untouched(image_env: Path, disk: Disk) -> None:
    # given
    before = fingerprint(image_env)
    # when
    environment = clone(str(image_env), "mine", disk=disk)
    # then
    assert leftovers(environment.prefix, [str(image_env)]) == []
    assert fingerprint(image_env) == before
    assert environment.kernel == "ready"
    assert environment.kernel_name == "ma-mine"
    assert environment.origin == str(image_env)
    assert environment.trouble == ()
    assert [e.name for e in list_environments(disk=disk) if e.where == "disk"] == ["mine"]
    assert os.listdir(disk.staging) == []
