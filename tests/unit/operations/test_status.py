"""What is said at a glance must be true, and said also when something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.envs.model import Environment
from modelarts_nb.operations.disk_status import disk_status
from modelarts_nb.operations.status import status, suggest, would_be_lost
from tests.unit.operations.conftest import make_prefix


def environment(name: str, *, survives: bool = False, origin: str | None = None) -> Environment:
    return Environment(
        name,
        Path("/envs") / name,
        where="disk" if survives else "image",
        survives=survives,
        origin=origin,
    )


def test_a_disk_that_is_there_is_measured(disk: Disk) -> None:
    found = disk_status()

    assert found.exists
    assert found.error is None
    assert found.free is not None
    assert found.total is not None
    assert 0 < found.free <= found.total
    assert found.latency_ms is not None
    assert found.latency_ms >= 0


def test_a_folder_of_the_container_is_not_called_surviving(disk: Disk) -> None:
    assert disk_status().survives is (disk_status().kind in ("network", "block", "object"))


def test_a_missing_disk_is_an_answer(disk: Disk) -> None:
    disk.root.rmdir()

    found = disk_status()

    assert not found.exists
    assert found.error is not None
    assert found.error["code"] == "disk_missing"
    assert found.root == str(disk.root)


def test_measuring_leaves_nothing_on_the_disk(disk: Disk) -> None:
    disk_status()

    assert list(disk.root.iterdir()) == []


def test_the_status_of_an_empty_disk(disk: Disk) -> None:
    found = status()

    assert found.owner == "tester"
    assert found.disk.error is None
    assert found.version


def test_the_status_without_a_disk_has_the_error(disk: Disk) -> None:
    disk.root.rmdir()

    found = status()

    assert found.disk.error is not None
    assert found.lost == []


def test_an_environment_without_a_copy_would_be_lost() -> None:
    assert would_be_lost([environment("PyTorch-1.8")]) == ["PyTorch-1.8"]


@pytest.mark.parametrize("origin", ["/envs/PyTorch-1.8", "PyTorch-1.8"])
def test_one_that_was_cloned_would_not(origin: str) -> None:
    copy = environment("mine", survives=True, origin=origin)

    assert would_be_lost([environment("PyTorch-1.8"), copy]) == []


def test_a_copy_that_does_not_survive_either_is_no_copy() -> None:
    copy = environment("mine", origin="PyTorch-1.8")

    assert would_be_lost([environment("PyTorch-1.8"), copy]) == ["PyTorch-1.8", "mine"]


def test_the_base_of_the_image_is_nobodys_work() -> None:
    assert would_be_lost([environment("base")]) == []


def test_a_suggested_name_is_free(disk: Disk) -> None:
    make_prefix(disk.envs / "pytorch")

    assert suggest("PyTorch") == "pytorch-2"
