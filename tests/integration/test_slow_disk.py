"""The transfer on a disk with latency: requests overlap."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from modelarts_nb.disk.remove import remove_tree
from modelarts_nb.disk.scan import scan
from modelarts_nb.disk.transfer import copy_tree
from tests.slowfs.mount import SlowFs

_FOLDERS, _FILES = 20, 20
_RTT = 0.005  # long enough that the wait, not the load of this machine, is what is measured


def _tree(root: Path) -> Path:
    for folder in range(_FOLDERS):
        (root / str(folder)).mkdir(parents=True)
        for file in range(_FILES):
            (root / str(folder) / f"{file}.py").write_text("x" * 500)
    return root


def test_a_copy_hides_the_latency(mount_slowfs: Callable[..., SlowFs], tmp_path: Path) -> None:
    # Given a tree whose files need about five round trips each
    tree = scan(_tree(tmp_path / "source"))
    copy = mount_slowfs(rtt_us=int(_RTT * 1e6)).path / "copy"
    began = time.monotonic()
    # When it is copied to a disk with long round trips
    copy_tree(tree, copy)
    # Then it takes a fraction of what one request after the other would take
    serial = _FOLDERS * _FILES * 5 * _RTT
    assert time.monotonic() - began < serial / 2
    assert len(list(copy.rglob("*.py"))) == _FOLDERS * _FILES


def test_scan_and_removal_hide_the_latency(
    mount_slowfs: Callable[..., SlowFs], tmp_path: Path
) -> None:
    # Given a tree on the slow disk
    copy = mount_slowfs(rtt_us=int(_RTT * 1e6)).path / "copy"
    copy_tree(scan(_tree(tmp_path / "source")), copy)
    began = time.monotonic()
    # When it is read and removed
    found = scan(copy)
    remove_tree(copy)
    # Then nothing is left, in a fraction of the time of one request after the other
    assert found.files == _FOLDERS * _FILES
    assert not copy.exists()
    assert time.monotonic() - began < _FOLDERS * _FILES * 2 * _RTT
