"""Finding the tool without looking at the persistent disk."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from modelarts_nb.server import tool
from modelarts_nb.server.problem import Problem


@pytest.fixture
def slim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As restore lays it out: the server's package without the rest; returns the record's place."""
    server = tmp_path / "slim/modelarts_nb/server"
    server.mkdir(parents=True)
    shutil.copy(str(tool.__file__), server / "tool.py")
    monkeypatch.setattr(tool, "__file__", str(server / "tool.py"))
    monkeypatch.setenv("HOME", str(tmp_path))
    record = tmp_path / tool.RECORD
    record.parent.mkdir(parents=True)
    return record


def test_a_full_installation_is_its_own_tool() -> None:
    assert tool.worker_command("/x")[-4:] == [sys.executable, "-m", "modelarts_nb.worker", "/x"]


def test_a_slim_copy_uses_the_recorded_interpreter_isolated(slim: Path) -> None:
    slim.write_text(json.dumps({"python": "/tool/bin/python"}))

    command = tool.worker_command("/x")

    assert command[-5:] == ["/tool/bin/python", "-I", "-m", "modelarts_nb.worker", "/x"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"python": 3}', '{"python": ""}'])
def test_without_a_record_the_tool_is_missing(slim: Path, text: str | None) -> None:
    if text is not None:
        slim.write_text(text)

    with pytest.raises(Problem) as raised:
        tool.worker_command("/x")

    assert (raised.value.status_code, raised.value.code) == (503, "tool_missing")
    assert raised.value.hint
