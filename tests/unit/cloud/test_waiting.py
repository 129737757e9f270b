"""Following what the cloud does by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modelarts_nb.cloud import waiting
from modelarts_nb.cloud.errors import CloudTimeout, CloudUnreachable, StateFailed
from modelarts_nb.errors import Cancelled
from modelarts_nb.progress import SILENT, Progress, Silent


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often: what is followed here is not far away."""
    monkeypatch.setattr(waiting, "_FIRST", 0.0)
    monkeypatch.setattr(waiting, "_LONGEST", 0.0)


def following(states: list[object], *, timeout: float = 60, progress: Progress = SILENT) -> object:
    seen: Iterator[object] = iter(states)

    def look() -> object:
        state = next(seen)
        if isinstance(state, Exception):
            raise state
        return state

    return waiting.follow(
        look,
        lambda state: state == "there",
        what="Starting mine",
        again="ma notebook start mine",
        timeout=timeout,
        progress=progress,
    )


def test_it_is_looked_at_until_it_is_there() -> None:
    assert following(["on its way", "on its way", "there"]) == "there"


def test_a_cloud_that_is_out_of_reach_for_a_moment_does_not_end_it() -> None:
    assert following(["on its way", CloudUnreachable("gone"), "there"]) == "there"


def test_a_cloud_that_stays_out_of_reach_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_PATIENCE", -1.0)

    with pytest.raises(CloudUnreachable):
        following(["on its way", CloudUnreachable("gone"), "there"])


def test_a_failure_ends_it() -> None:
    with pytest.raises(StateFailed):
        following(["on its way", StateFailed("sold out"), "there"])


def test_what_takes_too_long_goes_on_and_can_be_picked_up() -> None:
    with pytest.raises(CloudTimeout) as raised:
        following(["on its way"], timeout=-1)

    assert "`ma notebook start mine` follows it again" in raised.value.hint


def test_cancelling_says_that_the_cloud_goes_on() -> None:
    class Impatient(Silent):
        def check(self) -> None:
            raise Cancelled()

    with pytest.raises(Cancelled) as raised:
        following(["on its way"], progress=Impatient())

    assert "The cloud goes on" in raised.value.hint
