"""Who may open a notebook."""

from __future__ import annotations

import pytest

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import CloudConflict, CloudForbidden
from modelarts_nb.errors import UsageError
from modelarts_nb.ssh.attaching import attach
from modelarts_nb.ssh.errors import MustBeStopped
from tests.unit.notebook.fake import ID
from tests.unit.ssh.fake import Pairs


@pytest.fixture
def cloud(service: Pairs) -> Cloud:
    """The scripted one."""
    return open_cloud()


def endpoint(service: Pairs, **more: object) -> None:
    """Give the notebook one."""
    end = {"service": "SSH", "uri": "", "key_pair_names": ["old"]}
    service.notebooks.instances[ID]["endpoints"] = [{**end, **more}]


def test_the_pairs_are_replaced(cloud: Cloud, service: Pairs) -> None:
    endpoint(service)

    assert attach(cloud, ID, ["new", "more"]).key_pairs == ("new", "more")

    sent = {"service": "SSH", "key_pair_names": ["new", "more"]}
    assert service.changes == [{"endpoints": [sent]}]


def test_allowed_addresses_stay_although_the_sdk_does_not_know_them(
    cloud: Cloud, service: Pairs
) -> None:
    endpoint(service, allowed_access_ips=["203.0.113.7"])

    assert attach(cloud, ID, ["new"]).allowed_ips == ("203.0.113.7",)


def test_allowed_addresses_are_changed(cloud: Cloud, service: Pairs) -> None:
    endpoint(service, allowed_access_ips=["203.0.113.7"])

    attach(cloud, ID, ["old"], allowed_ips=["198.51.100.0/24"])

    assert service.changes[0]["endpoints"][0]["allowed_access_ips"] == ["198.51.100.0/24"]


def test_what_is_so_already_is_not_sent(cloud: Cloud, service: Pairs) -> None:
    endpoint(service)

    attach(cloud, ID, ["old"])

    assert service.changes == []


def test_a_service_that_wants_it_stopped_says_so(cloud: Cloud, service: Pairs) -> None:
    service.stopped_only = True

    with pytest.raises(MustBeStopped, match="mine must be stopped") as raised:
        attach(cloud, ID, ["new"])

    assert "--restart" in raised.value.hint


def test_another_conflict_stays_what_it_is(cloud: Cloud, service: Pairs) -> None:
    service.busy = True

    with pytest.raises(CloudConflict, match="in progress"):
        attach(cloud, ID, ["new"])


def test_anothers_pair_is_refused_with_the_way_out(cloud: Cloud, service: Pairs) -> None:
    service.unusable = {"theirs"}

    with pytest.raises(CloudForbidden) as raised:
        attach(cloud, ID, ["theirs"])

    assert raised.value.error_code == "ModelArts.6786"
    assert "ma ssh use KEY" in raised.value.hint


def test_no_pair_is_no_endpoint(cloud: Cloud, service: Pairs) -> None:
    with pytest.raises(UsageError):
        attach(cloud, ID, [])
