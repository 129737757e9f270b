"""The Python of the tool, where it cannot be copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.disk.persistent import Disk
from modelarts_nb.errors import NetworkUnavailable
from modelarts_nb.progress import SILENT
from modelarts_nb.tool.interpreter import create_python


def test_without_a_channel_the_two_ways_out_are_named(disk: Disk, tmp_path: Path) -> None:
    absent = (tmp_path / "no-channel").as_uri()

    with pytest.raises(NetworkUnavailable) as raised:
        create_python(tmp_path / "new", tmp_path / "final", [absent], disk=disk, progress=SILENT)

    assert "ma hook install -c" in raised.value.hint
    assert "conda environment" in raised.value.hint
