"""Key pairs through two services, and private halves that are given once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from modelarts_nb.cloud.client import Cloud, open_cloud
from modelarts_nb.cloud.errors import (
    CloudConflict,
    CloudError,
    CloudForbidden,
    CloudNotFound,
    CloudUnreachable,
)
from modelarts_nb.disk.persistent import Disk
from modelarts_nb.disk.replace import replace_file
from modelarts_nb.errors import DiskFull, NameTaken, UsageError
from modelarts_nb.progress import SILENT
from modelarts_nb.ssh import keypairs, keys, privatekeys
from modelarts_nb.ssh.errors import KeyRefused
from modelarts_nb.ssh.places import Places
from modelarts_nb.ssh.publickey import parse
from tests.unit.ssh.fake import PRIVATE, Pairs
from tests.unit.ssh.made import rsa_line

LINE = rsa_line(2048)


@pytest.fixture
def cloud(service: Pairs) -> Cloud:
    """The scripted one."""
    return open_cloud()


def test_a_list_says_whose_a_pair_is_and_where_it_lives(
    cloud: Cloud, service: Pairs, places: Places, disk: Disk
) -> None:
    service.have("zoe")
    service.have("Ada", scope="domain")
    for folder in (places.keys, privatekeys.vault(disk)):
        folder.mkdir(parents=True)
        (folder / "zoe").write_text("x")

    found = keys.list_keys()

    assert [(p.name, p.scope, p.seen_in, p.private) for p in found] == [
        ("Ada", "domain", ("kps",), ()),
        ("zoe", "user", ("kps", "ecs"), ("home", "disk")),
    ]


def test_a_list_of_many_pages_is_whole(cloud: Cloud, service: Pairs) -> None:
    service.page = 2
    for number in range(5):
        service.have(f"pair-{number}")

    assert len(keypairs.list_pairs(cloud, SILENT)) == 5


@pytest.mark.parametrize(("closed", "open_"), [("kps", "ecs"), ("ecs", "kps")])
def test_one_service_is_enough(cloud: Cloud, service: Pairs, closed: str, open_: str) -> None:
    service.have("mine")
    service.closed = {closed}

    assert [p.seen_in for p in keys.list_keys()] == [(open_,)]


def test_without_any_right_the_missing_one_is_named(cloud: Cloud, service: Pairs) -> None:
    service.closed = {"kps", "ecs"}

    with pytest.raises(CloudForbidden) as raised:
        keys.list_keys()

    assert "kps:domainKeypairs:list" in raised.value.hint


def test_a_pair_of_ones_own_is_made_where_developers_may(cloud: Cloud, service: Pairs) -> None:
    keys.import_key(LINE, name="mine")

    assert [asked for asked in service.asked if "POST" in asked] == ["ecs POST"]


def test_the_other_service_is_tried_where_the_first_is_forbidden(
    cloud: Cloud, service: Pairs
) -> None:
    service.closed = {"ecs"}

    assert keys.import_key(LINE, name="mine").seen_in == ("kps",)


def test_a_pair_for_everybody_is_made_in_kps_alone(cloud: Cloud, service: Pairs) -> None:
    assert keys.import_key(LINE, name="ours", scope="domain").scope == "domain"
    service.closed = {"kps"}

    with pytest.raises(CloudForbidden):
        keys.import_key(LINE, name="more", scope="domain")

    assert service.names() == ["ours"]


def test_a_key_that_is_there_is_found_and_not_made_twice(cloud: Cloud, service: Pairs) -> None:
    first = keys.import_key(LINE)

    assert keys.import_key(rsa_line(2048, "another comment")).name == first.name
    assert len(service.names()) == 1


def test_a_key_that_is_everybodys_already_will_do_for_oneself_but_not_the_other_way(
    cloud: Cloud, service: Pairs
) -> None:
    ours = keys.import_key(LINE, scope="domain")
    assert keys.import_key(LINE).name == ours.name

    service.pairs.clear()
    keys.import_key(LINE, name="mine")
    assert keys.import_key(LINE, name="ours", scope="domain").scope == "domain"


def test_a_name_in_use_for_another_key_is_refused_with_a_way_out(
    cloud: Cloud, service: Pairs
) -> None:
    service.have("mine")

    with pytest.raises(CloudConflict) as raised:
        keys.import_key(LINE, name="mine")

    assert "another name" in raised.value.hint


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "é"])
def test_a_name_that_no_pair_may_have_is_refused_before_anything_is_sent(
    cloud: Cloud, service: Pairs, name: str
) -> None:
    with pytest.raises(UsageError):
        keys.create_key(name)
    with pytest.raises(UsageError):
        keypairs.import_pair(cloud, name, parse(LINE), "user", SILENT)

    assert service.asked == []


def test_a_refused_key_is_never_sent(cloud: Cloud, service: Pairs) -> None:
    with pytest.raises(KeyRefused):
        keys.import_key(PRIVATE)

    assert service.asked == []


def test_a_made_pairs_private_half_is_kept_in_the_home_and_nowhere_else(
    cloud: Cloud, service: Pairs, places: Places
) -> None:
    found = keys.create_key("mine")

    file = places.keys / "mine"
    assert file.read_text() == PRIVATE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert found.private == ("home",)
    assert "TOPSECRET" not in repr(found)
    holding = [p for p in places.home.rglob("*") if p.is_file() and b"TOPSECRET" in p.read_bytes()]
    assert holding == [file]


@pytest.mark.parametrize("failing", ["mine", "mine.pub"])
def test_a_pair_whose_private_half_cannot_be_kept_is_deleted_again(
    cloud: Cloud, service: Pairs, places: Places, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(path: Path, data: bytes, mode: int = 0o644) -> None:
        if path.name == failing:
            raise DiskFull("The disk is full.")
        replace_file(path, data, mode)

    monkeypatch.setattr(privatekeys, "replace_file", full)

    with pytest.raises(DiskFull):
        keys.create_key("mine")

    assert service.names() == []
    assert privatekeys.every(places.keys) == []


def test_a_home_that_cannot_be_written_to_is_found_before_a_pair_is_made(
    cloud: Cloud, service: Pairs, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes, mode: int = 0o644) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(privatekeys, "replace_file", full)

    with pytest.raises(DiskFull):
        keys.create_key("mine")

    assert service.asked == []


def test_a_private_key_that_is_kept_is_never_overwritten(
    cloud: Cloud, service: Pairs, places: Places
) -> None:
    keys.create_key("mine")
    service.pairs.clear()

    with pytest.raises(NameTaken):
        keys.create_key("mine")

    assert service.names() == []


def test_a_cloud_that_gives_no_private_half_leaves_no_pair(cloud: Cloud, service: Pairs) -> None:
    service.private = None

    with pytest.raises(CloudError, match="deleted again"):
        keys.create_key("mine")

    assert service.names() == []


def test_a_pair_whose_answer_is_lost_is_deleted_again(cloud: Cloud, service: Pairs) -> None:
    service.have("other")
    service.lost = True

    with pytest.raises(CloudUnreachable) as raised:
        keys.create_key("mine")

    assert "was deleted" in raised.value.hint
    assert service.names() == ["other"]


def test_a_pair_that_was_there_is_not_deleted_for_a_lost_answer(
    cloud: Cloud, service: Pairs
) -> None:
    service.have("mine")
    service.lost = True

    with pytest.raises(CloudUnreachable):
        keys.create_key("mine")

    assert service.names() == ["mine"]


def test_a_pair_is_deleted_where_it_is_shown(cloud: Cloud, service: Pairs) -> None:
    service.have("mine")
    service.kps_only = {"mine"}

    keys.delete_key("mine")

    assert service.names() == []


def test_deleting_takes_both_halves(
    cloud: Cloud, service: Pairs, places: Places, disk: Disk
) -> None:
    keys.create_key("mine")
    keys.keep_key("mine", disk_is_mine=True)

    assert keys.delete_key("mine").private == ("home", "disk")

    assert service.names() == []
    assert privatekeys.every(places.keys) == privatekeys.every(privatekeys.vault(disk)) == []


def test_deleting_what_somebody_deleted_in_the_cloud_takes_the_private_half(
    cloud: Cloud, service: Pairs, places: Places
) -> None:
    keys.create_key("mine")
    service.pairs.clear()

    keys.delete_key("mine")

    assert privatekeys.every(places.keys) == []
    with pytest.raises(CloudNotFound) as raised:
        keys.delete_key("mine")
    assert "ma ssh keys list" in raised.value.hint


def test_a_pair_that_may_not_be_deleted_keeps_its_private_half(
    cloud: Cloud, service: Pairs, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.create_key("mine")

    def refused(*_given: object) -> None:
        raise CloudForbidden("no")

    monkeypatch.setattr(keys, "delete_pair", refused)

    with pytest.raises(CloudForbidden):
        keys.delete_key("mine")

    assert [key.name for key in privatekeys.every(places.keys)] == ["mine"]
