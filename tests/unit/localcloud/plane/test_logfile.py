"""Lines of a growing log by their number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelarts_nb.localcloud.plane.training import logfile
from modelarts_nb.localcloud.plane.training.logfile import LogFile

PIECES = st.lists(st.text("ab\n", max_size=8).map(str.encode), max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES, step=st.integers(1, 4), first=st.integers(1, 9), count=st.integers(0, 9))
def test_it_counts_and_finds_the_lines_of_a_log_however_it_grows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[bytes],
    step: int,
    first: int,
    count: int,
) -> None:
    monkeypatch.setattr(logfile, "_STEP", step)
    path = tmp_path / "log"
    path.write_bytes(b"")
    log, said = LogFile(path), b""
    for piece in pieces:
        said += piece
        with path.open("ab") as file:
            file.write(piece)

        whole = said.decode().split("\n")
        lines = whole[:-1] if not whole[-1] else whole
        assert log.count(whole=False) == len(whole) - 1
        assert log.count(whole=True) == len(lines)
        last = first + count - 1
        assert log.lines(first, last) == lines[first - 1 : last]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "absent")

    assert (log.size(), log.count(whole=True), log.lines(1, 9), log.newest(9)) == (0, 0, [], "")


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 200_000 + b"\nnext\n")

    first, second = LogFile(path).lines(1, 2)

    assert (len(first), second) == (64 * 1024, "next")
