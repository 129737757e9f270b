"""Progress as lines, for logs and for whoever waits for a kernel."""

from __future__ import annotations

import pytest

from modelarts_nb.cli.streams import PlainProgress


def test_a_line_says_how_much_is_done_and_how_long_it_will_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a clock
    now = [100.0]
    monkeypatch.setattr("modelarts_nb.cli.streams.time.monotonic", lambda: now[0])
    progress = PlainProgress()
    # when a quarter is done after ten seconds
    progress.phase("filling", bytes=2_000_000_000)
    now[0] += 10
    progress.advance(files=1234, bytes=500_000_000)
    # then
    assert capsys.readouterr().err.splitlines() == [
        "filling ...",
        "filling: 1,234 files, 500 MB of 2.0 GB, 30 s left",
    ]
