"""What an environment says about itself is read and written whole, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.envs.state import STATE, State, read_state, write_state
from modelarts_nb.errors import ModelArtsNbError


def test_what_was_written_is_read(tmp_path: Path) -> None:
    state = State(prefix="/a", created="2026", size=3, files=1, requested=("numpy",))

    write_state(tmp_path, state)

    assert read_state(tmp_path) == state


@pytest.mark.parametrize("text", ["", "[]", "{", '{"size": true}'])
def test_what_makes_no_sense_is_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).parent.mkdir(parents=True)
    (tmp_path / STATE).write_text(text)

    found = read_state(tmp_path)

    assert found is None or found.size is None


def test_a_disk_that_refuses_its_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").write_text("no folder")

    with pytest.raises(ModelArtsNbError):
        write_state(tmp_path, State(prefix="/a", created="2026"))
