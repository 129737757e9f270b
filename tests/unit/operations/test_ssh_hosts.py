"""From here to notebooks: what ends up in OpenSSH's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelarts_nb.operations import ssh_hosts
from modelarts_nb.ssh.places import Places
from tests.unit.cloud.wire import Wire
from tests.unit.notebook.fake import instance
from tests.unit.ssh.fake import PRIVATE, Pairs


@pytest.fixture
def service(wire: Wire) -> Pairs:
    """Notebooks and key pairs, scripted."""
    found = Pairs()
    wire.script = found
    return found


def test_the_settings_name_what_can_be_reached_and_say_why_the_rest_cannot(
    service: Pairs, home: Path
) -> None:
    # given four notebooks, one of which is open to a key that is here
    places = Places(home)
    places.make()
    (places.keys / "here").write_text(PRIVATE)
    ends = {
        "open": {"uri": "ssh://ma-user@h:31000", "key_pair_names": ["here"]},
        "anothers": {"uri": "ssh://ma-user@h:31001", "key_pair_names": ["elsewhere"]},
        "odd": {"uri": "h\nProxyCommand x", "key_pair_names": ["here"]},
        "resting": {"uri": "", "key_pair_names": ["here"]},
    }
    service.notebooks.instances = {
        name: instance(name, name, endpoints=[{"service": "SSH", **end}])
        for name, end in ends.items()
    } | {"plain": instance("plain", "plain")}
    # when
    found = ssh_hosts.write_config()
    # then
    assert (found.hosts, found.changed) == (("ma-open",), True)
    assert [why.split(":")[0] for why in found.left_out] == ["anothers", "odd", "resting", "plain"]
    assert b"ProxyCommand" not in places.config.read_bytes()
    assert not ssh_hosts.write_config().changed
