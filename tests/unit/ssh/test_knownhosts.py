"""Host keys that are pinned, and forgotten when a restart changed them."""

from __future__ import annotations

import pytest

from modelarts_nb.errors import UsageError
from modelarts_nb.ssh import knownhosts
from modelarts_nb.ssh.places import Places
from tests.unit.ssh.made import rsa_line


def test_one_is_forgotten_and_others_stay(places: Places) -> None:
    places.make()
    places.known_hosts.write_text(f"one {rsa_line(2048, '')}\nother {rsa_line(1024, '')}\n")

    assert knownhosts.forget(places, "one")

    assert not knownhosts.pinned(places, "one")
    assert knownhosts.pinned(places, "other")
    assert sorted(p.name for p in places.own.iterdir()) == ["keys", "known_hosts"]


def test_none_that_is_pinned_is_none_to_forget(places: Places) -> None:
    assert not knownhosts.forget(places, "one")


@pytest.mark.parametrize("mark", ["", "-R"])
def test_what_would_be_an_option_is_refused(places: Places, mark: str) -> None:
    places.make()
    places.known_hosts.touch()

    with pytest.raises(UsageError):
        knownhosts.forget(places, mark)
